import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Synchronization

/// The bytes of an image from beginning to end: those of a file, or the output of a tool.
///
/// Rely on none before the end is read: a tool fails there.
final class ImageStream {
    private let name: String
    private var head: [UInt8] = []
    private var headOffset = 0
    private let origin: Origin
    /// The download that the bytes come from; `nil` if they come from this host.
    private let download: Download?
    private var hasEnded = false
    private var count: UInt64 = 0

    private enum Origin {
        case file(FileOrigin)
        case tool(ToolOrigin)
    }

    private final class FileOrigin {
        let file: OpenFile
        let length: UInt64?
        private var place: UInt64?
        /// How many bytes ahead the kernel is asked to read, while earlier bytes are written.
        private static let window: UInt64 = 16 << 20

        init(_ file: consuming OpenFile, length: UInt64?) {
            place = file.offset
            self.file = file
            self.length = length
        }

        func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
            if let place {
                file.willRead(UInt64(buffer.count), at: place + FileOrigin.window)
                self.place = place + UInt64(buffer.count)
            }
            // A sender may be silent for any time.
            return try place == nil ? file.readUnlessSignalled(into: buffer) : file.read(into: buffer)
        }
    }

    private final class ToolOrigin {
        let tool: ImageTool
        let pipe: HostPipe
        let feeder: ImageFeeder?
        /// The length of the tool's output, if known, and its source.
        let length: UInt64?
        let spool: ImageSpool?
        init(
            _ tool: consuming ImageTool, _ pipe: HostPipe, _ feeder: ImageFeeder?, length: UInt64? = nil,
            spool: ImageSpool? = nil
        ) {
            self.tool = tool
            self.pipe = pipe
            self.feeder = feeder
            self.length = length
            self.spool = spool
        }
    }

    /// Reads `file` after `head`, which was read already; `length` is that of the file, if known.
    init(
        _ file: consuming OpenFile, head: [UInt8], length: UInt64?, name: String,
        from download: Download? = nil
    ) {
        self.name = name
        self.head = head
        self.download = download
        file.readsAhead()
        origin = .file(FileOrigin(file, length: length))
    }

    /// Reads `file`, which is compressed, through a tool.
    init(
        _ file: consuming OpenFile, head: [UInt8], length: UInt64?, name: String,
        _ compression: ImageCompression, from download: Download? = nil,
        _ reporter: ImageReporter
    ) throws(HostFailure) {
        self.name = name
        self.download = download
        let (input, output) = try calling((HostPipe(name), HostPipe(name)))
        let tool = try ImageTool(
            compression.decompression, for: name, input: input.reader, output: output.writer,
            patience: length == nil ? ImageTool.endless : ImageTool.patience, reporter)
        input.closeReader()
        output.closeWriter()
        file.readsAhead()
        let feeder = try ImageFeeder(file, head: head, length: length, to: input)
        origin = .tool(ToolOrigin(tool, output, feeder))
    }

    /// Reads the `length` bytes that `command` makes of `spool` and writes to its standard output.
    init(
        _ command: Command, keeping spool: ImageSpool, length: UInt64, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) {
        self.name = name
        download = nil
        let output = try calling(HostPipe(name))
        let tool = try ImageTool(command, for: name, output: output.writer, reporter)
        output.closeWriter()
        origin = .tool(ToolOrigin(tool, output, nil, length: length, spool: spool))
    }

    /// Returns the first `count` bytes, which are still read afterwards.
    func peek(_ count: Int) throws(HostFailure) -> [UInt8] {
        if head.count < count {
            var bytes = [UInt8](repeating: 0, count: count)
            let filled = try fill(&bytes)
            head = Array(bytes[..<filled])
            headOffset = 0
            self.count = 0
        }
        return head
    }

    private func fill(_ bytes: inout [UInt8]) throws(HostFailure) -> Int {
        var failure: HostFailure?
        let count = bytes.withUnsafeMutableBytes { buffer in
            do throws(HostFailure) {
                return try read(into: buffer)
            } catch {
                failure = error
                return 0
            }
        }
        if let failure { throw failure }
        return count
    }

    /// Fills `buffer` with the next bytes and returns their number: fewer only at the end.
    ///
    /// - Throws: ``HostFailure/image(_:reason:)`` if the tool that makes them failed, however much it wrote.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HostFailure) -> Int {
        try checkSignals()
        let fromHead = min(buffer.count, head.count - headOffset)
        if fromHead > 0 {
            buffer.copyBytes(from: head[headOffset..<(headOffset + fromHead)])
            headOffset += fromHead
        }
        let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[fromHead...])
        var filled = fromHead
        if !rest.isEmpty, !hasEnded {
            switch origin {
            case .file(let origin):
                filled += try calling(origin.read(into: rest))
            case .tool(let origin):
                filled += try origin.tool.read(origin.pipe, into: rest)
            }
            if filled < buffer.count {
                hasEnded = true
                switch origin {
                case .tool(let origin): try end(origin)
                case .file: try download?.finish()
                }
            }
        }
        count += UInt64(filled)
        return filled
    }

    private func end(_ origin: ToolOrigin) throws(HostFailure) {
        origin.pipe.closeReader()
        let failure: HostFailure?
        do throws(HostFailure) {
            try origin.tool.finish()
            failure = nil
        } catch {
            failure = error
        }
        // A failed read explains why the tool found an early end.
        if let error = origin.feeder?.finish() { throw .system(error) }
        try download?.finish()
        if let failure { throw failure }
    }

    /// The bytes read and the total, both of the image as delivered.
    var position: (done: UInt64, total: UInt64?) {
        switch origin {
        case .file(let origin): (count, origin.length)
        case .tool(let origin): (origin.feeder?.count ?? count, origin.feeder?.length ?? origin.length)
        }
    }

    /// The SHA-256 of the image as delivered, given that of the bytes read; valid only at the end.
    func delivered(content digest: String) -> String {
        guard case .tool(let origin) = origin, let feeder = origin.feeder else { return digest }
        return feeder.digest
    }
}

