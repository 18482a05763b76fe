public import ImgbasedCore

/// Mounts an activated layer as the root to be.
public struct LayerMount {
    /// A type of file system that a layer can have.
    public enum FileSystem: String, Sendable {
        /// ext4, and the older ext2 and ext3 that its driver mounts.
        case ext4
        /// XFS.
        case xfs

        /// Mount options that keep the driver from replaying the journal, so that nothing at all is written.
        fileprivate var withoutRecovery: String {
            switch self {
            case .ext4: "noload"
            case .xfs: "norecovery"
            }
        }

        /// The type by the magic number in the superblock (ext4: fs/ext4/ext4.h, `s_magic`; XFS: fs/xfs/libxfs/xfs_format.h,
        /// `XFS_SB_MAGIC`), or `nil`.
        public static func recognize(_ source: some BlockSource) throws(BlockReadError) -> FileSystem? {
            let magic = try source.read(at: 0, count: 4)
            if magic == Array("XFSB".utf8) { return .xfs }
            return try source.read(at: 1024 + 56, count: 2) == [0x53, 0xef] ? .ext4 : nil
        }
    }

    private static let lower = "/run/imgbased/layer"
    private static let scratch = "/run/imgbased/volatile"

    /// The file system that is seen at a place.
    public struct Present {
        /// The number of its device, MAJOR:MINOR: of a volatile layer, that of the layer itself.
        public var number: String
        /// What was mounted.
        public var source: String
        /// Whether it is a layer in mode `volatile`.
        public var isVolatile: Bool
        /// Whether it cannot be written.
        public var isReadOnly: Bool

        /// Whether it is the layer on the device with that number, mounted as in `mode`.
        public func isLayer(_ number: String, _ mode: BootMode) -> Bool {
            self.number == number && isVolatile == (mode == .volatile) && (mode != .readOnly || isReadOnly)
        }
    }

    /// What is mounted at `target`; `nil` where nothing is.
    public static func present(at target: String) throws(SystemError) -> Present? {
        let table = try Mount.table()
        guard let top = table.top(at: target) else { return nil }
        let isReadOnly = top.options.contains("ro") || top.fileSystemOptions.contains("ro")
        guard top.type == "overlay", top.fileSystemOptions.contains("lowerdir=" + lower),
            let layer = table.top(at: lower)
        else {
            return Present(
                number: top.number, source: top.source, isVolatile: false, isReadOnly: isReadOnly)
        }
        return Present(number: layer.number, source: layer.source, isVolatile: true, isReadOnly: isReadOnly)
    }

    /// Mounts the layer in `device` at `target`, where nothing is mounted.
    /// - Parameters:
    ///   - device: The node of the volume.
    ///   - number: The number of its device, MAJOR:MINOR. Where something else turns out to be mounted, it is unmounted again.
    ///   - mode: Whether it can be written, and where what is written goes.
    ///   - readOnly: For a layer that can be written: whether it is mounted read-only first, as `ro` on the kernel
    ///     command line asks; the booted system makes it writable when it has checked it.
    ///   - check: How its file system is checked before it is mounted so that it can be written, by whomever; `nil`
    ///     where nobody can.
    ///   - limits: How long that may take.
    ///   - options: Mount options of the administrator, `rootflags=`.
    ///   - modules: Where the driver comes from.
    /// - Returns: What the check of the file system said; `nil` where there was none.
    public static func mount(
        _ device: String, number: String, at target: String, mode: BootMode, readOnly: Bool,
        check: FileSystemCheck?, limits: BootLimits, options: MountOptions, modules: KernelModules
    ) throws(SystemError) -> String? {
        let type = try fileSystem(of: device)
        try modules.loadFileSystem(type.rawValue)
        var message: String?
        switch mode {
        case .readWrite:
            if let check { message = try FileSystemChecker.run(device, type: type, check, limits.check) }
            let flags = options.flags.subtracting(.readOnly)
            try Mount.mount(
                device, at: target, type: type.rawValue, flags: readOnly ? flags.union(.readOnly) : flags,
                data: options.data)
        case .readOnly:
            try mountUntouched(device, at: target, type: type, options: options)
        case .volatile:
            try modules.loadFileSystem("overlay")
            try unmountLower()
            try mountUntouched(device, at: lower, type: type, options: options)
            do throws(SystemError) {
                try Mount.mount("tmpfs", at: scratch, type: "tmpfs", data: "mode=0755")
                try SmallFile.makeDirectory(scratch + "/upper")
                try SmallFile.makeDirectory(scratch + "/work")
                try Mount.mount(
                    "overlay", at: target, type: "overlay", flags: options.flags.subtracting(.readOnly),
                    data: "lowerdir=\(lower),upperdir=\(scratch)/upper,workdir=\(scratch)/work")
            } catch {
                try unmountLower(after: error)
                throw error
            }
        }
        let seen = try present(at: target)
        guard let seen, seen.isLayer(number, mode) else {
            try unmount(target, volatile: mode == .volatile)
            throw SystemError(
                "mount", device, reason: "device \(seen?.number ?? "0:0") was mounted instead of \(number)")
        }
        return message
    }

    /// Unmounts what is mounted at `target`, of a layer that is `volatile` its parts as well.
    public static func unmount(_ target: String, volatile: Bool) throws(SystemError) {
        try Mount.unmount(target)
        if volatile { try unmountLower() }
    }

    /// Unmounts what a volatile layer is made of, also what is left of one.
    private static func unmountLower() throws(SystemError) {
        for place in [scratch, lower] {
            while try Mount.table().top(at: place) != nil { try Mount.unmount(place) }
        }
    }

    private static func unmountLower(after cause: SystemError) throws(SystemError) {
        do throws(SystemError) { try unmountLower() } catch {
            throw cause.adding("; and it could not be undone: \(error)")
        }
    }

    private static func fileSystem(of device: String) throws(SystemError) -> FileSystem {
        let source = try OpenBlockSource(path: device)
        do throws(BlockReadError) {
            if let type = try FileSystem.recognize(source) { return type }
        } catch {
            throw SystemError("read", device, reason: error.reason)
        }
        throw SystemError("mount", device, reason: "neither ext4 nor XFS is on it")
    }

    private static func mountUntouched(
        _ device: String, at target: String, type: FileSystem, options: MountOptions
    ) throws(SystemError) {
        let all = [type.withoutRecovery, options.data].filter { !$0.isEmpty }.joined(separator: ",")
        try Mount.mount(
            device, at: target, type: type.rawValue, flags: options.flags.union(.readOnly), data: all)
    }
}
