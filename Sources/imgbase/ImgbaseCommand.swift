import ArgumentParser
import ImgbasedCore
import ImgbasedHostCore

/// A command that looks at the host and may change it.
protocol HostCommand: ParsableCommand {
    var global: GlobalOptions { get }

    /// Throws if the arguments do not go together.
    ///
    /// The parser's own `validate` comes before its complaint about an unknown option, which is the cause.
    func checkUsage() throws

    func execute(_ context: Context) async throws
}

extension HostCommand {
    func checkUsage() throws {}
}

/// The command `imgbase`.
struct ImgbaseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "imgbase",
        abstract: "Boot writable layers of read-only base images.",
        discussion: """
            A base is a read-only thin volume with a root file system as delivered. A layer is a writable \
            snapshot of a base. The host boots a layer: each has an entry in the boot menu.

            Every command takes the options below, before its name or after it. The verb of a command can be \
            written as an option too: 'imgbase boot --list' is 'imgbase boot list'.
            """,
        version: "imgbase \(Version.current)",
        subcommands: [
            LayoutCommand.self, BaseCommand.self, LayerCommand.self, WhichCommand.self, BootCommand.self,
            UpdateCommand.self, RollbackCommand.self, VolumeCommand.self, ConflictsCommand.self,
            PackagesCommand.self, DiffCommand.self, PersistCommand.self,
            RecoverCommand.self,
            StatusCommand.self, CheckCommand.self, HealthCommand.self, InstallCommand.self,
            UnattendedCommand.self,
        ])

    @OptionGroup var global: GlobalOptions

    func run() throws {
        throw ValidationError("say what to do")
    }

    /// The commands with their verbs.
    static var grammar: CommandWords.Grammar {
        let commands = configuration.subcommands.map { command in
            let own = command.configuration
            return CommandWords.Command(
                name: own.commandName ?? "",
                verbs: own.subcommands.map {
                    CommandWords.Verb(
                        $0.configuration.commandName ?? "", isShown: $0.configuration.shouldDisplay)
                },
                needsVerb: !own.subcommands.isEmpty && own.defaultSubcommand == nil)
        }
        return CommandWords.Grammar(
            program: configuration.commandName ?? "", commands: commands, flags: GlobalOptions.flags,
            options: GlobalOptions.options)
    }
}

extension CompletionKind {
    /// The names of the layers.
    static let layers = CompletionKind.shellCommand("imgbase layout layers 2>/dev/null")
    /// The names of the bases.
    static let bases = CompletionKind.shellCommand("imgbase layout bases 2>/dev/null")
}

/// The command `imgbase w`.
struct WhichCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "w", abstract: "Say which layer this system runs from.")

    @OptionGroup var global: GlobalOptions

    func execute(_ context: Context) async throws {
        let goal = "say which layer this is"
        let (state, _, _) = try await context.volumes(goal)
        let layer = try context.answer(goal, state.booted, or: .notOnALayer)
        context.result(
            ["layer": layer.name, "volumeGroup": layer.group], lines: ["You are on \(layer.name)"])
    }
}
