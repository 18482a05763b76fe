import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase boot`.
struct BootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "boot", abstract: "Show the boot menu, or set what it boots unattended.",
        subcommands: [
            List.self, GetDefault.self, SetDefault.self, Once.self, Try.self, ArgsAdd.self, ArgsRemove.self,
            Verify.self, Refresh.self, Install.self, Uninstall.self, Started.self, Good.self, Bad.self,
        ])

    /// `imgbase boot list`.
    struct List: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the layers that have an entry, newest first.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let (state, _, _) = try await context.boot("list the boot menu")
            let entries = BootPlanner.entries(state.boot)
            let record = state.boot.record
            let name = BootChoice.defaultLayer(record, entries)
            let rows = entries.map { Entry($0, record, defaultLayer: name, booted: state.booted?.name) }
            context.result(rows, lines: rows.map(\.line))
        }
    }

    /// `imgbase boot get-default`.
    struct GetDefault: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "get-default", abstract: "Print the layer booted unattended.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let goal = "name the default"
            let (state, _, _) = try await context.boot(goal)
            let record = state.boot.record
            let name = try context.answer(
                goal, BootChoice.defaultLayer(record, BootPlanner.entries(state.boot)),
                or: record.leavesDefault ? .noDefaultYet : .noLayer)
            context.result(["name": name], lines: [name])
        }
    }

    /// `imgbase boot verify`.
    struct Verify: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify", abstract: "Check that everything the menu offers can be booted.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
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
    }

    /// `imgbase boot refresh`.
    struct Refresh: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "refresh",
            abstract: "Let the booted layer's entry boot the newest kernel installed in that layer.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.refresh()
            context.done(["done": RefreshPlanner.goal])
            await context.close(.nextBoot)
        }
    }

    /// `imgbase boot install`.
    struct Install: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "install",
            abstract:
                "Put the layers into the menu of GRUB or systemd-boot; the rest of the menu stays.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.installBootLoader()
            context.done(["installed": true])
            await context.close(.menu(isInstalled: true))
        }
    }

    /// `imgbase boot uninstall`.
    struct Uninstall: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "uninstall", abstract: "Take the layers out of that menu again.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.uninstallBootLoader()
            context.done(["installed": false])
            await context.close(.menu(isInstalled: false))
        }
    }
}

/// An entry of the boot menu, as JSON.
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
