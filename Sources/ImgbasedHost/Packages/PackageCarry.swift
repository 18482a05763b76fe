public import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedHostLinux
import ImgbasedLinux

/// Brings the added packages of an old layer into a new one, whose configuration is carried already.
///
/// Nothing that concerns packages alone stops a change of base: it is told.
public struct PackageCarry: Sendable {
    private let runner: CommandRunner
    private let places: PackagePlaces
    /// Whether packages are not installed, because the change is late.
    private let isLate: Bool
    /// Throws if there is no room for archives of this length.
    private let checkRoom: @Sendable (Bytes) throws(HostFailure) -> Void
    private let check: @Sendable (_ tree: String) -> String?

    /// A carry between the trees at `places`. `check` says why the tree at a path cannot be used.
    public init(
        _ runner: CommandRunner, at places: PackagePlaces, isLate: Bool,
        checkRoom: @escaping @Sendable (Bytes) throws(HostFailure) -> Void = { _ in },
        check: @escaping @Sendable (_ tree: String) -> String? = { _ in nil }
    ) {
        (self.runner, self.places, self.isLate) = (runner, places, isLate)
        (self.checkRoom, self.check) = (checkRoom, check)
    }

    /// What would become of the packages.
    public func survey(
        fromBase: borrowing ConfinedTree, from: borrowing ConfinedTree, toBase: borrowing ConfinedTree
    ) async -> PackageRecord {
        let old = PackageTree.record(of: from)
        do throws(HostFailure) {
            let found = try await Found(fromBase: fromBase, from: from, toBase: toBase, places, old, runner)
            let planned = found.selection.chosen.values.map {
                PackageItem($0.id, $0.version, .planned, "from its kept archive", isAutomatic: !$0.isManual)
            }
            return PackageRecord(found.selection.items + planned, forgotten: old.forgotten)
        } catch {
            return PackageRecord(problem: "\(error)", forgotten: old.forgotten)
        }
    }

    /// Brings them into `to`, records what became of them, and returns that, with whether a package was
    /// installed.
    public func run(
        fromBase: borrowing ConfinedTree, from: borrowing ConfinedTree, toBase: borrowing ConfinedTree,
        to: borrowing ConfinedTree
    ) async throws(HostFailure) -> (record: PackageRecord, hasChanged: Bool) {
        let old = PackageTree.record(of: from)
        var result = PackageInstaller.Result()
        var record: PackageRecord
        let found: Found
        do throws(HostFailure) {
            found = try await Found(fromBase: fromBase, from: from, toBase: toBase, places, old, runner)
        } catch {
            // At shutdown, what the update recorded stays true: only what came since is not known.
            let items = isLate ? PackageTree.record(of: to).items : []
            record = PackageRecord(items, problem: "\(error)", forgotten: old.forgotten)
            try PackageTree.put(record, in: to)
            return (record, false)
        }
        var problem: String?
        do throws(HostFailure) {
            try copyArchives(found.archives, from: from, to: to)
        } catch {
            problem = "\(error)"
        }
        let before = PackageTree.record(of: to)
        if problem == nil, !isLate {
            var installer = PackageInstaller(found.selection, lower: places.to)
            installer.check = check
            installer.checkRoom = checkRoom
            do throws(HostFailure) { result = try installer.run(from: from, into: to) } catch {
                // Only before anything of it is taken over.
                guard case .contents(.packages) = error else { throw error }
                problem = "\(error)"
            }
            if result.hasChanged { try finish(found, from, to) }
        }
        record = PackageCarry.record(
            found, try? PackageTree.database(of: to, at: places.to), result, before: before)
        record = PackageRecord(record.items, problem: problem, forgotten: old.forgotten)
        try PackageTree.put(record, in: to)
        try calling(to.flush())
        return (record, result.hasChanged)
    }

    /// What is there to be brought.
    private struct Found {
        var selection: PackageSelection
        var layer: PackageDatabase
        /// The archives that the new layer gets, whether they can be installed now or not.
        var archives: [PackageArchive]

        init(
            fromBase: borrowing ConfinedTree, from: borrowing ConfinedTree, toBase: borrowing ConfinedTree,
            _ places: PackagePlaces, _ record: PackageRecord, _ runner: CommandRunner
        ) async throws(HostFailure) {
            let oldBase = try PackageTree.database(of: fromBase, at: places.fromBase)
            let newBase = try PackageTree.database(of: toBase, at: places.toBase)
            let kept = try PackageTree.archives(in: from)
            let database = try PackageTree.database(of: from, at: places.from)
            guard Set([oldBase, newBase, database].map(\.manager)).count == 1 else {
                throw .contents(.packages(.managersDiffer))
            }
            // Those that an earlier change of base could not install are tried again.
            let pending = Set(record.missing.map(\.id))
            let waiting = kept.filter { database[$0.id] == nil && pending.contains($0.id) }
            let place = from.processPath
            layer = try await PackageCarry.adding(waiting, at: place, to: database, runner)
            selection = PackageSelection(
                base: oldBase, layer: layer, newBase: newBase, archives: kept,
                forgotten: Set(record.forgotten))
            let layer = layer
            archives = kept.filter {
                oldBase.counterpart(of: $0.id) == nil && newBase.counterpart(of: $0.id) == nil
                    && layer[$0.id]?.version == $0.version
            }
        }
    }

