import Glibc
import Synchronization

/// An open file descriptor, closed with its owner. A child inherits the descriptor only on request.
final class Descriptor {
    private(set) var number: CInt

    init(_ number: CInt) {
        self.number = number
    }

    deinit {
        close()
    }

    /// Closes the descriptor now, before its owner ends.
    func close() {
        if number >= 0 { Glibc.close(number) }
        number = -1
    }

    static func null() throws(MachineError) -> Descriptor {
        Descriptor(try check("open '/dev/null'", open("/dev/null", O_RDWR | O_CLOEXEC)))
    }

    /// Makes a pipe and returns its two ends.
    static func pipe() throws(MachineError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [CInt] = [0, 0]
        // Swift's Glibc module lacks pipe2(2).
        return try inheritance.withLock { _ throws(MachineError) in
            try check("pipe", Glibc.pipe(&ends))
            for end in ends { try check("fcntl", fcntl(end, F_SETFD, FD_CLOEXEC)) }
            return (Descriptor(ends[0]), Descriptor(ends[1]))
        }
    }

    /// Makes a named pipe and opens it for reading and writing, without blocking.
    static func fifo(_ path: String) throws(MachineError) -> Descriptor {
        unlink(path)
        try check("mkfifo '\(path)'", mkfifo(path, 0o600))
        return Descriptor(try check("open '\(path)'", open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)))
    }

    /// Makes two connected sockets: ours, which never blocks, and the child's.
    static func socketPair() throws(MachineError) -> (ours: Descriptor, theirs: Descriptor) {
        var ends: [CInt] = [0, 0]
        let type = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        try check("socketpair", socketpair(AF_UNIX, type, 0, &ends))
        let result = (ours: Descriptor(ends[0]), theirs: Descriptor(ends[1]))
        try check("fcntl", fcntl(ends[0], F_SETFL, O_NONBLOCK))
        return result
    }

    /// Creates the file `path` and opens it for writing.
    static func create(_ path: String) throws(MachineError) -> Descriptor {
        Descriptor(try check("open '\(path)'", open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)))
    }

    /// Reads the available bytes, at most `limit`; `nil` if none are available, empty at the end of the file.
    func readSome(limit: Int = 65536) throws(MachineError) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: limit)
        while true {
            let count = read(number, &buffer, limit)
            if count >= 0 { return Array(buffer[..<count]) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            case ECONNRESET: return []
            default: throw .system(call: "read", errno: errno)
            }
        }
    }
}

extension Descriptor {
    /// Writes all of `bytes`, and waits for room until `deadline`.
    func write(_ bytes: [UInt8], by deadline: Deadline) throws(MachineError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(number, $0.baseAddress, $0.count) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                var list = [pollfd(fd: number, events: Int16(POLLOUT), revents: 0)]
                if poll(&list, 1, deadline.milliseconds) == 0 {
                    throw .system(call: "write", errno: ETIMEDOUT)
                }
            } else if errno != EINTR {
                throw .system(call: "write", errno: errno)
            }
        }
    }
}

/// A lock, held while a child starts, and while a descriptor exists that no child may inherit.
let inheritance = Mutex(())

/// Waits until any of `descriptors` is readable or closed. Returns their indices; none on timeout.
func waitReadable(_ descriptors: [Descriptor], _ deadline: Deadline) throws(MachineError) -> [Int] {
    var list = descriptors.map { pollfd(fd: $0.number, events: Int16(POLLIN), revents: 0) }
    while true {
        let count = poll(&list, nfds_t(list.count), deadline.milliseconds)
        if count > 0 { return list.indices.filter { list[$0].revents != 0 } }
        if count < 0 && errno != EINTR { throw .system(call: "poll", errno: errno) }
        if deadline.hasPassed { return [] }
    }
}
