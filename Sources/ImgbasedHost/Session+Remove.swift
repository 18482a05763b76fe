public import ImgbasedCore
public import ImgbasedHostCore

/// What was removed.
public struct RemovalReport: Hashable, Sendable {
    /// The layers and the base, in that order.
    public var names: [String]
    /// By how much less of the pool is in use than before; `nil` where that cannot be told.
    public var freed: Bytes?

    /// For people.
    public var line: String {
        "removed \(names.joined(separator: ", "))" + (freed.map { "; \($0.formatted) freed" } ?? "")
    }
}

extension Session {
    /// `imgbase layer --remove` and `imgbase base --remove`
    public func remove(_ target: RemovalPlanner.Target, isForced: Bool) async throws -> RemovalReport {
        try await changing(target.goal) { try await removeLocked(target, isForced: isForced) }
    }

    /// The bases that are not to be kept, with their layers, when there is another one.
    func leavingBases() async throws -> [Removal] {
        let goal = "make room for another base"
        let settings = try await looking(goal) { () throws(HostFailure) in try Settings.read() }
        let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
        return KeepPolicy(keep: settings.keep).leaving(state, names: names(in: state), adding: true)
    }

    /// What ``remove(_:isForced:)`` does, where this session has the lock.
    @discardableResult
    func removeLocked(_ target: RemovalPlanner.Target, isForced: Bool) async throws -> RemovalReport {
        let planner = RemovalPlanner(target, isForced: isForced)
        var state = HostState()
        let (plan, removal) = try await planning(target.goal) { () throws(HostFailure) in
            state = try await observed()
            return state
        } plan: { state, names throws(HostRefusal) in
            try planner.plan(state, names: names)
        }
        let meter = PoolMeter(of: removal.volumes, in: state)
        let before = meter.used()
        try await carryOut(plan)
        var report = RemovalReport(names: removal.volumes.map(\.name))
        if let before, let after = meter.used() {
            report.freed = Bytes(before.count - min(before.count, after.count))
        }
        return report
    }
}
