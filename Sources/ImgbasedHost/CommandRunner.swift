import ImgbasedCore
public import ImgbasedHostCore
import Subprocess
import SystemPackage

/// Runs the distribution's tools: no shell, a fixed path, a bare environment, nothing to read.
public struct CommandRunner: Sendable {
    /// What each command is shown to before it runs.
    let trace: @Sendable (Command) -> Void

    /// How much of its output is kept; a report of thousands of volumes is shorter.
    private static let limit = 64 << 20

    /// A runner that shows each command to `trace`.
    public init(trace: @escaping @Sendable (Command) -> Void = { _ in }) {
        self.trace = trace
    }

    /// Runs `command`, waits for it, and returns its standard output.
    ///
    /// - Throws: ``HostFailure/tool(_:status:message:)`` with what it wrote to standard error, or else to standard
    ///   output, where its exit status is none that means success.
    @discardableResult
    public func run(_ command: Command) async throws(HostFailure) -> [UInt8] {
        trace(command)
        let environment: [Environment.Key: String] = [
            "LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/",
            "LVM_SUPPRESS_FD_WARNINGS": "1",
        ]
        do {
            let result = try await Subprocess.run(
                .path(FilePath(command.tool.path)), arguments: Arguments(command.arguments),
                environment: .custom(environment), input: .none, output: .bytes(limit: CommandRunner.limit),
                error: .string(limit: CommandRunner.limit))
            switch result.terminationStatus {
            case .exited(let code) where command.successes.contains(code):
                return result.standardOutput
            case .exited(let code):
                throw HostFailure.tool(
                    command, status: "ended with status \(code)",
                    message: CommandRunner.brief(result.standardError, result.standardOutput))
            case .signaled(let signal):
                throw HostFailure.tool(
                    command, status: "was ended by signal \(signal)",
                    message: CommandRunner.brief(result.standardError, result.standardOutput))
            }
        } catch let failure as HostFailure {
            throw failure
        } catch {
            throw .missing(command, reason: "\(error)".oneLine)
        }
    }

    /// The last of what a tool said, on its standard output if it said nothing elsewhere, as grub-script-check(1) does: the
    /// cause comes last, and a message is one line.
    static func brief(_ text: String, _ output: [UInt8] = []) -> String {
        if text.oneLine.isEmpty, !output.isEmpty {
            return brief(String(decoding: output.suffix(4000), as: UTF8.self))
        }
        let line = text.oneLine
        return line.utf8.count <= 1000 ? line : "… " + String(line.suffix(900))
    }
}
