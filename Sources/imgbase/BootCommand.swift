import ArgumentParser
import ImgbasedCore
import ImgbasedHost

/// `imgbase boot`
struct BootCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "boot", abstract: "Show the boot menu, or say what it boots unattended.")

    @Flag(help: "List the layers that have an entry, newest first.")
    var list = false

    @Flag(help: "Print the layer booted unattended.")
    var getDefault = false

    @Option(help: ArgumentHelp("Boot this layer unattended from now on.", valueName: "layer"))
    var setDefault: String?

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let modes = [("--list", list), ("--get-default", getDefault), ("--set-default", setDefault != nil)]
        let chosen = modes.filter(\.1).map(\.0)
        if chosen.isEmpty { throw ValidationError("give --list, --get-default or --set-default LAYER") }
        if chosen.count > 1 {
            throw ValidationError("\(chosen.joined(separator: " and ")) cannot be combined")
        }
    }

    private struct Entry: Encodable {
        var layer: String
        var title: String
        var version: String
        var isDefault: Bool
        var isBooted: Bool
    }

    func execute(_ context: Context) async throws {
        if let setDefault {
            try await context.session.setDefault(setDefault)
            return context.done(["name": setDefault])
        }
        let goal = getDefault ? "name the default" : "list the boot menu"
        let (state, _, _) = try await context.boot(goal)
        // Without a record, or with one of a layer that is gone, GRUB boots the newest.
        let entries = BootPlanner.entries(state.boot)
        let recorded = BootPlanner.defaultLayer(state.boot)
        let name = entries.first { $0.layer == recorded }?.layer ?? entries.first?.layer
        if getDefault {
            let name = try context.answer(goal, name, or: .noLayer)
            context.result(["name": name], lines: [name])
            return
        }
        let rows = entries.map {
            Entry(
                layer: $0.layer, title: $0.title, version: $0.version, isDefault: $0.layer == name,
                isBooted: $0.layer == state.booted?.name)
        }
        let lines = rows.map { row in
            let marks = [row.isDefault ? "default" : nil, row.isBooted ? "booted" : nil].compactMap { $0 }
            return marks.isEmpty ? row.layer : "\(row.layer) (\(marks.joined(separator: ", ")))"
        }
        context.result(rows, lines: lines)
    }
}
