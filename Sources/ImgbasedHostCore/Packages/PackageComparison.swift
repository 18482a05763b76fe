/// `imgbase diff --packages`: the two volumes whose packages are compared.
public struct PackageComparison: Hashable, Sendable {
    /// The goal for messages: `cannot …`.
    public static let goal = "compare packages"

    /// The volume with the packages before, and that with those after.
    public let first, second: VolumePath
    private let inactive: [VolumePath]

    /// The volumes `first` and `second` of the host in `state`; by default the base of a layer, and the
    /// booted layer.
    public init(
        _ first: String?, _ second: String?, _ state: HostState, names: HostNames
    ) throws(HostRefusal) {
        do throws(HostReason) {
            let layout = Layout(state.volumes, group: names.group)
            func volume(_ name: String) throws(HostReason) -> Volume {
                guard let volume = layout[name] else { throw .unknown(name) }
                return volume
            }
            let after: Volume
            var before: Volume?
            switch (first, second) {
            case (let first?, let second?): (before, after) = (try volume(first), try volume(second))
            case (let only?, nil), (nil, let only?): after = try volume(only)
            case (nil, nil):
                guard let booted = state.booted.flatMap(state.volume) else { throw .notOnALayer }
                after = booted
            }
            if before == nil {
                guard after.isLayer else { throw .noPackageDifference }
                before = try UpdatePlanner.original(of: after, state)
            }
            guard let before else { throw .noPackageDifference }
            (self.first, self.second) = (before.path, after.path)
            inactive = Set([before, after]).filter { !$0.isActive }.map(\.path).sorted { $0.name < $1.name }
        } catch {
            throw HostRefusal(PackageComparison.goal, error)
        }
    }

    /// The plan that makes both volumes readable.
    public var opening: Plan {
        var plan = Plan(goal: PackageComparison.goal)
        plan.prepare = inactive.map { .activateVolume($0) }
        plan.undo = inactive.map { .deactivateVolume($0) }
        plan.isContinued = true
        return plan
    }

    /// The plan that leaves them as they were.
    public var closing: Plan {
        var plan = Plan(goal: PackageComparison.goal)
        plan.cleanup = inactive.map { .deactivateVolume($0) }
        return plan
    }
}
