import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase conflicts`.
struct ConflictsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "conflicts", abstract: "Show and settle the conflicts of earlier updates.",
        discussion: """
            If this host and a new base changed the same file, the host's version stays, and the new base's waits \
            until the conflict is settled.
            """, subcommands: [List.self, Diff.self, Take.self, Done.self], defaultSubcommand: List.self)

    /// `imgbase conflicts list`.
    struct List: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the files in conflict.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let paths = try context.looking("list the conflicts") { () throws(HostFailure) in
                try context.session.conflicts()
            }
            context.result(
                paths.map { Row(path: $0.description, version: ConflictStore.version(of: $0)?.description) },
                lines: paths.map(\.description))
        }

        private struct Row: Encodable {
            var path: String
            var version: String?
        }
    }

    /// `imgbase conflicts diff`.
    struct Diff: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "diff",
            abstract: "Show how the new base's version differs from the file of this host.")

        @Argument(help: "The file, or a directory with files in conflict.", completion: .file())
        var path: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let goal = "compare '\(path)'"
            let waiting = try context.looking(goal) { () throws(HostFailure) in
                try context.session.conflicts()
            }
            let places = ConflictPlanner.places(path, waiting)
            guard !places.isEmpty else { throw HostRefusal(goal, .noConflict(path)) }
            var lines: [String] = []
            for place in places {
                do throws(HostFailure) {
                    lines += try await context.session.difference(place).split(
                        separator: "\n", omittingEmptySubsequences: false
                    ).map(String.init)
                } catch {
                    throw CommandFailure(goal, error)
                }
                if lines.last == "" { lines.removeLast() }
            }
            context.result(lines, lines: lines)
        }
    }

    /// The version that settles a conflict.
    enum Version: String, CaseIterable, ExpressibleByArgument {
        case new, ours
    }

    /// `imgbase conflicts take`.
    struct Take: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "take",
            abstract: "Settle a conflict by the new base's version or by that of this host.")

        @Argument(help: "Whose version: new or ours.")
        var version: Version

        @Argument(help: "The file, or a directory with files in conflict.", completion: .file())
        var path: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.settle(path, takesNew: version == .new)
            context.done(["settled": path])
        }
    }

    /// `imgbase conflicts done`.
    struct Done: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "done", abstract: "Settle a conflict: the file is as it should be.")

        @Argument(help: "The file, or a directory with files in conflict.", completion: .file())
        var path: String

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.settle(path, takesNew: false)
            context.done(["settled": path])
        }
    }
}
