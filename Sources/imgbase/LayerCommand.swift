import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase layer`.
struct LayerCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "layer", abstract: "Add a layer with its boot entry, or remove or name one.")

    @Flag(help: "Make a layer, give it an entry in the boot menu, and print its name.")
    var add = false

    @Flag(help: "Print the name of the newest layer.")
    var latest = false

    @Flag(help: "Print the name of the booted layer.")
    var current = false

    @Option(
        help: ArgumentHelp(
            "Remove this layer and its boot entry, and print the space freed.", valueName: "layer"))
    var remove: String?

    @Flag(
        help: """
            With --remove, even if the layer is the default, the last good one, on trial, to be tried once \
            it is complete, or to be booted once, or if its base is pinned.
            """)
    var force = false

    @Argument(
        help: ArgumentHelp(
            "The base or layer to snapshot. (default: the newest layer of the newest base, or that base)",
            valueName: "base-or-layer"))
    var source: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let modes = [
            ("--add", add), ("--latest", latest), ("--current", current), ("--remove", remove != nil),
        ]
        let chosen = modes.filter(\.1).map(\.0)
        if chosen.isEmpty { throw ValidationError("give --add, --remove LAYER, --latest or --current") }
        if chosen.count > 1 {
            throw ValidationError("\(chosen.joined(separator: " and ")) cannot be combined")
        }
        if !add, let source { throw ValidationError("'\(source)' has a meaning only with --add") }
        if force, remove == nil { throw ValidationError("--force has a meaning only with --remove") }
    }

    func execute(_ context: Context) async throws {
        if add {
            if let name = try await context.session.addLayer(on: source) { context.made(name) }
        } else if let remove {
            context.removed(try await context.session.remove(.layer(remove), isForced: force))
        } else if latest {
            let goal = "name the newest layer"
            let (_, _, layout) = try await context.volumes(goal)
            let layer = try context.answer(goal, layout.latestLayer, or: .noLayer)
            context.result(["name": layer.name], lines: [layer.name])
        } else {
            let goal = "name the booted layer"
            let (state, _, _) = try await context.volumes(goal)
            let layer = try context.answer(goal, state.booted, or: .notOnALayer)
            context.result(["name": layer.name], lines: [layer.name])
        }
    }
}
