import ImgbasedLinux

/// Gives a stream to a tool through a pipe.
final class StreamFeeder {
    private let thread: HostThread
    private let state: State

    private final class State: @unchecked Sendable {
        // Only the thread reads it, from here on.
        let stream: ImageStream
        var failure: HostFailure?
        init(_ stream: ImageStream) { self.stream = stream }

        func run(_ pipe: HostPipe) {
            defer { pipe.closeWriter() }
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: HashedReading.pieceSize, alignment: 4096)
            defer { buffer.deallocate() }
            do throws(HostFailure) {
                var goesOn = true
                while goesOn {
                    let filled = try stream.read(into: buffer)
                    goesOn =
                        try calling { () throws(SystemError) in
                            try pipe.write(UnsafeRawBufferPointer(rebasing: buffer[..<filled]))
                        } && filled == buffer.count
                }
            } catch {
                failure = error
            }
        }
    }

    /// Begins to write `stream` to `pipe`.
    init(_ stream: ImageStream, to pipe: HostPipe) throws(HostFailure) {
        let state = State(stream)
        self.state = state
        thread = try calling { () throws(SystemError) in try HostThread { state.run(pipe) } }
    }

    /// Waits for its end, once nobody reads any more, and throws what went wrong with the stream.
    func finish() throws(HostFailure) {
        thread.join()
        if let failure = state.failure { throw failure }
    }
}
