import ImgbasedCore

/// A layer into which the configuration of the running one was carried and that is to be booted next: what is changed until
/// the system shuts down belongs there as well.
public struct StagedLayer: Hashable, Sendable {
    /// The layer.
    public var path: VolumePath
    /// The name of its base.
    public var base: String
    /// What is to be booted, as it was recorded when it was found. It names the layer as staged where an earlier attempt to
    /// complete it was cut short, so that it is not booted before another has succeeded.
    private let record: BootRecord
    /// The running layer.
    private let from: String

    /// The unit that completes it.
    public static let unit = "imgbase-complete.service"

    /// Where it is kept why it could not be completed.
    public static let failurePath = "/var/lib/imgbased/carry-failure"

    /// Where a layer keeps from which other one changes were not carried into it, until somebody has looked.
    public static let leftBehindPath = "/var/lib/imgbased/left-behind"

    /// The step that keeps that in the running layer.
    static func leavingBehind(_ layer: String) -> Step {
        .replaceFile(path: leftBehindPath, contents: Array((layer + "\n").utf8), isOnBoot: false)
    }

    /// What clears the failure, where there is one.
    static func forgetting(_ state: HostState) -> [Step] {
        state.carryFailure == nil ? [] : [.removeFile(failurePath)]
    }

    /// The one there is on the host in `state`, if any; or that there will be with another `record` of what is booted.
    public init?(_ state: HostState, _ record: BootRecord? = nil, names: HostNames) {
        let record = record ?? state.boot.record
        let layers = Layout(state.volumes, group: names.group).layers
        // A trial that has used up its tries was booted, whatever became of it.
        let waiting = record.trial.flatMap { $0.triesLeft > 0 ? $0.layer : nil }
        let next = [waiting, record.once, record.defaultLayer, record.staged]
        // One that has been booted has a configuration of its own.
        let fresh = BootPlanner.entries(state.boot).filter { $0.health == .unknown }.map(\.layer)
        guard let booted = state.booted,
            let layer = layers.last(where: {
                $0.carriedFrom == booted.name && $0.path != booted && next.contains($0.name)
                    && fresh.contains($0.name)
            })
        else { return nil }
        from = booted.name
        path = layer.path
        base = layer.baseName ?? layer.name
        self.record = record
        isSettled = layer.isSettled
    }

    /// Whether all there was to carry was carried when the system shut down last; now it runs again.
    public let isSettled: Bool

    /// What is being done, as in `cannot …`.
    public var goal: String { "complete layer '\(path.name)'" }

    /// What is done where the running system is to complete it as it shuts down.
    var waiting: [Step] {
        (isSettled ? [.recordCarry(path, from: from, .open)] : []) + [.startUnit(StagedLayer.unit)]
    }

    /// The plan after which it can be looked into.
    ///
    /// From here on the layer is not booted by itself: what boots after a power cut, or where it cannot be completed, is the
    /// layer that runs now.
    public func opening(_ state: HostState) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            try state.boot.check()
            var during = record
            during.forget(path.name)
            during.staged = path.name
            if let trial = record.trial, trial.layer == path.name { during.stagedTries = trial.tries }
            if during.defaultLayer == path.name { during.defaultLayer = from }
            plan.prepare = try BootPlanner.steps(state.boot, during)
            if state.volume(path)?.isActive != true { plan.prepare.append(.activateVolume(path)) }
            plan.checkScripts()
        } catch {
            throw HostRefusal(goal, error)
        }
        plan.isContinued = true
        return plan
    }

    /// The plan that has the configuration of the running system carried into it once more. What hooks have changed in it,
    /// they change again. `type` is that of its file system.
    public func carrying(_ state: HostState, type: FileSystemType) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            guard let booted = state.booted, let from = state.volume(booted) else { throw .notOnALayer }
            let order = try CarryOrder(
                from: from, into: path, of: VolumePath(group: path.group, name: base), state)
            plan.prepare = order.steps
            plan.undo = order.inactive.map { .deactivateVolume($0) }
            plan.prepare += state.hooks.steps(
                .newLayerAdded, group: path.group, base: base, layer: path.name, fromLayer: booted.name,
                tree: HookRun.Tree(path, type))
        } catch {
            throw HostRefusal(goal, error)
        }
        plan.isContinued = true
        return plan
    }

    /// The plan that has it booted as it was to be before, by an entry that says what is in it now: `contents`. Nothing can
    /// change any more where it `isLast`, unless it is not booted after all.
    public func completing(
        _ state: HostState, contents: LayerContents, isLast: Bool
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            guard let old = BootPlanner.entry(of: path.name, state.boot) else { throw .noEntry(path.name) }
            let entry = old.renewed(contents, of: path, state.boot)
            try entry.checkLength()
            try contents.check(path.name)
            if !state.boot.digests.contains(contents.files.digest) {
                plan.prepare.append(
                    try BootPlanner.install(
                        contents.files, from: .layer(path, contents.type), state.boot))
            }
            var after = record
            (after.staged, after.stagedTries) = (nil, nil)
            // What waits comes before a trial of the system there is.
            if record.staged == path.name, [nil, from].contains(after.trial?.layer) {
                after.trial = BootRecord.Trial(
                    layer: path.name, tries: record.stagedTries ?? BootRecord.Trial.defaultTries)
            }
            plan.commit = try BootPlanner.steps(state.boot, changing: entry, after)
            plan.cleanup = StagedLayer.forgetting(state)
            if isLast { plan.cleanup.append(.recordCarry(path, from: from, .settled)) }
            var boot = state.boot
            boot.entries[path.name] = entry.text
            plan.cleanup += BootPlanner.removalOfUnreferenced(boot)
            plan.checkScripts()
        } catch {
            throw HostRefusal(goal, error)
        }
        return plan
    }
}
