import Glibc
public import ImgbasedLinux

/// The one lock of the host, held by a program that changes something.
///
/// The lock ends with the program, however the program ends.
public struct HostLock: ~Copyable {
    private let lock: FileLock

    /// Takes the lock at `path`; if another program has it, calls `waiting` and waits for that program.
    ///
    /// The directory of the lock is made if it is missing. No other user may hold the lock or replace its
    /// file, so the directory belongs to this user, who alone can write to it.
    ///
    /// The corresponding C functions are `openat` and `flock`.
    public static func take(_ path: String, waiting: () -> Void) throws(SystemError) -> HostLock {
        let (directoryPath, name) = ConfinedTree.split(path)
        try SmallFile.makeDirectory(directoryPath)
        let directory = try OpenFile(opening: directoryPath, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        let status = try directory.status()
        guard status.owner == geteuid(), status.permissions & 0o022 == 0 else {
            throw SystemError("lock", path, reason: "others can write to '\(directoryPath)'")
        }
        let number = openat(directory.number, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw .last("lock", path) }
        let file = OpenFile(owning: number, name: path)
        var operation = LOCK_EX | LOCK_NB
        while flock(number, operation) != 0 {
            switch errno {
            case EWOULDBLOCK:
                waiting()
                operation = LOCK_EX
            case EINTR: continue
            default: throw .last("lock", path)
            }
        }
        return HostLock(lock: FileLock(of: file))
    }

    /// Releases the lock.
    public consuming func release() {}
}
