import FoundationEssentials
public import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// Carries the administrator's changes from one layer to another, on another base.
///
/// The old base, the old layer and the new base alone decide what the new layer is to have, whatever it has
/// now. So the next run finishes an interrupted one, and a run with nothing to change writes nothing.
public struct Carrier: Sendable {
    /// Adapts the content of a file before any comparison.
    public typealias Adjustment = @Sendable ([UInt8]) -> [UInt8]

    private let settings: CarrySettings
    /// Notes on files beside the lists and rules that are not read.
    private let unread: [CarryItem]
    /// The places of the trees, if packages are brought along as well.
    private let places: PackagePlaces?
    /// How often a layer is walked if something in it vanishes meanwhile.
    private static let tries = 10

    /// A carrier of `/etc` and of the paths on `lists`.
    ///
    /// `adjusting` names files that always differ between layers, such as /etc/fstab, by their path in a
    /// tree. In all trees they are adapted to the new layer before the comparison. `mounted` lists the mount
    /// points of the running system, if that is the source. Of each path that only a rule names, at most
    /// `limit` bytes are carried, and nothing of the `shared` places. `places` tells where the trees
    /// are, if packages are brought along as well: then the files that they brought are not told as left, and
    /// those that they made in the new layer stay.
    public init(
        lists: CarryLists, policy: CarryPolicy, adjusting: [TreePath: Adjustment] = [:],
        mounted: [TreePath] = [], shared: [TreePath] = [], limit: Bytes = Settings().carryLimit,
        places: PackagePlaces? = nil
    ) {
        self.places = places
        var settings = CarrySettings(
            scope: CarryScope(files: lists.files, merged: lists.merged), policy: policy)
        settings.adjustments = adjusting
        settings.mounted = mounted
        settings.shared = shared
        settings.limit = limit
        self.settings = settings
        unread = lists.unread + policy.unread
    }

    /// Surveys all four trees and changes nothing.
    public func survey(
        fromBase: borrowing ConfinedTree, from: borrowing ConfinedTree, toBase: borrowing ConfinedTree,
        to: borrowing ConfinedTree
    ) throws(HostFailure) -> CarrySurvey {
        let base = try Carrier.root(fromBase)
        let ours = try Carrier.root(from)
        let new = try Carrier.root(toBase)
        let target = try Carrier.root(to)
        var settings = settings
        settings.beside = Carrier.beside(in: from)
        if let places {
            settings.packaged = PackageTree.addedFiles(in: from, besides: fromBase, at: places)
            settings.made = PackageTree.madePaths(in: to)
        }
        let review = CarryReview.read(from: to)
        settings.written = review.madePaths
        settings.mergeProblem = { path, text in
            review.reason(against: Digest.of(text), at: path)
        }
        do throws(TreeReadError) {
            return try Carrier.retrying(where: \.isMissing) { () throws(TreeReadError) in
                var survey = try CarryWalk.survey(
                    base: base, ours: ours, new: new, target: target, settings)
                survey.report = CarryReport(survey.report.items + unread)
                return survey
            }
        } catch {
            throw .carrying("\(error)")
        }
    }

    /// Makes the changes in `survey`, in order.
    ///
    /// Nothing is flushed: `ConfinedTree.flush` does that for all of them. Throws if the policy refuses.
    public func apply(
        _ survey: CarrySurvey, from: borrowing ConfinedTree, toBase: borrowing ConfinedTree,
        to: borrowing ConfinedTree
    ) throws(HostFailure) {
        try Carrier.check(survey)
        var application = CarryApplication(
            from: try Carrier.root(from), toBase: try Carrier.root(toBase), to: try Carrier.root(to))
        do throws(SystemError) {
            for change in survey.changes { try application.make(change) }
        } catch {
            throw .system(error)
        }
    }

    /// Surveys, applies, keeps the report in the new layer, and flushes the layer.
    ///
    /// The flush also covers the changes of an interrupted run. A running layer may change meanwhile. If
    /// `check` throws, nothing is changed.
    public func carry(
        fromBase: borrowing ConfinedTree, from: borrowing ConfinedTree, toBase: borrowing ConfinedTree,
        to: borrowing ConfinedTree, _ check: (CarrySurvey) throws(HostFailure) -> Void = { _ in }
    ) throws(HostFailure) -> CarryReport {
        let report = try Carrier.retrying(where: \.isMissing) { () throws(HostFailure) in
            let survey = try survey(fromBase: fromBase, from: from, toBase: toBase, to: to)
            try check(survey)
            try apply(survey, from: from, toBase: toBase, to: to)
            return survey.report
        }
        try report.keep(in: to)
        return report
    }

    /// Repeats `body`, up to `tries` times in all, if its failure may pass.
    private static func retrying<Result, Failure>(
        where isPassing: (Failure) -> Bool, _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        for _ in 1..<tries {
            do throws(Failure) { return try body() } catch { guard isPassing(error) else { throw error } }
        }
        return try body()
    }