/// Feeds a file to a tool through a pipe and takes its digest.
final class ImageFeeder {
    /// The length of the file in bytes; `nil` if unknown.
    let length: UInt64?
    private let thread: HostThread
    private let state: State

    private final class State: @unchecked Sendable {
        let file: OpenFile
        let count = Atomic<UInt64>(0)
        // Read only after the thread is joined.
        var digest = ""
        var error: SystemError?
        init(_ file: consuming OpenFile) { self.file = file }

        func run(_ head: [UInt8], _ pipe: HostPipe) {
            defer { pipe.closeWriter() }
            do throws(SystemError) {
                var digest = Digest()
                digest.update(head)
                var goesOn = try write(head, pipe)
                let buffer = UnsafeMutableRawBufferPointer.allocate(
                    byteCount: HashedReading.pieceSize, alignment: 4096)
                defer { buffer.deallocate() }
                while goesOn {
                    let filled = try file.read(into: buffer)
                    let piece = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
                    digest.update(piece)
                    goesOn = try pipe.write(piece) && filled == buffer.count
                    count.add(UInt64(filled), ordering: .relaxed)
                }
                self.digest = digest.hexadecimal()
            } catch {
                self.error = error
            }
        }

        private func write(_ head: [UInt8], _ pipe: HostPipe) throws(SystemError) -> Bool {
            count.add(UInt64(head.count), ordering: .relaxed)
            var failure: SystemError?
            let goesOn = head.withUnsafeBytes { bytes in
                do throws(SystemError) {
                    return try pipe.write(bytes)
                } catch {
                    failure = error
                    return false
                }
            }
            if let failure { throw failure }
            return goesOn
        }
    }

    /// Starts to write `head` and then the rest of `file` to `pipe`.
    init(
        _ file: consuming OpenFile, head: [UInt8], length: UInt64?, to pipe: HostPipe
    ) throws(HostFailure) {
        let state = State(file)
        self.state = state
        self.length = length
        thread = try calling(HostThread { state.run(head, pipe) })
    }

    /// The number of bytes given to the tool.
    var count: UInt64 { state.count.load(ordering: .relaxed) }

    /// Waits for the thread, once the tool has ended, and returns its error.
    func finish() -> SystemError? {
        thread.join()
        return state.error
    }

    /// The SHA-256 of all bytes given.
    var digest: String { state.digest }
}
