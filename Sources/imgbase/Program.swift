import ArgumentParser
import Glibc
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The program: from arguments to exit status.
enum Program {
    /// The command is done.
    private static let success: Int32 = 0
    /// A change was begun and failed, or a question has no answer.
    private static let failure: Int32 = 1
    /// Bad usage, or a refusal before any change.
    private static let refusal: Int32 = 2

    static func run(_ arguments: [String]) async -> Int32 {
        let line: CommandWords
        do throws(UsageError) {
            line = try CommandWords(arguments, ImgbaseCommand.grammar)
        } catch {
            return complain(error.description, status: refusal)
        }
        let path = line.path.joined(separator: " ")
        let command: any ParsableCommand
        do {
            command = try ImgbaseCommand.parseAsRoot(line.words)
        } catch {
            return report(parsing: error, of: path)
        }
        do {
            if let command = command as? any HostCommand {
                try command.checkUsage()
                let context = Context(command.global)
                try await command.execute(context)
                context.finish()
            } else {
                // Help, version and shell completions are commands of the parser.
                var command = command
                try command.run()
            }
            return success
        } catch let ending as Ending {
            return ending.message.map { complain($0, status: ending.status) } ?? ending.status
        } catch let error as HostRefusal {
            return complain(error.description, status: refusal)
        } catch let error as CommandFailure {
            return complain(error.description, status: error.isRefusal ? refusal : failure)
        } catch {
            return report(parsing: error, of: path)
        }
    }

    /// Prints that /proc is missing, and returns the exit status.
    static func refuseWithoutProc() -> Int32 {
        complain("cannot run without /proc; mount it with 'mount -t proc proc /proc'", status: refusal)
    }

    /// The exit status instead of `status`: a command fails if its output cannot be written.
    static func finish(_ status: Int32) -> Int32 {
        guard let reason = HostStandardFiles.flush(), status == success else { return status }
        return complain("cannot write to standard output: \(reason)", status: failure)
    }

    /// Prints the parser's message: help, or the error in the command `path` with a pointer to its help.
    private static func report(parsing error: any Error, of path: String) -> Int32 {
        guard ImgbaseCommand.exitCode(for: error) != .success else {
            print(ImgbaseCommand.fullMessage(for: error))
            return success
        }
        var message = ImgbaseCommand.message(for: error)
        // A question is the parser's guess at the meaning. Our messages have no full stop.
        let end = message.hasSuffix("?") ? " See" : "; see"
        if message.hasSuffix(".") { message.removeLast() }
        return complain("\(message)\(end) '\(path) --help'", status: refusal)
    }

    /// Prints `message` as one line, and returns `status`.
    private static func complain(_ message: String, status: Int32) -> Int32 {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        Terminal.error("imgbase: \(line)")
        return status
    }
}