    /// Throws if the policy refuses a conflict.
    public static func check(_ survey: CarrySurvey) throws(HostFailure) {
        let refusals = survey.report.refusals
        guard let first = refusals.first else { return }
        let others = refusals.count > 1 ? ", and \(refusals.count - 1) more" : ""
        throw .carrying("the policy refuses the conflict at '\(first.path)'\(others): \(first.detail)")
    }

    /// The versions that stand beside files in `tree`, by the report on what was carried into it.
    ///
    /// Versions now wait in `ConflictStore`. Without a report that can be read, the files are the administrator's.
    private static func beside(in tree: borrowing ConfinedTree) -> [TreePath: TreePath] {
        struct Kept: Decodable {
            struct Item: Decodable {
                var path: String
                var beside: String?
            }
            var items: [Item]
        }
        guard let bytes = try? tree.read(CarryReport.path, limit: 16 << 20),
            let kept = try? JSONDecoder().decode(Kept.self, from: Data(bytes))
        else { return [:] }
        var found: [TreePath: TreePath] = [:]
        for item in kept.items {
            guard let side = item.beside.flatMap(TreePath.init(escaped:)),
                let path = TreePath(escaped: item.path)
            else { continue }
            found[side] = path
        }
        return found
    }

    private static func root(_ tree: borrowing ConfinedTree) throws(HostFailure) -> OpenDirectory {
        do throws(SystemError) { return try tree.directory() } catch { throw .system(error) }
    }
}

extension HostFailure {
    fileprivate var isMissing: Bool {
        if case .system(let error) = self { error.isMissing } else { false }
    }
}

extension CarryReport {
    /// Keeps the report in `tree`, and flushes that.
    func keep(in tree: borrowing ConfinedTree) throws(HostFailure) {
        let contents = try encoded()
        try calling { () throws(SystemError) in
            let kept = try? tree.read(CarryReport.path, limit: contents.count)
            if kept != contents {
                try tree.replaceFile(CarryReport.path, contents: contents, permissions: 0o600)
            }
            try tree.flush()
        }
    }

    /// The JSON that a layer keeps.
    fileprivate func encoded() throws(HostFailure) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do {
            return Array(try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw .carrying("\(error)".oneLine)
        }
    }
}

/// Makes changes in one tree with the content of two others.
private struct CarryApplication {
    private var sources: [CarrySource: Cursor]
    private var target: Cursor

    init(from: OpenDirectory, toBase: OpenDirectory, to: OpenDirectory) {
        sources = [.from: Cursor(from), .toBase: Cursor(toBase)]
        target = Cursor(to)
    }

    mutating func make(_ change: CarryChange) throws(SystemError) {
        let path = change.path
        guard let name = path.name else { return }
        switch change {
        case .remove:
            // A directory open in it is closed first.
            target.leave(path)
            try target.directory(of: path).remove(name)
        case .makeDirectory:
            let directory = try target.directory(of: path)
            try directory.remove(OpenDirectory.temporaryName)
            try directory.makeDirectory(name)
        case .copy(_, let source, let original, let attributes):
            guard let originalName = original.name, let from = try sources[source]?.directory(of: original)
            else {
                return
            }
            try target.directory(of: path).copy(originalName, in: from, as: name, attributes)
        case .write(_, let bytes, let attributes):
            try target.directory(of: path).write(bytes, as: name, attributes)
        case .make(_, let kind, let attributes):
            try target.directory(of: path).make(kind, as: name, attributes)
        case .link(_, let other):
            guard let otherName = other.name else { return }
            let directory = try target.directory(of: path)
            let there = try target.opened(other)
            try directory.link(name, to: otherName, in: there)
        case .set(_, let kind, let attributes):
            try target.directory(of: path).set(attributes, of: name, kind)
        }
    }

    /// A tree and the directory last used in it: changes come directory by directory.
    private struct Cursor {
        private let root: OpenDirectory
        private var last: (path: TreePath, directory: OpenDirectory)

        init(_ root: OpenDirectory) {
            self.root = root
            last = (.root, root)
        }

        /// The directory that contains `path`. It becomes the one last used.
        mutating func directory(of path: TreePath) throws(SystemError) -> OpenDirectory {
            let parent = path.parent ?? .root
            if last.path != parent { last = (parent, try root.open(path: parent)) }
            return last.directory
        }

        /// The same, but the directory last used stays.
        func opened(_ path: TreePath) throws(SystemError) -> OpenDirectory {
            let parent = path.parent ?? .root
            return last.path == parent ? last.directory : try root.open(path: parent)
        }

        /// Closes the directory last used if it is `path` or below.
        mutating func leave(_ path: TreePath) {
            if path.covers(last.path) { last = (.root, root) }
        }
    }
}
