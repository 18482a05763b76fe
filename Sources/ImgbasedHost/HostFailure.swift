import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
public import ImgbasedLinux

/// A failure while a command inspected or changed the host.
public enum HostFailure: Error, Sendable {
    /// A tool failed: how it ended, and its message.
    case tool(Command, status: String, message: String)
    /// A tool could not be started: why.
    case missing(Command, reason: String)
    /// The output of a tool is not as documented: why.
    case report(Tool, reason: String)
    /// A system call failed.
    case system(SystemError)
    /// The image at this path cannot be used: why.
    case image(String, reason: String)
    /// The administrator's changes cannot be carried to another base: why.
    case carrying(String)
    /// The files at a place cannot be moved to a data volume: why.
    case moving(DataPlace, reason: String)
    /// Something in a layer cannot be used: why.
    case contents(HostReason)
    /// The hook at this path failed or was not run: its problem.
    case hook(String, problem: String)
    /// The boot menu has this many problems.
    case unbootable(Int)
    /// The names of bases that could not be proved unchanged.
    case unproved([String])
    /// The names of packages that are not installed.
    case packagesMissing([String])
    /// Health checks failed: the problem.
    case unhealthy(String)
    /// A signal asked the program to end: its number.
    case interrupted(Int32)
    /// The user is not root.
    case notRoot
}

extension HostFailure: CustomStringConvertible {
    /// The cause, as the end of a sentence.
    public var description: String {
        switch self {
        case .tool(let command, let status, let message) where command.subject != nil:
            "\(command.subject ?? "") cannot be inspected: "
                + (message.isEmpty ? "\(command.tool.name) \(status)" : message)
        case .tool(let command, let status, let message):
            "'\(command)' \(status)\(message.isEmpty ? "" : ": \(message)")"
        case .missing(let command, let reason):
            "'\(command.tool.path)' cannot be run: \(reason); install the package that has it"
        case .report(let tool, let reason): "the report of '\(tool.name)' cannot be read: \(reason)"
        case .system(let error): "\(error)"
        case .image(let path, let reason): "image '\(path)': \(reason)"
        case .carrying(let reason): reason
        case .moving(let place, let reason): "the files in '\(place)' cannot be copied: \(reason)"
        case .contents(let reason): "\(reason)"
        case .hook(let path, let problem): "hook '\(path)' \(problem)"
        case .unbootable(let count): count == 1 ? "it has a problem" : "it has \(count) problems"
        case .unproved(let names):
            "\(names.map { "'\($0)'" }.joined(separator: ", ")) cannot be proved to be unchanged"
        case .packagesMissing(let names):
            "\(names.map { "'\($0)'" }.joined(separator: ", ")) cannot be installed; 'imgbase packages' says why"
        case .unhealthy(let problem): problem
        case .interrupted(let signal): "it was ended by signal \(signal)"
        case .notRoot: "only root may do this; use sudo"
        }
    }
}

/// A command that failed: its goal, its cause, and whether it left changes.
public struct CommandFailure: Error, Sendable, CustomStringConvertible {
    /// The goal, as it follows `cannot`.
    public var goal: String
    /// The cause of the failure.
    public var cause: HostFailure
    /// Why the undo failed; `nil` if it did not fail.
    public var undoFailure: HostFailure?
    /// Whether a change was made and stays.
    public var leavesChanges: Bool

    /// Whether the command was not begun: it was to change something, or the user may not even look.
    public var isRefusal: Bool

    /// A failure of `goal` because of `cause`; a refusal if the user is not root.
    public init(_ goal: String, _ cause: HostFailure, leavesChanges: Bool = false) {
        self.goal = goal
        self.cause = cause
        self.leavesChanges = leavesChanges
        if case .notRoot = cause { isRefusal = true } else { isRefusal = false }
    }

    /// A refusal of `goal` because of `cause`: it was not begun.
    public static func refusal(_ goal: String, _ cause: HostFailure) -> CommandFailure {
        var failure = CommandFailure(goal, cause)
        failure.isRefusal = true
        return failure
    }

    /// The whole message, without the program's name.
    public var description: String {
        var text = "cannot \(goal): \(cause)"
        if let undoFailure {
            text += "; and the completed steps could not be undone: \(undoFailure); the next run tries again"
        } else if leavesChanges {
            text += "; run the same command again to finish it"
        }
        return text.oneLine
    }
}

extension String {
    /// The text on one line: tools break lines as they like.
    var oneLine: String {
        split(whereSeparator: \.isNewline).map { $0.split(separator: " ").joined(separator: " ") }
            .filter { !$0.isEmpty }.joined(separator: "; ")
    }
}

/// Throws if a signal asked the program to end, so that the caller undoes its work.
public func checkSignals() throws(HostFailure) {
    if let signal = HostSignals.received { throw .interrupted(signal) }
}

/// Returns the value of the expression `body`, and turns its `SystemError` into a `HostFailure`.
func calling<Result: ~Copyable>(
    _ body: @autoclosure () throws(SystemError) -> Result
) throws(HostFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
}

/// The same for several statements. Such a closure must name its error type: Swift infers `any Error`.
func calling<Result: ~Copyable>(_ body: () throws(SystemError) -> Result) throws(HostFailure) -> Result {
    do throws(SystemError) { return try body() } catch { throw .system(error) }
}
