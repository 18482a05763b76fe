import ArgumentParser
import ImgbasedCore
import ImgbasedHostCore
import Synchronization

/// The options for the progress of commands that write images.
struct ProgressOptions: ParsableArguments {
    /// The ways to show progress.
    enum Kind: String, CaseIterable, ExpressibleByArgument {
        /// A line on the terminal, if standard error is one.
        case auto
        /// Lines of JSON on standard error.
        case json
        /// No progress.
        case none
    }

    @Option(help: "Progress on standard error: auto, json or none. (default: auto, only on a terminal)")
    var progress: Kind?

    /// Whether the option is not given.
    var isEmpty: Bool { progress == nil }
}

/// Shows progress on standard error: standard output is for results.
final class ProgressDisplay: Sendable {
    private let kind: ProgressOptions.Kind
    private let isShown = Mutex(false)

    /// A display as `options` say.
    init(_ options: ProgressOptions) {
        let kind = options.progress ?? .auto
        self.kind = kind == .auto && !Terminal.isTerminal ? .none : kind
    }

    /// Receives the progress; `nil` if it is not shown.
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

    /// Clears the line, so that the next output stands alone.
    func finish() {
        let wasShown = isShown.withLock { shown in
            defer { shown = false }
            return shown
        }
        if wasShown { Terminal.rewrite("") }
    }
}
