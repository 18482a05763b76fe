import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase recover`.
struct RecoverCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover", abstract: "Remove or finish what interrupted runs left.",
        discussion: """
            Running the interrupted command again finishes it as well. Nothing of others is touched.
            """)

    @Flag(help: "Only list what interrupted runs left.")
    var list = false

    @OptionGroup var global: GlobalOptions

    private struct Row: Encodable {
        var kind: String
        var summary: String
        var remedy: String?
    }

    func execute(_ context: Context) async throws {
        if list {
            let (state, names, _) = try await context.boot("list what interrupted runs left")
            let items = try Debris(state, names: names).items
            context.result(
                items.map { Row(kind: $0.kind, summary: $0.description) }, lines: items.map(\.description))
            return
        }
        let items = try await context.session.recover()?.items ?? []
        context.done(
            items.map { Row(kind: $0.kind, summary: $0.description, remedy: $0.remedy) },
            lines: items.isEmpty
                ? ["nothing is left of interrupted runs"] : items.map { "\($0): \($0.remedy)" })
    }
}
