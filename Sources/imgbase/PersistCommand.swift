import ArgumentParser
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// The command `imgbase persist`.
struct PersistCommand: HostCommand {
    static let configuration = CommandConfiguration(
        commandName: "persist", abstract: "Carry the changes of one tree to another, as update does.",
        discussion: """
            All four are plain directories, each with a whole root file system. The changes from --from-base \
            to --from are carried to --to, which is a copy of --to-base. Run again, it carries only later \
            changes. --dry reports, and changes nothing.
            """)

    @OptionGroup var global: GlobalOptions

    @Option(help: ArgumentHelp("The old base.", valueName: "dir"))
    var fromBase: String

    @Option(
        help: ArgumentHelp("The old layer: the old base with an administrator's changes.", valueName: "dir"))
    var from: String

    @Option(help: ArgumentHelp("The new base.", valueName: "dir"))
    var toBase: String

    @Option(help: ArgumentHelp("The new layer, which is written.", valueName: "dir"))
    var to: String

    @Option(
        help: ArgumentHelp(
            "The content of Config: lists of paths carried besides /etc. (default: config in --from, if there)",
            valueName: "dir"))
    var lists: String?

    private struct Result: Encodable {
        var items: [CarryItem]
        var conflicts: Int
        var left: Int
        var changes: Int
    }

    func execute(_ context: Context) async throws {
        let goal = "carry the changes of '\(from)' to '\(to)'"
        var hasBegun = false
        do throws(HostFailure) {
            if !context.isDry { try Session.checkRoot() }
            try checkDirectories()
            let fromBase = try PersistCommand.tree(fromBase)
            let from = try PersistCommand.tree(from)
            let toBase = try PersistCommand.tree(toBase)
            let to = try PersistCommand.tree(to)
            let carrier = Carrier(lists: try readLists(), policy: try CarryPolicy.read(from: from))
            let survey = try carrier.survey(fromBase: fromBase, from: from, toBase: toBase, to: to)
            if !context.isDry {
                try Carrier.check(survey)
                guard survey.written <= to.free else {
                    throw .carrying(
                        "the file system of '\(self.to)' lacks \(Bytes(survey.written.count - to.free.count).formatted) for "
                            + "the changes; make room, or shorten the lists")
                }
                if !survey.changesNothing {
                    hasBegun = true
                    try carrier.apply(survey, from: from, toBase: toBase, to: to)
                    do throws(SystemError) { try to.flush() } catch { throw .system(error) }
                }
            }
            let isRefused = !survey.report.refusals.isEmpty
            let changes = isRefused ? 0 : survey.changes.count
            let result = Result(
                items: survey.report.items, conflicts: survey.report.conflicts.count,
                left: survey.report.left.count, changes: changes)
            let summary =
                isRefused
                ? "no changes would be made" : PersistCommand.summary(changes, isDry: context.isDry)
            context.result(result, lines: survey.report.lines + [summary])
            // A dry run ends as the real run would.
            try Carrier.check(survey)
        } catch {
            var failure = CommandFailure(goal, error, leavesChanges: hasBegun)
            failure.isRefusal = !hasBegun
            throw failure
        }
    }

    private static func summary(_ changes: Int, isDry: Bool) -> String {
        switch (changes, isDry) {
        case (0, _): "there is nothing to change"
        case (_, true): "\(changes) changes would be made"
        case (_, false): "\(changes) changes were made"
        }
    }

    /// Checks that each exists, and that none is another or in another.
    ///
    /// In different file systems, one may be in another: mount points are not walked.
    private func checkDirectories() throws(HostFailure) {
        var seen: [(option: String, path: TreePath, device: String?)] = []
        let all = [
            ("--from-base", fromBase), ("--from", from), ("--to-base", toBase), ("--to", to),
        ]
        for (option, directory) in all {
            guard let resolved = HostSystem.resolved(directory), HostSystem.isDirectory(resolved),
                let path = TreePath(parsing: resolved)
            else {
                throw .carrying("there is no directory '\(directory)'; \(option) needs one")
            }
            let device = HostSystem.device(of: resolved)
            for other in seen where other.path.covers(path) || path.covers(other.path) {
                if other.path == path {
                    throw .carrying(
                        "\(other.option) and \(option) are both '\(path)'; give four different directories")
                }
                if other.device != device { continue }
                let (inner, outer) = path.covers(other.path) ? (other.option, option) : (option, other.option)
                throw .carrying(
                    "the directory of \(inner) is in that of \(outer); give four separate directories")
            }
            seen.append((option, path, device))
        }
    }

    private static func tree(_ directory: String) throws(HostFailure) -> ConfinedTree {
        do throws(SystemError) { return try ConfinedTree(directory) } catch { throw .system(error) }
    }

    private func readLists() throws(HostFailure) -> CarryLists {
        if let lists { return try CarryLists.read(from: try PersistCommand.tree(lists)) }
        let usual = from + "/config"
        guard HostSystem.isDirectory(usual) else {
            let names: [String]
            let tree = try PersistCommand.tree(from)
            do throws(SystemError) { names = try tree.names(in: "/", limit: .max) } catch {
                throw .system(error)
            }
            // The paths that its lists name would be lost.
            guard !names.contains("config") else {
                throw .carrying("'\(usual)' is no directory; say with --lists where the lists are")
            }
            return CarryLists()
        }
        return try CarryLists.read(from: try PersistCommand.tree(usual))
    }
}
