import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A tool of the distribution that takes an image apart, running beside this program.
struct ImageTool: ~Copyable {
    private let command: Command
    private let child: HostChild
    private let watch: IdleWatch
    /// The name of the image in messages.
    private let image: String
    /// The remedy if the tool fails, at the end of the message.
    private let advice: String
    /// What to do if there is no room for the files.
    private let roomAdvice: String

    /// A sender may be slow, and the kernel notices a dead disk only after minutes.
    static let patience = Patience(idle: 900, total: 7 * 86_400)
    /// For a sender that may be silent for any time.
    static let endless = Patience(idle: .max, total: .max)

    private static let environment = ["LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/"]

    /// Starts `command` for `image`; see ``HostChild``. It is given up if it is idle beyond `patience`.
    init(
        _ command: Command, for image: String, input: Int32? = nil, output: Int32? = nil,
        noting phrases: [String] = [], saysAll: Bool = false, patience: Patience = ImageTool.patience,
        advice: String = "; get it again", roomAdvice: String = "give a larger --size",
        _ reporter: ImageReporter
    ) throws(HostFailure) {
        watch = IdleWatch(patience)
        reporter.runs(command)
        self.command = command
        self.image = image
        self.advice = advice
        self.roomAdvice = roomAdvice
        do throws(SystemError) {
            child = try HostChild(
                command.tool.path, command.arguments, environment: ImageTool.environment, input: input,
                output: output, noting: phrases, saysAll: saysAll)
        } catch {
            throw .missing(command, reason: error.reason)
        }
    }

    /// Waits for data or the end on `pipe`, to which the tool writes.
    ///
    /// - Throws: if a signal came, or the tool is idle.
    func wait(for pipe: HostPipe) throws(HostFailure) {
        while true {
            try checkSignals()
            let limit = Monotonic.now().advanced(bySeconds: 1)
            let isReady = try calling(pipe.waits(until: limit))
            if isReady { return }
            try checkWork()
        }
    }

    /// Fills `buffer` from `pipe`, to which the tool writes; returns the bytes read: fewer only at the end.
    func read(_ pipe: HostPipe, into buffer: UnsafeMutableRawBufferPointer) throws(HostFailure) -> Int {
        var filled = 0
        while filled < buffer.count {
            try wait(for: pipe)
            let count = try calling(
                pipe.readSome(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])))
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Calls `body` with each piece that the tool writes to `pipe`, up to the end.
    func forEachPiece(
        of pipe: HostPipe, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(HostFailure) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            try wait(for: pipe)
            let count = try calling(pipe.readSome(into: buffer))
            if count == 0 { return }
            body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private func checkWork() throws(HostFailure) {
        guard let reason = watch.reason(work: child.work) else { return }
        throw .image(image, reason: "\(command.tool.name) was given up: \(reason)")
    }

    /// The same for a short task: the tool is ended after `seconds`, even if it works.
    @discardableResult
    func finish(within seconds: Int) throws(HostFailure) -> HostChild.End {
        let deadline = Monotonic.now().advanced(bySeconds: seconds)
        return try finish { () throws(HostFailure) in
            guard Monotonic.now() < deadline else {
                throw .image(image, reason: "\(command.tool.name) did not end within \(seconds) seconds")
            }
        }
    }

    /// Waits until the tool has ended, and throws if it failed.
    ///
    /// `tick` is called now and then meanwhile. If it throws, the tool is ended.
    @discardableResult
    func finish(_ tick: () throws(HostFailure) -> Void = {}) throws(HostFailure) -> HostChild.End {
        var failure: HostFailure?
        let end = try calling(
            child.wait(every: ImageReporter.interval) {
                do throws(HostFailure) {
                    try checkSignals()
                    try checkWork()
                    try tick()
                } catch { failure = error }
                return failure == nil
            })
        guard let end else { throw failure ?? .image(image, reason: "\(command.tool.name) was given up") }
        if let status = end.status, command.successes.contains(status) { return end }
        // tar(1) says the other if a part still fits.
        if ["No space left on device", ": Wrote only "].contains(where: end.message.contains) {
            throw .image(image, reason: "\(command.tool.name) found no space left; \(roomAdvice)")
        }
        let message = end.message.isEmpty ? "" : ": \(CommandRunner.brief(end.message))"
        guard let status = end.status else {
            // A signal says nothing about the image.
            throw .image(
                image, reason: "\(command.tool.name) was ended by signal \(end.signal ?? 0)\(message)")
        }
        throw .image(
            image, reason: "\(command.tool.name) ended with status \(status)\(message)\(advice)")
    }
}

/// Notices an idle tool.
private final class IdleWatch {
    private let patience: Patience
    private var watch: Patience.Watch

    init(_ patience: Patience) {
        self.patience = patience
        watch = Patience.Watch(patience, now: IdleWatch.now)
    }

    /// Why a tool that has done `work` is ended; `nil` if it may continue.
    func reason(work: UInt64) -> String? {
        let verdict = watch.verdict(work: work, now: IdleWatch.now)
        return verdict == .goesOn ? nil : patience.reason(verdict)
    }

    private static var now: Double { Monotonic.now().milliseconds(since: .kernelStart) }
}
