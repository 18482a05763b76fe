import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The command `imgbase packages`.
struct PackagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "packages", abstract: "Show and mend the packages that updates install again.",
        discussion: """
            The archives of packages that are installed by apt, dpkg or dnf and that the base does not have are \
            kept. An update installs them in the new layer. What it could not install is listed with the \
            reason.
            """, subcommands: [List.self, Retry.self, Forget.self, Keep.self], defaultSubcommand: List.self)

    /// `imgbase packages list`.
    struct List: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the packages with a kept archive, and those not installed.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let packages = try context.looking("list the packages") { () throws(HostFailure) in
                try context.session.addedPackages()
            }
            context.result(packages, lines: packages.map(\.line))
        }
    }

    /// `imgbase packages retry`.
    struct Retry: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "retry", abstract: "Install what an update could not, in the running system.")

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            let record = try await context.session.retryPackages()
            context.done(record, lines: record.missing.map(\.line))
            if !context.isDry, !record.missing.isEmpty {
                throw CommandFailure("install packages", .packagesMissing(record.missing.map(\.name)))
            }
        }
    }

    /// `imgbase packages forget`.
    struct Forget: HostCommand {
        static let configuration = CommandConfiguration(
            commandName: "forget",
            abstract: "Do not install packages again, until they are installed anew by hand.")

        @Argument(help: ArgumentHelp("The packages.", valueName: "name"))
        var names: [String]

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.forgetPackages(names)
            context.done(["forgotten": names])
        }
    }

    /// `imgbase packages keep`.
    struct Keep: HostCommand {
        // Only the hooks of dpkg and dnf call it.
        static let configuration = CommandConfiguration(
            commandName: "keep", abstract: "Keep the archives that a running dpkg or dnf unpacks.",
            shouldDisplay: false)

        @Argument(help: ArgumentHelp("The process of dpkg or dnf.", valueName: "pid"))
        var process: Int32

        @OptionGroup var global: GlobalOptions

        func execute(_ context: Context) async throws {
            try await context.session.keepArchives(of: process)
        }
    }
}

/// The command `imgbase diff`.
struct DiffCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Show in which packages two bases or layers differ.",
        discussion: """
            With one name, that layer is compared with its base, and without a name, the booted layer. \
            + marks an added package, - a removed one.
            """)

    // Another view may follow, so this one is named.
    @Flag(help: "Compare the packages.")
    var packages = false

    @Argument(help: "The base or layer before.", completion: .layers)
    var first: String?

    @Argument(help: "The base or layer after.", completion: .layers)
    var second: String?

    @OptionGroup var global: GlobalOptions

    func checkUsage() throws {
        if !packages { throw ValidationError("say what to compare: --packages") }
    }

    func execute(_ context: Context) async throws {
        guard let difference = try await context.session.packageDifference(first, second) else { return }
        context.result(difference.items, lines: difference.items.map(\.line))
    }
}
