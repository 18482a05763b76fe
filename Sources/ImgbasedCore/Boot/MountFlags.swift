/// What mount(2) calls flags (linux/mount.h).
public struct MountFlags: OptionSet, Hashable, Sendable {
    /// The flags as mount(2) takes them.
    public let rawValue: UInt

    /// Flags as mount(2) takes them.
    public init(rawValue: UInt) {
        self.rawValue = rawValue
    }

    /// Nothing can be written.
    public static let readOnly = MountFlags(rawValue: 1)
    /// Set-user-ID bits have no effect.
    public static let noSetUserID = MountFlags(rawValue: 2)
    /// Devices are not devices there.
    public static let noDevices = MountFlags(rawValue: 4)
    /// Nothing can be run from there.
    public static let noPrograms = MountFlags(rawValue: 8)
    /// Every write is on the disk when it returns.
    public static let synchronous = MountFlags(rawValue: 16)
    /// Locks of files can be mandatory.
    public static let mandatoryLocks = MountFlags(rawValue: 64)
    /// Changes of directories are on the disk when they return.
    public static let synchronousDirectories = MountFlags(rawValue: 128)
    /// Links are not followed.
    public static let noLinks = MountFlags(rawValue: 256)
    /// Access times are not kept.
    public static let noAccessTimes = MountFlags(rawValue: 1024)
    /// Those of directories are not.
    public static let noDirectoryAccessTimes = MountFlags(rawValue: 2048)
    /// The kernel says nothing of it.
    public static let silent = MountFlags(rawValue: 32768)
    /// Access times are kept where they would be older than a change, or than a day: the kernel's default.
    public static let relativeAccessTimes = MountFlags(rawValue: 1 << 21)
    /// Each change of a file counts its version.
    public static let versions = MountFlags(rawValue: 1 << 23)
    /// Access times are always kept.
    public static let strictAccessTimes = MountFlags(rawValue: 1 << 24)
    /// Times are kept in memory as long as nothing else is written.
    public static let lazyTimes = MountFlags(rawValue: 1 << 25)
}
