import ImgbasedHostLinux
import ImgbasedLinux

/// Feeds the tar in a stream to a tool through a pipe, followed by the zeros that end a tar.
///
/// A tar of `umoci insert` ends without zeros, in the middle of a block. tar(1) takes that for a cut-off
/// archive.
///
/// Format: POSIX pax, ustar Interchange Format: blocks of 512 bytes, two of zeros at the end.
final class StreamFeeder {
    private let thread: HostThread
    private let state: State

    private final class State: @unchecked Sendable {
        // Only the thread reads it from here on.
        let stream: ImageStream
        var failure: HostFailure?
        init(_ stream: ImageStream) { self.stream = stream }

        func run(_ pipe: HostPipe) {
            defer { pipe.closeWriter() }
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: HashedReading.pieceSize, alignment: 4096)
            defer { buffer.deallocate() }
            do throws(HostFailure) {
                var filled = buffer.count
                while filled == buffer.count {
                    filled = try stream.read(into: buffer)
                    let goesOn = try calling(pipe.write(UnsafeRawBufferPointer(rebasing: buffer[..<filled])))
                    if !goesOn { return }
                }
                // Pieces are whole blocks, so the last one tells where in its block the stream ends.
                let end = UnsafeMutableRawBufferPointer(
                    rebasing: buffer[..<((512 - filled % 512) % 512 + 2 * 512)])
                end.initializeMemory(as: UInt8.self, repeating: 0)
                _ = try calling(pipe.write(UnsafeRawBufferPointer(end)))
            } catch {
                failure = error
            }
        }
    }

    /// Starts to write `stream` to `pipe`.
    init(_ stream: ImageStream, to pipe: HostPipe) throws(HostFailure) {
        let state = State(stream)
        self.state = state
        thread = try calling(HostThread { state.run(pipe) })
    }

    /// Waits for the thread, once the reader is gone, and throws the failure of the stream.
    func finish() throws(HostFailure) {
        thread.join()
        if let failure = state.failure { throw failure }
    }
}
