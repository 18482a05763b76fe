import ImgbasedCore

/// A layer that boots next and has the configuration of the running one. Changes made until shutdown are
/// carried into it too.
public struct StagedLayer: Hashable, Sendable {
    /// The path of the layer.
    public var path: VolumePath
    /// The name of its base.
    public var base: String
    /// The boot record when the layer was found. It names the layer as staged if an attempt to complete it
    /// was interrupted: it then boots only after another attempt has succeeded.
    private let record: BootRecord
    /// The name of the running layer.
    private let from: String

    /// The unit that completes the layer.
    public static let unit = "imgbase-complete.service"

    /// The file with the cause if the layer could not be completed.
    public static let failurePath = "/var/lib/imgbased/carry-failure"

    /// The file in which a layer names the one whose late changes were not carried into it, until the
    /// administrator has looked.
    public static let leftBehindPath = "/var/lib/imgbased/left-behind"

    /// The step that writes this file in the running layer.
    static func leavingBehind(_ layer: String) -> Step {
        .replaceFile(path: leftBehindPath, contents: Array((layer + "\n").utf8), isOnBoot: false)
    }

    /// The step that clears the failure; none if there is no failure.
    static func forgetting(_ state: HostState) -> [Step] {
        state.carryFailure == nil ? [] : [.removeFile(failurePath)]
    }

    /// The staged layer on the host in `state`, or under another `record`; `nil` if there is none.
    public init?(_ state: HostState, _ record: BootRecord? = nil, names: HostNames) {
        let record = record ?? state.boot.record
        let layers = Layout(state.volumes, group: names.group).layers
        // A trial without tries left was booted, whatever its outcome.
        let waiting = record.trial.flatMap { $0.triesLeft > 0 ? $0.layer : nil }
        let next = [waiting, record.once, record.defaultLayer, record.staged]
        // A layer that has booted has its own configuration.
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

    /// Whether the last shutdown carried all changes; now the system runs again.
    public let isSettled: Bool

    /// The goal for messages: `cannot …`.
    public var goal: String { "complete layer '\(path.name)'" }

    /// The steps that let the running system complete the layer at shutdown.
    var waiting: [Step] {
        (isSettled ? [.recordCarry(path, from: from, .open)] : []) + [.startUnit(StagedLayer.unit)]
    }

    /// The plan that makes the layer readable.
    ///
    /// From here on the layer does not boot by itself: after a power cut, or if it cannot be completed, the
    /// running layer boots.
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

    /// The plan that carries the configuration of the running system into the layer again; hooks repeat their
    /// changes. `type` is the layer's file system.
    public func carrying(_ state: HostState, type: FileSystemType) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            guard let booted = state.booted, let from = state.volume(booted) else { throw .notOnALayer }
            let order = try CarryOrder(
                from: from, into: path, of: VolumePath(group: path.group, name: base), state)
            plan.prepare = order.steps(isLate: true)
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

    /// The plan that makes the layer boot as planned before, with an entry for its current `contents`. If it
    /// `isLast`, no more changes follow, unless the layer is not booted after all.
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
            // The staged layer comes before a trial of the running one.
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
