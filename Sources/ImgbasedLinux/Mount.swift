import CLinux
public import ImgbasedCore

/// Mounts and unmounts file systems.
public enum Mount {
    /// Mounts `source` at the directory `target`, which is made where it is not there. `data` is for the file system.
    ///
    /// The corresponding C function is `mount`.
    public static func mount(
        _ source: String, at target: String, type: String, flags: MountFlags = [], data: String = ""
    ) throws(SystemError) {
        try SmallFile.makeDirectory(target)
        guard CLinux.mount(source, target, type, flags.rawValue, data) == 0 else {
            let error = SystemError.last("mount", source)
            // The kernel does not say which of them it did not like.
            guard error.number == EINVAL, !data.isEmpty else { throw error }
            throw error.adding(" (options '\(data)')")
        }
    }

    /// Unmounts what is mounted at `target`.
    ///
    /// The corresponding C function is `umount2`.
    public static func unmount(_ target: String) throws(SystemError) {
        guard umount2(target, 0) == 0 else { throw .last("unmount", target) }
    }

    /// What is mounted now.
    ///
    /// The corresponding file is `/proc/self/mountinfo`.
    public static func table() throws(SystemError) -> MountTable {
        MountTable(try SmallFile.read("/proc/self/mountinfo", limit: 4 << 20).utf8)
    }
}
