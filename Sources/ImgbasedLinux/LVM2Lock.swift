import CLinux

/// The lock that lvm2's commands take of a volume group before they look at what of it is active (lvm2:
/// lib/locking/file_locking.c, lib/misc/lvm-flock.c). Where dracut's rules start lvm2 as well, each finds the other's
/// work done, not half done.
public struct LVM2Lock: ~Copyable {
    private let lock: FileLock?

    /// Waits for the lock of `group`, as long as the command takes that has it, and takes it. Where there is no place
    /// for it, it goes without: so does lvm2 with `--sysinit`, which it is started with in an initramfs.
    public init(_ group: String, in directory: String = "/run/lock/lvm") {
        lock = try? LVM2Lock.take("\(directory)/V_\(group)", in: directory)
    }

    /// The corresponding C functions are `flock`, `fstat` and `stat`.
    private static func take(_ path: String, in directory: String) throws(SystemError) -> FileLock {
        try SmallFile.makeDirectory(directory)
        while true {
            let file = try OpenFile(opening: path, O_RDWR | O_CREAT | O_NOFOLLOW, permissions: 0o600)
            while flock(file.number, LOCK_EX) < 0 {
                guard imgbased_errno() == EINTR else { throw .last("lock", path) }
            }
            // lvm2 removes the file when it lets go: only the lock on the one that is there now counts.
            var locked = stat()
            var present = stat()
            if fstat(file.number, &locked) == 0, stat(path, &present) == 0, locked.st_ino == present.st_ino,
                locked.st_dev == present.st_dev
            {
                return FileLock(of: file)
            }
        }
    }

    /// Gives the lock back.
    public consuming func release() {}
}
