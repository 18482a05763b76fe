import Glibc

/// The one lock of the host: whoever changes something has it. It ends with the program, however that ends.
public struct HostLock: ~Copyable {
    private let file: OpenFile

    /// Takes the lock at `path`, and `waits` for it; else `nil` where another program has it.
    ///
    /// The corresponding C functions are `open` and `flock`.
    public static func take(_ path: String, waits: Bool = false) throws(SystemError) -> HostLock? {
        let number = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard number >= 0 else { throw .last("lock", path) }
        let file = OpenFile(owning: number, name: path)
        if flock(number, LOCK_EX | (waits ? 0 : LOCK_NB)) == 0 { return HostLock(file: file) }
        if errno == EWOULDBLOCK { return nil }
        throw .last("lock", path)
    }

    /// Gives the lock back.
    public consuming func release() {}
}
