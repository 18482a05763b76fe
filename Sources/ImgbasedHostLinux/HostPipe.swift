import CLinux
import Glibc
public import ImgbasedLinux

/// A pipe whose two ends are closed when it goes out of use.
public final class HostPipe: @unchecked Sendable {
    private var ends: [CInt] = [-1, -1]
    private let name: String

    /// The size that the kernel allows root by default (linux: fs/pipe.c, pipe_max_size).
    ///
    /// A large pipe makes for fewer switches between the threads or programs at its ends.
    private static let capacity: CInt = 1 << 20
    private static let setCapacity: CInt = 1031

    /// A pipe that messages call `name`.
    ///
    /// The corresponding C function is `pipe2`.
    public init(_ name: String) throws(SystemError) {
        self.name = name
        guard imgbased_pipe(&ends) == 0 else { throw .last("make a pipe for", name) }
        // A smaller pipe is only slower.
        _ = fcntl(ends[1], HostPipe.setCapacity, HostPipe.capacity)
    }

    deinit {
        closeReader()
        closeWriter()
    }

    /// The descriptor of the end to read from.
    public var reader: CInt { ends[0] }

    /// The descriptor of the end to write to.
    public var writer: CInt { ends[1] }

    /// Hands over the end to read from.
    public func takeReader() -> OpenFile {
        let number = ends[0]
        ends[0] = -1
        return OpenFile(owning: number, name: name)
    }

    /// Closes the end to read from.
    public func closeReader() { close(0) }

    /// Closes the end to write to.
    public func closeWriter() { close(1) }

    private func close(_ end: Int) {
        if ends[end] >= 0 { Glibc.close(ends[end]) }
        ends[end] = -1
    }

    /// Reads the bytes available now, at most the size of `buffer`; none only at the end.
    ///
    /// The corresponding C function is `read`.
    public func readSome(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count = Glibc.read(ends[0], buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .last("read", name) }
        }
    }

    /// Waits until data or the end has come; `false` if neither has by `deadline`.
    ///
    /// The corresponding C function is `poll`.
    public func waits(until deadline: Monotonic) throws(SystemError) -> Bool {
        while true {
            let rest = deadline.milliseconds(since: Monotonic.now())
            var waited = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
            let count = poll(&waited, 1, CInt(min(max(rest, 0), 3_600_000)))
            if count > 0 { return true }
            if count == 0, Monotonic.now() >= deadline { return false }
            guard count == 0 || errno == EINTR else { throw .last("wait for", name) }
        }
    }

    /// Reads everything up to the end; bytes beyond `limit` are dropped.
    public func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachPiece { piece in
            bytes += piece.prefix(max(0, limit - bytes.count))
        }
        return bytes
    }

    /// Calls `body` with each piece that comes, up to the end.
    public func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try readSome(into: buffer)
            if count == 0 { return }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Writes all of `bytes`; `false` if the reading end is closed.
    ///
    /// Only a ``HostThread`` may call this: elsewhere, a missing reader ends the program.
    ///
    /// The corresponding C function is `write`.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) -> Bool {
        var written = 0
        while written < bytes.count, let base = bytes.baseAddress {
            let count = Glibc.write(ends[1], base + written, bytes.count - written)
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EPIPE { return false }
            guard count >= 0 else { throw .last("write", name) }
            written += count
        }
        return true
    }
}