    /// `database` with the packages of `archives`, which are in the tree at `place`.
    static func adding(
        _ archives: [PackageArchive], at place: String, to database: PackageDatabase, _ runner: CommandRunner
    ) async throws(HostFailure) -> PackageDatabase {
        if database.manager == .rpm { return database.adding(rpm: archives) }
        var controls: [[UInt8]] = []
        for archive in archives {
            // A damaged archive is as good as none.
            let command = Command(.dpkgDeb, ["--field", place + archive.path])
            if let control = try? await runner.run(command) { controls.append(control) }
        }
        do throws(PackageProblem) { return try database.adding(controls: controls) } catch {
            throw .contents(.packages(error))
        }
    }

    /// Gives `to` these archives and no others.
    private func copyArchives(
        _ archives: [PackageArchive], from: borrowing ConfinedTree, to: borrowing ConfinedTree
    ) throws(HostFailure) {
        let there = try PackageTree.archives(in: to)
        let names = Set(archives.map(\.fileName))
        if archives.isEmpty, there.isEmpty { return }
        // An archive is copied whole and then named: one that is there is whole.
        let lacking = archives.filter { archive in !there.contains { $0.fileName == archive.fileName } }
        let size = Bytes(lacking.reduce(UInt64(0)) { $0 + min($1.size.count, 1 << 50) })
        try checkRoom(size)
        guard size <= to.free else {
            throw .carrying("the new layer lacks room for archives: \(size.formatted)")
        }
        try calling(to.makePrivateDirectory(PackageStore.directory))
        guard let target = try PackageTree.store(of: to) else { return }
        let source = try PackageTree.store(of: from)
        try calling { () throws(SystemError) in
            for archive in there where !names.contains(archive.fileName) {
                try target.remove(Array(archive.fileName.utf8))
            }
            for archive in lacking {
                let name = Array(archive.fileName.utf8)
                guard let source, let facts = try source.look(at: name) else { continue }
                try target.copy(name, in: source, as: name, facts.attributes, isFlushed: true)
            }
        }
    }

    /// Gives the installed packages what else belongs to them in the old layer: configuration files that were
    /// deleted stay deleted, and packages that were installed for others count as such.
    private func finish(
        _ found: Found, _ from: borrowing ConfinedTree, _ to: borrowing ConfinedTree
    ) throws(HostFailure) {
        let now = try PackageTree.database(of: to, at: places.to)
        let installed = found.selection.chosen.values.filter { now[$0.id]?.version == $0.version }
        var configuration = installed.flatMap(\.configurationFiles)
        if now.manager == .rpm {
            let files = try RPMTree(at: places.to).files(of: installed.map(\.id).sorted())
            configuration = files.filter(\.isConfiguration).map(\.path)
        }
        for path in configuration where PackageCarry.isAbsent(path, in: from) {
            if try calling(to.openFile(path)) != nil { try calling(to.removeFile(path)) }
        }
        let automatic = Set(installed.filter { !$0.isManual }.map(\.id))
        if automatic.isEmpty { return }
        let path = PackageDatabase.marksPath
        let marks = try calling(to.read(path, limit: PackageDatabase.limit)) ?? []
        let new: [UInt8]
        do throws(PackageProblem) { new = try now.marks(marks, adding: automatic) } catch {
            throw .contents(.packages(error))
        }
        if new != marks { try calling(to.replaceFile(path, contents: new)) }
    }

    /// Whether nothing is at `path`; what cannot be looked at counts as there.
    private static func isAbsent(_ path: String, in tree: borrowing ConfinedTree) -> Bool {
        do throws(SystemError) { return try tree.openFile(path) == nil } catch { return false }
    }

    /// What became of the packages of `found`, as the new layer's database `now` tells. What this run does not
    /// know, the record `before` may tell.
    private static func record(
        _ found: Found, _ now: PackageDatabase?, _ result: PackageInstaller.Result, before: PackageRecord
    ) -> PackageRecord {
        var items = found.selection.items
        for package in found.selection.chosen.values {
            let isThere = now?[package.id]?.version == package.version
            let outcome: PackageOutcome = isThere ? .installed : .missing
            let known = before.items.first {
                ($0.id, $0.version, $0.outcome) == (package.id, package.version.text, outcome)
            }
            let detail =
                isThere
                ? result.remarks[package.id] ?? known?.detail ?? ""
                : result.problems[package.id] ?? known?.detail
                    ?? "it was installed after the update; install it with 'imgbase packages retry'"
            items.append(
                PackageItem(
                    package.id, package.version, outcome, detail, isAutomatic: !package.isManual))
        }
        for id in now.map({ found.selection.holds(in: $0) }) ?? [] {
            guard let version = now?.counterpart(of: id)?.version else { continue }
            items.append(PackageItem(id, version, .held, "hold it again: this could not be done"))
        }
        return PackageRecord(items)
    }
}
