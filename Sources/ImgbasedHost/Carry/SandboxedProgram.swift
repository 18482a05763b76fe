import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A program that runs in the tree of a sandbox (`HostSandbox`), where nobody answers it.
struct SandboxedProgram: Sendable {
    /// How it ended.
    enum End: Sendable {
        /// It exited with a status; the message is the end of what it wrote.
        case ended(Int32, message: String)
        /// It was stopped, or a signal ended it.
        case stopped(String)
    }

    private let words: [String]
    private let environment: [String]
    private let patience: Patience

    private static let environment = [
        "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "TERM=dumb", "SYSTEMD_OFFLINE=1",
        "\(HookRun.marker)=\(HookEvent.newLayerAdded.rawValue)",
    ]

    /// The program and its arguments, with more environment than every program has.
    init(_ words: [String], environment: [String] = [], patience: Patience) {
        self.words = words
        self.environment = SandboxedProgram.environment + environment
        self.patience = patience
    }

    /// Runs it in `tree`, until it ends or a signal comes.
    func run(in tree: String) throws(SystemError) -> End {
        let all = HostSandbox.wrapper(tree) + words
        let child = try HostChild(all[0], Array(all.dropFirst()), environment: environment, saysAll: true)
        var watch = Patience.Watch(patience, now: SandboxedProgram.now)
        var cause: String?
        let end = try child.wait(every: 500) {
            if let signal = HostSignals.received {
                cause = "signal \(signal) came"
            } else {
                let verdict = watch.verdict(work: child.work, now: SandboxedProgram.now)
                if verdict != .goesOn { cause = "it was given up: \(patience.reason(verdict))" }
            }
            return cause == nil
        }
        if let cause { return .stopped(cause) }
        guard let end else { return .stopped("it was given up") }
        guard let status = end.status else { return .stopped("signal \(end.signal ?? 0) ended it") }
        return .ended(status, message: end.message)
    }

    private static var now: Double { Monotonic.now().milliseconds(since: .kernelStart) }
}
