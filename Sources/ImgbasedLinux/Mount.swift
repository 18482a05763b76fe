import CLinux

/// Mounts and unmounts file systems.
public enum Mount {
    /// What mount(2) calls flags.
    public struct Flags: OptionSet, Sendable {
        /// The flags as mount(2) takes them.
        public let rawValue: UInt

        /// Flags as mount(2) takes them.
        public init(rawValue: UInt) {
            self.rawValue = rawValue
        }

        /// Nothing can be written.
        public static let readOnly = Flags(rawValue: UInt(MS_RDONLY))
        /// Devices are not devices there.
        public static let noDevices = Flags(rawValue: UInt(MS_NODEV))
        /// Set-user-ID bits have no effect.
        public static let noSetUserID = Flags(rawValue: UInt(MS_NOSUID))
    }

    /// Mounts `source` at the directory `target`, which is made where it is not there.
    ///
    /// The corresponding C function is `mount`.
    public static func mount(
        _ source: String, at target: String, type: String, flags: Flags = [], options: String = ""
    ) throws(SystemError) {
        try SmallFile.makeDirectory(target)
        guard CLinux.mount(source, target, type, flags.rawValue, options) == 0 else {
            throw .last("mount", source)
        }
    }

    /// Unmounts what is mounted at `target`.
    ///
    /// The corresponding C function is `umount2`.
    public static func unmount(_ target: String) throws(SystemError) {
        guard umount2(target, 0) == 0 else { throw .last("unmount", target) }
    }

    /// Whether a file system is mounted at the directory `target`: it is on another device than the directory it is
    /// in.
    ///
    /// The corresponding C function is `stat`.
    public static func isMountPoint(_ target: String) -> Bool {
        var inside = stat()
        var above = stat()
        guard stat(target, &inside) == 0, stat(target + "/..", &above) == 0 else { return false }
        return inside.st_dev != above.st_dev
    }
}
