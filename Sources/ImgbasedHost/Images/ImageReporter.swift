import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Reports progress on an image, a few times a second at most, and the tools run for it.
public final class ImageReporter {
    private let trace: @Sendable (Command) -> Void
    private let show: (@Sendable (ImageProgress) -> Void)?
    private let tell: (@Sendable (String) -> Void)?
    private var last: (phase: ImageProgress.Phase, time: Monotonic)?

    /// The milliseconds between two reports of one phase.
    static let interval: Int32 = 300

    /// A reporter that passes commands to `trace`, progress to `show`, and notices to `tell`.
    ///
    /// A notice does not keep the image from becoming a base, but the user has to know it.
    public init(
        trace: @escaping @Sendable (Command) -> Void = { _ in },
        show: (@Sendable (ImageProgress) -> Void)? = nil, tell: (@Sendable (String) -> Void)? = nil
    ) {
        self.trace = trace
        self.show = show
        self.tell = tell
    }

    /// Passes `notice`, a sentence, on.
    func note(_ notice: String) {
        tell?(notice)
    }

    /// Shows that `command` is run.
    func runs(_ command: Command) {
        trace(command)
    }

    /// Reports the progress of `phase`, unless the last report was just now.
    func report(_ phase: ImageProgress.Phase, done: UInt64 = 0, total: UInt64? = nil) {
        guard let show else { return }
        let now = Monotonic.now()
        // Each pass over the running system is told.
        if let last, last.phase == phase, phase != .again, done != total,
            now.milliseconds(since: last.time) < Double(ImageReporter.interval)
        {
            return
        }
        last = (phase, now)
        show(ImageProgress(phase, done: Bytes(done), total: total.map { Bytes($0) }))
    }
}
