import ImgbasedCore
public import ImgbasedHostCore
import Subprocess
import SystemPackage

/// Runs the distribution's tools: no shell, a fixed path, a bare environment, no input but the command's own.
public struct CommandRunner: Sendable {
    /// Receives each command before it runs.
    let trace: @Sendable (Command) -> Void

    /// The limit of each output in bytes; a report of thousands of volumes is shorter.
    private static let limit = 64 << 20

    /// A runner that passes each command to `trace` before it runs.
    public init(trace: @escaping @Sendable (Command) -> Void = { _ in }) {
        self.trace = trace
    }

    /// Runs `command`, waits for it, and returns its standard output.
    ///
    /// - Throws: ``HostFailure/tool(_:status:message:)`` with its standard error, or else its standard
    ///   output, if the exit status does not mean success.
    @discardableResult
    public func run(_ command: Command) async throws(HostFailure) -> [UInt8] {
        trace(command)
        var environment: [Environment.Key: String] = [
            "LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/",
            "LVM_SUPPRESS_FD_WARNINGS": "1",
        ]
        for (name, value) in command.environment { environment[Environment.Key(stringLiteral: name)] = value }
        do {
            let result = try await Subprocess.run(
                .path(FilePath(command.tool.path)), arguments: Arguments(command.arguments),
                environment: .custom(environment), input: .string(command.input),
                output: .bytes(limit: CommandRunner.limit),
                error: .string(limit: CommandRunner.limit))
            switch result.terminationStatus {
            case .exited(let code) where command.successes.contains(code):
                return result.standardOutput
            case .exited(let code):
                throw HostFailure.tool(
                    command, status: "ended with status \(code)",
                    message: CommandRunner.message(of: command, result.standardError, result.standardOutput))
            case .signaled(let signal):
                throw HostFailure.tool(
                    command, status: "was ended by signal \(signal)",
                    message: CommandRunner.message(of: command, result.standardError, result.standardOutput))
            }
        } catch let failure as HostFailure {
            throw failure
        } catch {
            throw .missing(command, reason: "\(error)".oneLine)
        }
    }

    /// The message of a tool that failed; its last line if it was only to find out something.
    static func message(of command: Command, _ error: String, _ output: [UInt8]) -> String {
        guard command.subject != nil else { return brief(error, output) }
        return brief(
            error.split(whereSeparator: \.isNewline).last { !String($0).oneLine.isEmpty }.map(String.init)
                ?? "")
    }

    /// The end of a tool's message on one line: the cause comes last.
    ///
    /// Standard output counts if standard error is empty, as with grub-script-check(1).
    static func brief(_ text: String, _ output: [UInt8] = []) -> String {
        if text.oneLine.isEmpty, !output.isEmpty {
            return brief(String(decoding: output.suffix(4000), as: UTF8.self))
        }
        let line = text.oneLine
        return line.utf8.count <= 1000 ? line : "… " + String(line.suffix(900))
    }
}
