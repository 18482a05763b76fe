/// The flags of mount(2) (linux/mount.h).
public struct MountFlags: OptionSet, Hashable, Sendable {
    /// The flags as mount(2) takes them.
    public let rawValue: UInt

    /// Creates flags from a value for mount(2).
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// The file system cannot be written.
    public static let readOnly = MountFlags(rawValue: 1)
    /// Set-user-ID bits have no effect.
    public static let noSetUserID = MountFlags(rawValue: 2)
    /// Device files have no effect.
    public static let noDevices = MountFlags(rawValue: 4)
    /// Programs cannot be run from the file system.
    public static let noPrograms = MountFlags(rawValue: 8)
    /// A write returns once it is on the disk.
    public static let synchronous = MountFlags(rawValue: 16)
    /// Locks of files can be mandatory.
    public static let mandatoryLocks = MountFlags(rawValue: 64)
    /// A change to a directory returns once it is on the disk.
    public static let synchronousDirectories = MountFlags(rawValue: 128)
    /// Symbolic links are not followed.
    public static let noLinks = MountFlags(rawValue: 256)
    /// Access times are not updated.
    public static let noAccessTimes = MountFlags(rawValue: 1024)
    /// Access times of directories are not updated.
    public static let noDirectoryAccessTimes = MountFlags(rawValue: 2048)
    /// The kernel prints no messages about the mount.
    public static let silent = MountFlags(rawValue: 32768)
    /// Access times are updated if they are older than a change, or than a day: the kernel's default.
    public static let relativeAccessTimes = MountFlags(rawValue: 1 << 21)
    /// Every change of a file increments its version.
    public static let versions = MountFlags(rawValue: 1 << 23)
    /// Access times are always updated.
    public static let strictAccessTimes = MountFlags(rawValue: 1 << 24)
    /// Times stay in memory until something else is written.
    public static let lazyTimes = MountFlags(rawValue: 1 << 25)
}
