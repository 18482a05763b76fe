import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase recover`.
struct RecoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Remove or finish what interrupted runs left.",
        discussion: """
            Running the interrupted command again finishes it as well. Nothing of others is touched.
            """, subcommands: [Run.self, List.self], defaultSubcommand: Run.self)

    /// `imgbase recover` alone.
    struct Run: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Remove it or finish it.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let items = try await context.session.recover()?.items ?? []
            context.done(
                items.map { Row(kind: $0.kind, summary: $0.description, remedy: $0.remedy) },
                lines: items.isEmpty
                    ? ["nothing is left of interrupted runs"] : items.map { "\($0): \($0.remedy)" })
            await context.close(.nextBoot)
        }
    }

    /// `imgbase recover list`.
    struct List: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Only list what interrupted runs left.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let (state, names, _) = try await context.boot("list what interrupted runs left")
            let items = try Debris(state, names: names).items
            context.result(
                items.map { Row(kind: $0.kind, summary: $0.description) }, lines: items.map(\.description))
        }
    }

    private struct Row: Encodable {
        var kind: String
        var summary: String
        var remedy: String?
    }
}
