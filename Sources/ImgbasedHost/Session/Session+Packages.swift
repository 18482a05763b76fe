import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Session {
    /// A package that the administrator added, as `imgbase packages` lists it.
    public struct AddedPackage: Hashable, Sendable, Encodable {
        /// The name, architecture and version.
        public var name, architecture, version: String
        /// Whether it is installed in the running layer.
        public var isInstalled: Bool
        /// Whether its archive is kept.
        public var isKept: Bool
        /// Why it is not installed; `nil` if it is, or nothing is known.
        public var problem: String?

        /// The package in one line for the user.
        public var line: String {
            let state =
                isInstalled ? "installed" : problem.map { "not installed: \($0)" } ?? "not installed"
            return "\(name):\(architecture) \(version): \(state)\(isKept ? "" : "; no archive of it is kept")"
        }
    }

    /// The lock of the archives. A package manager must not wait for an update.
    private static let archiveLock = "/run/imgbased/packages.lock"

    /// The packages of the running layer with kept archives, and those that an update could not install.
    public func addedPackages() throws(HostFailure) -> [AddedPackage] {
        try Session.checkRoot()
        let tree = try calling(ConfinedTree("/"))
        let database = try runningPackages()
        let archives = try PackageTree.archives(in: tree)
        let record = PackageTree.record(of: tree)
        var found: [AddedPackage] = []
        for archive in archives {
            let item = record.missing.first { $0.id == archive.id }
            let isInstalled = database[archive.id]?.version == archive.version
            found.append(
                AddedPackage(
                    name: archive.id.name, architecture: archive.id.architecture,
                    version: archive.version.text, isInstalled: isInstalled, isKept: true,
                    problem: isInstalled ? nil : item?.detail))
        }
        for item in record.missing where !archives.contains(where: { $0.id == item.id }) {
            found.append(
                AddedPackage(
                    name: item.name, architecture: item.architecture, version: item.version,
                    isInstalled: database[item.id] != nil, isKept: false,
                    problem: database[item.id] != nil ? nil : item.detail))
        }
        return found
    }

    /// Carries out `imgbase packages keep`, which dpkg(1) runs before it unpacks archives, and dnf(8) when it has
    /// unpacked them.
    public func keepArchives(of process: Int32) async throws {
        let goal = ArchivePlanner.goal
        let settings = try await looking(goal) { () throws(HostFailure) in try Settings.read() }
        let offered = try await looking(goal) { () throws(HostFailure) in
            try Session.checkRoot()
            return try await ArchiveKeeper(runner: runner).offered(by: process)
        }
        if offered.isEmpty { return }
        let lock: HostLock
        do throws(SystemError) { lock = try HostLock.take(Session.archiveLock, waiting: {}) } catch {
            throw CommandFailure.refusal(goal, .system(error))
        }
        let plan = try await looking(goal) { () throws(HostFailure) in
            let tree = try calling(ConfinedTree("/"))
            return ArchivePlanner.plan(
                offered, installed: try runningPackages(),
                kept: try PackageTree.archives(in: tree), limit: settings.packagesLimit,
                record: PackageTree.record(of: tree))
        }
        try await carryOut(plan)
        lock.release()
        // The journal has it too. Who installs should know it now.
        for case .tell(let messages, _) in plan.cleanup { messages.forEach { notice($0.text) } }
    }

    /// Carries out `imgbase packages forget`.
    public func forgetPackages(_ names: [String]) async throws {
        let goal = "forget packages"
        try await changing(goal, ofThisHost: false) {
            let (kept, record) = try await looking(goal) { () throws(HostFailure) in
                let tree = try calling(ConfinedTree("/"))
                return (try PackageTree.archives(in: tree), PackageTree.record(of: tree))
            }
            try await carryOut(try ArchivePlanner.forget(names, kept: kept, record: record))
        }
    }

    /// Carries out `imgbase packages retry`: installs in the running system, as the administrator would, what
    /// an update could not. Returns the record afterwards.
    public func retryPackages() async throws -> PackageRecord {
        let goal = "install packages"
        return try await changing(goal, ofThisHost: false) {
            let settings = try await looking(goal) { () throws(HostFailure) in try Settings.read() }
            var (record, selection, database) = try await looking(goal) { () throws(HostFailure) in
                try await pending()
            }
            if record.missing.isEmpty { return record }
            var problems: [PackageName: String] = [:]
            for set in selection.sets(in: database) {
                var left = set
                while !left.isEmpty {
                    do throws(CommandFailure) {
                        for run in selection.runs(of: left) {
                            var plan = Plan(goal: goal)
                            plan.commit = [.installArchives(run, by: selection.manager)]
                            try await carryOut(plan)
                        }
                        break
                    } catch {
                        let reason = "\(error.cause)"
                        var blamed = selection.blamed(left, for: reason, reason, besides: problems)
                        if blamed.isEmpty { for id in left { blamed[id] = reason } }
                        problems.merge(blamed) { first, _ in first }
                        left.subtract(blamed.keys)
                    }
                }
            }
            if !isShowing { database = try await looking(goal, runningPackages) }
            let left = record.missing.filter { database[$0.id] == nil }
            if settings.packagesFromNetwork {
                for item in left {
                    var plan = Plan(goal: goal)
                    plan.commit = [.installFromRepositories([item.id], by: selection.manager)]
                    do throws(CommandFailure) { try await carryOut(plan) } catch {
                        problems[item.id] = "\(error.cause)"
                    }
                }
                if !isShowing { database = try await looking(goal, runningPackages) }
            }
            let reasons = selection.items.filter(\.outcome.needsLook)
            record = PackageRecord(
                record.items.map { item in
                    var item = item
                    guard item.outcome == .missing else { return item }
                    if database[item.id] != nil {
                        (item.outcome, item.detail) = (.installed, "")
                    } else if let reason = problems[item.id]
                        ?? reasons.first(where: { $0.id == item.id })?.detail
                    {
                        item.detail = reason.asMessageLine
                    }
                    return item
                }, problem: nil, forgotten: record.forgotten)
            var plan = Plan(goal: goal)
            plan.commit = [.recordPackages(record)]
            try await carryOut(plan)
            return record
        }
    }

    private func runningPackages() throws(HostFailure) -> PackageDatabase {
        try PackageTree.database(of: try calling(ConfinedTree("/")), at: .directory("/"))
    }

    /// What an update could not install, and what of it can be installed in the running system.
    private func pending() async throws(HostFailure) -> (PackageRecord, PackageSelection, PackageDatabase) {
        let tree = try calling(ConfinedTree("/"))
        let database = try runningPackages()
        let record = PackageTree.record(of: tree)
        let wanted = Set(record.missing.map(\.id))
        let archives = try PackageTree.archives(in: tree)
        let waiting = archives.filter { wanted.contains($0.id) && database[$0.id] == nil }
        let all = try await PackageCarry.adding(waiting, at: "", to: database, runner)
        let selection = PackageSelection(
            base: database, layer: all, newBase: database, archives: archives)
        return (record, selection, database)
    }

    /// Carries out `imgbase diff --packages`: how the packages of `second` differ from those of `first`.
    ///
    /// Without names, these are the booted layer and its base. A volume that is not active is activated
    /// meanwhile.
    public func packageDifference(
        _ first: String?, _ second: String?
    ) async throws -> PackageDifference? {
        let goal = "compare packages"
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await probe.volumes() }
            let order = try PackageComparison(first, second, state, names: names(in: state))
            try await carryOut(order.opening)
            if isShowing {
                try await carryOut(order.closing)
                return nil
            }
            do {
                let result = try await looking(goal) { () throws(HostFailure) in
                    PackageDifference(
                        from: try packages(of: order.first, state), to: try packages(of: order.second, state))
                }
                try await carryOut(order.closing)
                return result
            } catch {
                // The first failure tells more.
                _ = try? await carryOut(order.closing)
                throw error
            }
        }
    }

    private func packages(of volume: VolumePath, _ state: HostState) throws(HostFailure) -> PackageDatabase {
        if volume == state.booted { return try runningPackages() }
        let tree = try VolumeCarry.mount(volume, .untouched)
        return try PackageTree.database(of: tree, at: try PackagePlaces.place(of: volume, isReadOnly: true))
    }
}
