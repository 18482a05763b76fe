import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
public import ImgbasedLinux

/// What went wrong while a command looked at the host or changed it.
public enum HostFailure: Error, Sendable {
    /// A tool ended with a failure, and what it said.
    case tool(Command, status: String, message: String)
    /// A tool could not be started.
    case missing(Command, reason: String)
    /// What a tool printed is not what it is documented to print.
    case report(Tool, reason: String)
    /// A system call failed.
    case system(SystemError)
    /// The image is not what it was taken for.
    case image(String, reason: String)
    /// What an administrator changed cannot be carried to another base.
    case carrying(String)
    /// Something in a layer cannot be used.
    case contents(HostReason)
    /// A hook did not do what it is for.
    case hook(String, problem: String)
    /// So many things are wrong with the boot menu.
    case unbootable(Int)
    /// These bases are not proved to be what they were.
    case unproved([String])
    /// Checks of the system's health failed.
    case unhealthy(String)
    /// A signal to end came.
    case interrupted(Int32)
    /// Only root may do this.
    case notRoot
}

extension HostFailure: CustomStringConvertible {
    /// The cause, as the end of a sentence.
    public var description: String {
        switch self {
        case .tool(let command, let status, let message):
            "'\(command)' \(status)\(message.isEmpty ? "" : ": \(message)")"
        case .missing(let command, let reason):
            "'\(command.tool.path)' cannot be run: \(reason); install the package that has it"
        case .report(let tool, let reason): "the report of '\(tool.name)' cannot be read: \(reason)"
        case .system(let error): "\(error)"
        case .image(let path, let reason): "image '\(path)': \(reason)"
        case .carrying(let reason): reason
        case .contents(let reason): "\(reason)"
        case .hook(let path, let problem): "hook '\(path)' \(problem)"
        case .unbootable(let count): count == 1 ? "it has a problem" : "it has \(count) problems"
        case .unproved(let names):
            "\(names.map { "'\($0)'" }.joined(separator: ", ")) cannot be proved to be unchanged"
        case .unhealthy(let problem): problem
        case .interrupted(let signal): "it was ended by signal \(signal)"
        case .notRoot: "only root may do this; use sudo"
        }
    }
}

/// A command that failed.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// What was being done, as in `cannot …`.
    public var goal: String
    /// Why it failed.
    public var cause: HostFailure
    /// Why it could not be undone, where that failed too.
    public var undoFailure: HostFailure?
    /// Whether something was changed and stays so.
    public var leavesChanges: Bool

    /// Whether it was to change something and was not begun.
    public var isRefusal = false

    /// `goal` failed because of `cause`.
    public init(_ goal: String, _ cause: HostFailure, leavesChanges: Bool = false) {
        self.goal = goal
        self.cause = cause
        self.leavesChanges = leavesChanges
    }

    /// `goal` was not begun because of `cause`.
    static func refusal(_ goal: String, _ cause: HostFailure) -> CommandFailure {
        var failure = CommandFailure(goal, cause)
        failure.isRefusal = true
        return failure
    }

    /// The whole message, without the program's name.
    public var description: String {
        var text = "cannot \(goal): \(cause)"
        if let undoFailure {
            text += "; and what was done could not be undone: \(undoFailure); the next run tries again"
        } else if leavesChanges {
            text += "; run the same command again to finish it"
        }
        return text.oneLine
    }
}

extension String {
    /// The text on one line: tools end and divide theirs as they like.
    var oneLine: String {
        split(whereSeparator: \.isNewline).map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

/// Throws where a signal to end came: what was begun is undone.
public func checkSignals() throws(HostFailure) {
    if let signal = HostSignals.received { throw .interrupted(signal) }
}

/// Returns the value of `body`, one expression; the error of its system call becomes the cause of a failure.
func calling<Result: ~Copyable>(
    _ body: @autoclosure () throws(SystemError) -> Result
) throws(HostFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
}

/// The same for several statements: a closure's own error is `any Error`, so it has to name its type.
func calling<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(HostFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
}
