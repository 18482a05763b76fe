import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase layer`.
struct LayerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "layer", abstract: "Add a layer with its boot entry, or remove or name one.",
        subcommands: [Add.self, Remove.self, Latest.self, Current.self])

    /// `imgbase layer add`.
    struct Add: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "add",
            abstract: "Make a layer with an entry in the boot menu, and print its name.")

        @Argument(
            help: ArgumentHelp(
                "The base or layer to snapshot. (default: the newest layer of the newest base, or that base)",
                valueName: "base-or-layer"), completion: .layers)
        var source: String?

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            guard let name = try await context.session.addLayer(on: source) else { return }
            context.made(name)
            await context.close(.addedLayer(name))
        }
    }

    /// `imgbase layer remove`.
    struct Remove: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove", abstract: "Remove a layer and its boot entry, and print the space freed.")

        @Argument(help: "The layer.", completion: .layers)
        var layer: String

        @Flag(
            help: """
                Even if the layer is the default, the last good one, on trial, to be tried once it is complete, \
                or to be booted once, or if its base is pinned.
                """)
        var force = false

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            context.removed(try await context.session.remove(.layer(layer), isForced: force))
            await context.close(.nextBoot)
        }
    }

    /// `imgbase layer latest`.
    struct Latest: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "latest", abstract: "Print the name of the newest layer.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let goal = "name the newest layer"
            let (_, _, layout) = try await context.volumes(goal)
            let layer = try context.answer(goal, layout.latestLayer, or: .noLayer)
            context.result(["name": layer.name], lines: [layer.name])
        }
    }

    /// `imgbase layer current`.
    struct Current: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "current", abstract: "Print the name of the booted layer.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let goal = "name the booted layer"
            let (state, _, _) = try await context.volumes(goal)
            let layer = try context.answer(goal, state.booted, or: .notOnALayer)
            context.result(["name": layer.name], lines: [layer.name])
        }
    }
}
