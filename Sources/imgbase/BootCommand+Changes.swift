import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// A verb of `imgbase boot` that changes the record or an entry.
protocol BootChangeCommand: HostCommand {
    var change: BootChange { get }
}

extension BootChangeCommand {
    func execute(_ context: Context) async throws {
        let change = change
        try await context.session.change(change)
        context.done(["done": change.goal])
        await context.close(.changed(change))
    }
}

extension BootCommand {
    /// `imgbase boot set-default`.
    struct SetDefault: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "set-default", abstract: "Boot a layer unattended from now on.")

        @Argument(help: "The layer.", completion: .layers)
        var layer: String

        @OptionGroup var global: GlobalOptions

        var change: BootChange { .setDefault(layer) }
    }

    /// `imgbase boot once`.
    struct Once: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "once", abstract: "Boot a layer at the next boot alone.")

        @Argument(help: "The layer.", completion: .layers)
        var layer: String

        @OptionGroup var global: GlobalOptions

        var change: BootChange { .once(layer) }
    }

    /// `imgbase boot try`.
    struct Try: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "try", abstract: "Boot a layer unattended, on trial.",
            discussion: """
                Once the layer comes up healthy, it is the default; when its tries are used up, the old one is \
                booted again.
                """)

        @Argument(help: "The layer.", completion: .layers)
        var layer: String

        @Option(help: ArgumentHelp("The number of tries, 1 to 9. (default: 3)", valueName: "n"))
        var tries: Int?

        @OptionGroup var global: GlobalOptions

        func checkUsage() throws { try checkTries(tries) }

        var change: BootChange { .trial(layer, tries: tries ?? BootRecord.Trial.defaultTries) }
    }

    /// `imgbase boot args-add`.
    struct ArgsAdd: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "args-add", abstract: "Add kernel arguments to a layer's entry.")

        @Argument(help: "The layer.", completion: .layers)
        var layer: String

        @Argument(help: ArgumentHelp("The kernel arguments to add.", valueName: "argument"))
        var arguments: [String]

        @OptionGroup var global: GlobalOptions

        var change: BootChange { .arguments(of: layer, add: arguments, remove: []) }
    }

    /// `imgbase boot args-remove`.
    struct ArgsRemove: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "args-remove", abstract: "Remove kernel arguments from a layer's entry.")

        @Argument(help: "The layer.", completion: .layers)
        var layer: String

        @Argument(help: ArgumentHelp("The kernel arguments to remove.", valueName: "argument"))
        var arguments: [String]

        @OptionGroup var global: GlobalOptions

        var change: BootChange { .arguments(of: layer, add: [], remove: arguments) }
    }

    // The system's units call the verbs below; imgbase(8) describes them.

    /// `imgbase boot started`.
    struct Started: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "started",
            abstract:
                "Note that the booted layer has come up, healthy or not.",
            shouldDisplay: false)

        @OptionGroup var global: GlobalOptions

        var change: BootChange { .started }
    }

    /// `imgbase boot good`.
    struct Good: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "good", abstract: "Note that the booted layer came up healthy.", shouldDisplay: false
        )

        @OptionGroup var global: GlobalOptions

        var change: BootChange { .good }
    }

    /// `imgbase boot bad`.
    struct Bad: BootChangeCommand {
        static let configuration = CommandConfiguration(
            commandName: "bad", abstract: "Note that the booted layer did not come up healthy.",
            shouldDisplay: false)

        @Flag(help: "Restart the system if another layer is known to be better.")
        var goBack = false

        @OptionGroup var global: GlobalOptions

        var change: BootChange { .bad(HealthRunner().problem, goesBack: goBack) }
    }
}
