import Glibc
public import ImgbasedLinux

/// The one lock of the host: whoever changes something has it. It ends with the program, however that ends.
public struct HostLock: ~Copyable {
    private let lock: FileLock

    /// Takes the lock at `path`; where another program has it, `waiting` is called, and then waits until that is done. The
    /// directory it is in is made, if it is missing.
    ///
    /// Nobody else may be able to have it or to be in its place: the directory is this user's, who alone can write to it.
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

    /// Gives the lock back.
    public consuming func release() {}
}
