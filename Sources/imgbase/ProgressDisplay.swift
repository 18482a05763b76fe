import ArgumentParser
import Glibc
import ImgbasedCore
import ImgbasedHostCore
import Synchronization

/// How progress is shown, of commands that write images.
struct ProgressOptions: ParsableArguments {
    /// The ways.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        /// A line on the terminal, where standard error is one.
        case auto
        /// Lines of JSON on standard error.
        case json
        /// Not at all.
        case none
    }

    @Option(help: "Progress on standard error: auto, json or none. (default: auto, only on a terminal)")
    var progress: Kind?

    /// Whether nothing is said of it.
    var isEmpty: Bool { progress == nil }
}

/// Shows how far a command is, on standard error: standard output is for what it made.
final class ProgressDisplay: Sendable {
    private let kind: ProgressOptions.Kind
    private let isShown = Mutex(false)

    /// Shows it as `options` say.
    init(_ options: ProgressOptions) {
        let kind = options.progress ?? .auto
        self.kind = kind == .auto && isatty(STDERR_FILENO) == 0 ? .none : kind
    }

    /// Who is told; `nil` where nobody is.
    var show: (@Sendable (ImageProgress) -> Void)? {
        switch kind {
        case .none: nil
        case .json: { progress in Terminal.error(progress.json) }
        case .auto:
            { [self] progress in
                isShown.withLock { $0 = true }
                Terminal.rewrite(progress.line)
            }
        }
    }

    /// Takes the line away: what is printed next stands alone.
    func finish() {
        let wasShown = isShown.withLock { shown in
            defer { shown = false }
            return shown
        }
        if wasShown { Terminal.rewrite("") }
    }
}
