import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase boot`.
struct BootCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "boot", abstract: "Show the boot menu, or set what it boots unattended.")

    @Flag(help: "List the layers that have an entry, newest first.")
    var list = false

    @Flag(help: "Print the layer booted unattended.")
    var getDefault = false

    @Option(help: ArgumentHelp("Boot this layer unattended from now on.", valueName: "layer"))
    var setDefault: String?

    @Option(help: ArgumentHelp("Boot this layer at the next boot alone.", valueName: "layer"))
    var once: String?

    @Option(
        name: .customLong("try"),
        help: ArgumentHelp(
            "Boot this layer unattended, on trial. Once it comes up healthy, it is the default; when its "
                + "tries are used up, the old one is booted again.", valueName: "layer"))
    var trial: String?

    @Option(help: ArgumentHelp("The number of tries, 1 to 9. (default: 3)", valueName: "n"))
    var tries: Int?

    @Flag(help: "Note that the booted layer has come up, healthy or not; the system does so at every boot.")
    var started = false

    @Flag(help: "Note that the booted layer came up healthy.")
    var good = false

    @Flag(help: "Note that the booted layer did not come up healthy.")
    var bad = false

    @Flag(help: "With --bad, restart the system if another layer is known to be better.")
    var goBack = false

    @Flag(help: "Let the booted layer's entry boot the newest kernel installed in that layer.")
    var refresh = false

    @Flag(help: "Check that everything the menu offers can be booted.")
    var verify = false

    @Flag(help: "Put the layers into the menu of GRUB or systemd-boot; the rest of the menu stays as it is.")
    var install = false

    @Flag(help: "Take the layers out of that menu again.")
    var uninstall = false

    @Option(help: ArgumentHelp("Add kernel arguments to this layer's entry.", valueName: "layer"))
    var argsAdd: String?

    @Option(help: ArgumentHelp("Remove kernel arguments from this layer's entry.", valueName: "layer"))
    var argsRemove: String?

    @Argument(help: ArgumentHelp("The kernel arguments to add or remove.", valueName: "argument"))
    var arguments: [String] = []

    @OptionGroup var global: GlobalOptions

    func validate() throws {
        let modes = [
            ("--list", list), ("--get-default", getDefault), ("--set-default", setDefault != nil),
            ("--once", once != nil), ("--try", trial != nil), ("--started", started), ("--good", good),
            ("--bad", bad),
            ("--refresh", refresh), ("--verify", verify), ("--install", install), ("--uninstall", uninstall),
            ("--args-add", argsAdd != nil), ("--args-remove", argsRemove != nil),
        ]
        let chosen = modes.filter(\.1).map(\.0)
        if chosen.isEmpty { throw ValidationError("say what to do; 'imgbase boot --help' lists it") }
        if chosen.count > 1 {
            throw ValidationError("\(chosen.joined(separator: " and ")) cannot be combined")
        }
        if goBack, !bad { throw ValidationError("--go-back has a meaning only with --bad") }
        if tries != nil, trial == nil { throw ValidationError("--tries has a meaning only with --try") }
        if let tries, !BootRecord.Trial.range.contains(tries) {
            throw ValidationError("--tries must be 1 to 9, not \(tries)")
        }
        if argsAdd == nil, argsRemove == nil, let word = arguments.first {
            throw ValidationError("'\(word)' has a meaning only with --args-add or --args-remove")
        }
        if argsAdd != nil || argsRemove != nil, arguments.isEmpty {
            throw ValidationError("give the arguments to add or remove")
        }
    }

    /// The change to make; `nil` if there is none.
    private var change: BootChange? {
        if let setDefault { return .setDefault(setDefault) }
        if let once { return .once(once) }
        if let trial { return .trial(trial, tries: tries ?? BootRecord.Trial.defaultTries) }
        if started { return .started }
        if good { return .good }
        if bad { return .bad(HealthRunner().problem, goesBack: goBack) }
        if let argsAdd { return .arguments(of: argsAdd, add: arguments, remove: []) }
        if let argsRemove { return .arguments(of: argsRemove, add: [], remove: arguments) }
        return nil
    }

    private struct Entry: Encodable {
        var layer: String
        var title: String
        var version: String
        var isDefault: Bool
        var isOnce: Bool
        var triesLeft: Int?
        var isLastGood: Bool
        var health: String
        var isBooted: Bool

        init(_ entry: BootEntry, _ record: BootRecord, defaultLayer: String?, booted: String?) {
            layer = entry.layer
            title = entry.title
            version = entry.version
            isDefault = entry.layer == defaultLayer
            isOnce = entry.layer == record.once
            triesLeft = record.trial.flatMap { $0.layer == entry.layer ? $0.triesLeft : nil }
            isLastGood = entry.layer == record.good
            health = entry.health.rawValue
            isBooted = entry.layer == booted
        }

        /// The entry in one line for the user.
        var line: String {
            let marks = [
                isDefault ? "default" : nil, isOnce ? "once" : nil,
                triesLeft.map { "trial, \($0) tries left" }, isLastGood ? "last good" : nil,
                health == "unknown" || isLastGood ? nil : health, isBooted ? "booted" : nil,
            ].compactMap { $0 }
            return marks.isEmpty ? layer : "\(layer) (\(marks.joined(separator: ", ")))"
        }
    }

    private func verify(_ context: Context) async throws {
        let goal = "verify the boot menu"
        let (state, names, _) = try await context.boot(goal)
        let findings = try context.looking(goal) { () throws(HostFailure) in
            try BootInspection.findings(state, names: names)
        }
        let problems = BootAudit(state, names: names, findings).problems
        context.result(problems, lines: problems)
        if !problems.isEmpty {
            throw CommandFailure(goal, .unbootable(problems.count))
        }
    }

    func execute(_ context: Context) async throws {
        if let change {
            try await context.session.change(change)
            return context.done(["done": change.goal])
        }
        if refresh {
            try await context.session.refresh()
            return context.done(["done": RefreshPlanner.goal])
        }
        if install || uninstall {
            try await (install ? context.session.installBootLoader() : context.session.uninstallBootLoader())
            return context.done(["installed": install])
        }
        if verify { return try await verify(context) }
        let goal = getDefault ? "name the default" : "list the boot menu"
        let (state, _, _) = try await context.boot(goal)
        let entries = BootPlanner.entries(state.boot)
        let record = state.boot.record
        let name = BootChoice.defaultLayer(record, entries)
        if getDefault {
            let name = try context.answer(goal, name, or: record.leavesDefault ? .noDefaultYet : .noLayer)
            context.result(["name": name], lines: [name])
            return
        }
        let rows = entries.map { Entry($0, record, defaultLayer: name, booted: state.booted?.name) }
        context.result(rows, lines: rows.map(\.line))
    }
}
