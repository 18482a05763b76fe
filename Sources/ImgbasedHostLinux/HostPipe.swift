import CLinux
import Glibc
public import ImgbasedLinux

/// A pipe, both of whose ends are closed when it goes out of use.
public final class HostPipe: @unchecked Sendable {
    private var ends: [CInt] = [-1, -1]
    private let name: String

    /// As much as the kernel lets root have without being asked (linux: fs/pipe.c, pipe_max_size): fewer switches between
    /// those at its ends.
    private static let capacity: CInt = 1 << 20
    private static let setCapacity: CInt = 1031

    /// A pipe that messages call `name`.
    ///
    /// The corresponding C function is `pipe2`.
    public init(_ name: String) throws(SystemError) {
        self.name = name
        guard imgbased_pipe(&ends) == 0 else { throw .last("make a pipe for", name) }
        // It is only slower where it stays small.
        _ = fcntl(ends[1], HostPipe.setCapacity, HostPipe.capacity)
    }

    deinit {
        closeReader()
        closeWriter()
    }

    /// The number of the end that is read from.
    public var reader: CInt { ends[0] }

    /// The number of the end that is written to.
    public var writer: CInt { ends[1] }

    /// Closes the end that is read from.
    public func closeReader() { close(0) }

    /// Closes the end that is written to.
    public func closeWriter() { close(1) }

    private func close(_ end: Int) {
        if ends[end] >= 0 { Glibc.close(ends[end]) }
        ends[end] = -1
    }

    /// What there is to be read now, at most as much as `buffer` has room for; nothing only at the end.
    ///
    /// The corresponding C function is `read`.
    public func readSome(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        while true {
            let count = Glibc.read(ends[0], buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw .last("read", name) }
        }
    }

    /// Waits until there is something to be read, or its end, and no longer than until `deadline`; `false` where nothing came.
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

    /// Everything up to its end; what is beyond `limit` is read and dropped.
    public func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        try forEachPiece { piece in
            bytes += piece.prefix(max(0, limit - bytes.count))
        }
        return bytes
    }

    /// Calls `body` with what comes, piece by piece, up to the end.
    public func forEachPiece(_ body: (UnsafeRawBufferPointer) -> Void) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = try readSome(into: buffer)
            if count == 0 { return }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Writes all of `bytes`; `false` where nobody reads any more. Only for a ``HostThread``: elsewhere that ends the
    /// program.
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
