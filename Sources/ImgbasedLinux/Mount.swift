import CLinux
public import ImgbasedCore

/// Mounts and unmounts file systems.
public enum Mount {
    /// Mounts `source` at the directory `target`, which is made if it is missing.
    ///
    /// `data` holds options of the file system.
    ///
    /// The corresponding C function is `mount`.
    public static func mount(
        _ source: String, at target: String, type: String, flags: MountFlags = [], data: String = ""
    ) throws(SystemError) {
        try SmallFile.makeDirectory(target)
        guard CLinux.mount(source, target, type, flags.rawValue, data) == 0 else {
            let error = SystemError.last("mount", source)
            // The kernel does not say which option it refused.
            guard error.number == EINVAL, !data.isEmpty else { throw error }
            throw error.adding(" (options '\(data)')")
        }
    }

    /// Unmounts the topmost file system at `target`.
    ///
    /// The corresponding C function is `umount2`.
    public static func unmount(_ target: String) throws(SystemError) {
        guard umount2(target, 0) == 0 else { throw .last("unmount", target) }
    }

    /// The present mounts, as this process sees them.
    ///
    /// The corresponding file is `/proc/self/mountinfo`.
    public static func table() throws(SystemError) -> MountTable {
        MountTable(try SmallFile.read("/proc/self/mountinfo", limit: 4 << 20).utf8)
    }
}
