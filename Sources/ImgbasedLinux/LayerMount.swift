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

    /// Mounts the layer in `device` at `target`.
    /// - Parameters:
    ///   - device: The node of the volume.
    ///   - mode: Whether it can be written, and where what is written goes.
    ///   - readOnly: For a layer that can be written: whether it is mounted read-only first, as `ro` on the kernel
    ///     command line asks; the booted system makes it writable when it has checked it.
    ///   - check: How its file system is checked before it is mounted so that it can be written, by whomever; `nil`
    ///     where nobody can.
    ///   - options: Mount options of the administrator, `rootflags=`.
    ///   - modules: Where the driver comes from.
    /// - Returns: What the check of the file system said; `nil` where there was none.
    public static func mount(
        _ device: String, at target: String, mode: BootMode, readOnly: Bool, check: FileSystemCheck?,
        options: String, modules: KernelModules
    ) throws(SystemError) -> String? {
        let type = try fileSystem(of: device)
        try modules.load(type.rawValue)
        switch mode {
        case .readWrite:
            var message: String?
            if let check { message = try FileSystemChecker.run(device, type: type, check) }
            try Mount.mount(
                device, at: target, type: type.rawValue, flags: readOnly ? .readOnly : [], options: options)
            return message
        case .readOnly:
            try mountUntouched(device, at: target, type: type, options: options)
        case .volatile:
            try modules.load("overlay")
            try mountUntouched(device, at: lower, type: type, options: options)
            do throws(SystemError) {
                try Mount.mount("tmpfs", at: scratch, type: "tmpfs", options: "mode=0755")
                try SmallFile.makeDirectory(scratch + "/upper")
                try SmallFile.makeDirectory(scratch + "/work")
                try Mount.mount(
                    "overlay", at: target, type: "overlay",
                    options: "lowerdir=\(lower),upperdir=\(scratch)/upper,workdir=\(scratch)/work")
            } catch {
                if Mount.isMountPoint(scratch) { try? Mount.unmount(scratch) }
                try? Mount.unmount(lower)
                throw error
            }
        }
        return nil
    }

    /// Undoes `mount` at `target` in `mode`.
    public static func unmount(_ target: String, mode: BootMode) throws(SystemError) {
        try Mount.unmount(target)
        guard mode == .volatile else { return }
        try Mount.unmount(scratch)
        try Mount.unmount(lower)
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
        _ device: String, at target: String, type: FileSystem, options: String
    ) throws(SystemError) {
        let all = [type.withoutRecovery, options].filter { !$0.isEmpty }.joined(separator: ",")
        try Mount.mount(device, at: target, type: type.rawValue, flags: .readOnly, options: all)
    }
}
