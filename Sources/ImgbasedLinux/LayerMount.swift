public import ImgbasedCore

/// Mounts an activated layer as the new root.
public struct LayerMount {
    /// A file system type that a layer can have.
    public enum FileSystem: String, Sendable {
        /// ext4, or the older ext2 and ext3, which its driver mounts too.
        case ext4
        /// XFS, whose superblock begins with `XFSB`.
        case xfs

        /// Mount options that keep the driver from replaying the journal, so that it writes nothing at all.
        fileprivate var withoutRecovery: String {
            switch self {
            case .ext4: "noload"
            case .xfs: "norecovery"
            }
        }

        /// The type by the magic number in the superblock; `nil` for any other type.
        ///
        /// The sources are ext4: fs/ext4/ext4.h, `s_magic`; XFS: fs/xfs/libxfs/xfs_format.h, `XFS_SB_MAGIC`.
        public static func recognize(_ source: some BlockSource) throws(BlockReadError) -> FileSystem? {
            let magic = try source.read(at: 0, count: 4)
            if magic == Array("XFSB".utf8) { return .xfs }
            return try source.read(at: 1024 + 56, count: 2) == [0x53, 0xef] ? .ext4 : nil
        }
    }

    private static let lower = "/run/imgbased/layer"
    private static let scratch = "/run/imgbased/volatile"

    /// The topmost file system mounted at a directory.
    public struct Present {
        /// The number of its device, MAJOR:MINOR; for a volatile layer, that of the layer itself.
        public var number: String
        /// The source of the mount; for a volatile layer, that of the layer itself.
        public var source: String
        /// Whether it is a layer in mode `volatile`.
        public var isVolatile: Bool
        /// Whether the mount or its file system is read-only.
        public var isReadOnly: Bool

        /// Whether it is the layer on the device `number`, mounted in `mode`.
        public func isLayer(_ number: String, _ mode: BootMode) -> Bool {
            self.number == number && isVolatile == (mode == .volatile) && (mode != .readOnly || isReadOnly)
        }
    }

    /// The file system mounted at `target`; `nil` if nothing is mounted.
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
    ///   - number: The number of its device, MAJOR:MINOR. If another device turns out to be mounted, this
    ///     unmounts it.
    ///   - mode: Whether the layer can be written, and where writes go.
    ///   - readOnly: For a writable layer: whether to mount it read-only first, as `ro` on the kernel command
    ///     line asks. The booted system checks it and makes it writable.
    ///   - check: How to check the file system before any program mounts it writable; `nil` if none can.
    ///   - limits: The time limits of the check.
    ///   - options: The administrator's mount options, `rootflags=`.
    ///   - modules: The source of the file system drivers.
    /// - Returns: The message of the file system check; `nil` if no check ran.
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

    /// Unmounts the file system at `target`; of a `volatile` layer, its parts as well.
    public static func unmount(_ target: String, volatile: Bool) throws(SystemError) {
        try Mount.unmount(target)
        if volatile { try unmountLower() }
    }

    /// Unmounts the parts of a volatile layer, and debris of an earlier one.
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
