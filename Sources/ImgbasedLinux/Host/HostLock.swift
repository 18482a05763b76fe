import Glibc

/// The one lock of the host: whoever changes something has it. It ends with the program, however that ends.
public struct HostLock: ~Copyable {
    private let lock: FileLock

    /// Takes the lock at `path`; where another program has it, `waiting` is called, and then waits until that is done.
    ///
    /// The corresponding C functions are `open` and `flock`.
    public static func take(_ path: String, waiting: () -> Void) throws(SystemError) -> HostLock {
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
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
