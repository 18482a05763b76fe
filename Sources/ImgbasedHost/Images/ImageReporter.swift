import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Tells how far the work on an image is, a few times a second at most, and which tools are run for it.
public final class ImageReporter {
    private let trace: @Sendable (Command) -> Void
    private let show: (@Sendable (ImageProgress) -> Void)?
    private let tell: (@Sendable (String) -> Void)?
    private var last: (phase: ImageProgress.Phase, time: Monotonic)?

    /// How many milliseconds are between two reports of one phase.
    static let interval: Int32 = 300

    /// A reporter that shows each command to `trace`, and progress to `show`, and tells `tell` what does not keep the image
    /// from becoming a base and has to be known all the same.
    public init(
        trace: @escaping @Sendable (Command) -> Void = { _ in },
        show: (@Sendable (ImageProgress) -> Void)? = nil, tell: (@Sendable (String) -> Void)? = nil
    ) {
        self.trace = trace
        self.show = show
        self.tell = tell
    }

    /// Says `notice`, a sentence.
    func note(_ notice: String) {
        tell?(notice)
    }

    /// Says that `command` is run.
    func runs(_ command: Command) {
        trace(command)
    }

    /// Says how far `phase` is, unless that was said just now.
    func report(_ phase: ImageProgress.Phase, done: UInt64 = 0, total: UInt64? = nil) {
        guard let show else { return }
        let now = Monotonic.now()
        if let last, last.phase == phase, now.milliseconds(since: last.time) < Double(ImageReporter.interval),
            done != total
        {
            return
        }
        last = (phase, now)
        show(ImageProgress(phase, done: Bytes(done), total: total.map { Bytes($0) }))
    }
}
