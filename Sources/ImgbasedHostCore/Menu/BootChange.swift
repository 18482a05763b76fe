import ImgbasedCore

/// A change made by `imgbase boot`: which layer boots, or with which arguments.
public enum BootChange: Hashable, Sendable {
    /// Makes a layer the default.
    case setDefault(String)
    /// Boots a layer at the next boot only.
    case once(String)
    /// Boots a layer unattended until it comes up healthy or has used up its tries.
    case trial(String, tries: Int)
    /// The booted layer has come up, healthy or not.
    case started
    /// The booted layer has come up healthy.
    case good
    /// The booted layer has not come up healthy; the text is the cause, `nil` if unknown. `goesBack`: the
    /// system then restarts into a better layer, if one exists.
    case bad(String? = nil, goesBack: Bool = false)
    /// Changes the kernel arguments of a layer.
    case arguments(of: String, add: [String], remove: [String])

    /// The goal for messages: `cannot …`.
    public var goal: String {
        switch self {
        case .setDefault(let layer): "set the default to '\(layer)'"
        case .once(let layer): "boot '\(layer)' once"
        case .trial(let layer, _): "try '\(layer)'"
        case .started: "note the start of the booted layer"
        case .good: "mark the booted layer good"
        case .bad: "mark the booted layer bad"
        case .arguments(let layer, _, _): "change the arguments of '\(layer)'"
        }
    }
}

extension BootPlanner {
    /// The plan for `change`. It writes entries before the record, so that the record only names entries that
    /// exist.
    public static func plan(
        _ change: BootChange, _ state: HostState, names: HostNames
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: change.goal)
        do throws(HostReason) {
            try state.boot.check()
            if change.isOfThisBoot, isBootedByOthers(state) {
                // Nothing to record.
                plan.commit = [.tell([], motd: HostStatus(state, names: names).lines)]
                return plan
            }
            try change.check(state.boot)
            let old = try entry(change.layer(booted: state.booted), state, names)
            if change.nextLayer != nil, let path = old.strangePath { throw .strangePath(path, of: old.layer) }
            if change.nextLayer != nil, state.boot.withoutHelper.contains(old.initrd) {
                throw .noHelper(layer: old.layer, initrd: old.initrd)
            }
            var entry = old
            var record = state.boot.record
            if change == .good, state.earlyBoot?.mode == .volatile {
                // A volatile boot proves nothing about the stored layer.
                let text =
                    "layer '\(old.layer)' came up healthy, but is not marked good: nothing written to it is kept"
                plan.commit = [
                    .tell(
                        [JournalMessage(.warning, layer: old.layer, text)],
                        motd: HostStatus(state, names: names).lines)
                ]
                return plan
            }
            try change.apply(to: &record, &entry, state)
            let steps = try steps(state.boot, changing: entry, record)
            plan.commit = Array(steps.prefix(1))
            plan.cleanup = Array(steps.dropFirst())
            if change.isOfThisBoot {
                var after = state
                after.boot.entries[entry.layer] = entry.text
                after.boot.environment = try block(record, state.boot)
                if change == .started { plan.cleanup += Self.startSteps(state, names) }
                plan.cleanup += change.consequences(after: old, HostStatus(after, names: names))
            } else if let staged = StagedLayer(state, record, names: names),
                staged.path != StagedLayer(state, names: names)?.path
            {
                // The layer may have waited before and been given up.
                plan.cleanup += staged.waiting
            }
            // Last: whether a layer is good, and where the host goes, does not depend on it.
            if change == .started || !change.isOfThisBoot {
                plan.cleanup += state.boot.removalOfBootLeftovers
            }
            plan.checkScripts()
        } catch {
            throw HostRefusal(plan.goal, error)
        }
        return plan
    }

    /// Whether something other than our menu booted this system: a layer without an entry of ours, or a
    /// volume that is no layer. Our initramfs boots such a volume too, if `root=` names it.
    private static func isBootedByOthers(_ state: HostState) -> Bool {
        guard let booted = state.booted else { return state.root != nil }
        return state.boot.loader == nil || state.boot.entries[booted.name] == nil
    }

    /// The steps at the start of a system, besides the record.
    ///
    /// - Changes to another layer are no longer carried into the booted layer.
    /// - An interrupted addition of the booted layer is completed, since it has booted.
    /// - Changes made until shutdown are carried into the layer that boots next.
    /// - The layer before is kept, if not all of its changes were carried.
    private static func startSteps(_ state: HostState, _ names: HostNames) -> [Step] {
        guard let booted = state.booted.flatMap(state.volume) else { return [] }
        let layout = Layout(state.volumes, group: names.group)
        var steps: [Step] = []
        if let base = layout[booted.baseName ?? ""], base.isUpdating {
            steps.append(.completeUpdate(base.path))
        }
        if booted.tags.contains(Tag.unlisted) { steps.append(.listLayer(booted.path)) }
        // Whether or not that layer boots next, it lacks the changes made from now on.
        for layer in layout.layers where layer.carriedFrom == booted.name && layer.isSettled {
            steps.append(.recordCarry(layer.path, from: booted.name, .open))
        }
        if StagedLayer(state, names: names) != nil { steps.append(.startUnit(StagedLayer.unit)) }
        // A volatile boot keeps nothing, so it does not end the carry.
        if let from = booted.carriedFrom, state.earlyBoot?.mode ?? .readWrite == .readWrite {
            if !booted.isSettled { steps.append(StagedLayer.leavingBehind(from)) }
            if let layer = layout[from], !layer.isLeftWithChanges, state.carried?.left != 0 {
                steps.append(.recordLeft(layer.path))
            }
            steps.append(.recordCarry(booted.path, from: from, .over))
        }
        return steps
    }

    private static func entry(
        _ layer: String, _ state: HostState, _ names: HostNames
    ) throws(HostReason) -> BootEntry {
        let layout = Layout(state.volumes, group: names.group)
        guard let volume = layout[layer], volume.isLayer else { throw .notALayer(layer) }
        if layout.isBeingRemoved(volume), volume.path != state.booted { throw .isBeingRemoved(layer) }
        guard let entry = entry(of: layer, state.boot) else { throw .noEntry(layer) }
        return entry
    }
}

extension BootChange {
    /// Whether the change reports how the running system booted; the system's own units do.
    public var isOfThisBoot: Bool {
        switch self {
        case .started, .good, .bad: true
        case .setDefault, .once, .trial, .arguments: false
        }
    }

    /// The layer the change boots next; `nil` if it boots none.
    public var nextLayer: String? {
        switch self {
        case .setDefault(let layer), .once(let layer), .trial(let layer, _): layer
        case .started, .good, .bad, .arguments: nil
        }
    }

    /// Throws if the boot loader would not do the change.
    fileprivate func check(_ boot: BootState) throws(HostReason) {
        switch self {
        // For systemd-boot a firmware variable says it.
        case .once where boot.loader == .systemdBoot: break
        case .once, .trial: if let problem = boot.problem { throw problem }
        case .setDefault, .started, .good, .bad, .arguments: break
        }
    }

    /// Whether the system goes back to a better layer, if one exists.
    public var goesBack: Bool {
        if case .bad(_, let goesBack) = self { goesBack } else { false }
    }

    /// The steps after the change is recorded; `old` is the entry before, `status` the status after.
    fileprivate func consequences(after old: BootEntry, _ status: HostStatus) -> [Step] {
        var messages: [JournalMessage] = []
        var steps: [Step] = []
        switch self {
        case .started: messages = status.messages
        case .good:
            messages = [JournalMessage(.good, layer: old.layer, "layer '\(old.layer)' came up healthy")]
        case .bad(let problem, let goesBack):
            let cause = problem.map { ": \($0)" } ?? ""
            var text = "layer '\(old.layer)' did not come up healthy\(cause)"
            if goesBack {
                let recovery = Recovery(after: old, status)
                text += "; \(recovery)"
                if recovery.restarts { steps = [.restart] }
            }
            let kind: JournalMessage.Kind = steps.isEmpty ? .bad : .goingBack
            messages = [JournalMessage(kind, layer: old.layer, text)]
        case .setDefault, .once, .trial, .arguments: break
        }
        return [.tell(messages, motd: status.lines)] + steps
    }

    fileprivate func layer(booted: VolumePath?) throws(HostReason) -> String {
        switch self {
        case .setDefault(let layer), .once(let layer), .trial(let layer, _), .arguments(let layer, _, _):
            return layer
        case .started, .good, .bad:
            guard let booted else { throw .notOnALayer }
            return booted.name
        }
    }

    fileprivate func apply(
        to record: inout BootRecord, _ entry: inout BootEntry, _ state: HostState
    ) throws(HostReason) {
        let layer = entry.layer
        switch self {
        case .setDefault where record.defaultLayer == nil && state.canGoBackBesides:
            // The layer becomes the default once it has come up.
            record.leavesDefault = true
            record.trial = BootRecord.Trial(layer: layer, tries: BootRecord.Trial.defaultTries)
            record.lost = nil
            if entry.health == .bad { (entry.health, entry.problem) = (.unknown, nil) }
        case .setDefault:
            (record.defaultLayer, record.lost) = (layer, nil)
            // The administrator's choice ends a trial of the same layer and any trial with tries left. A
            // trial that is over stays: it still has something to report.
            if let trial = record.trial, trial.layer == layer || trial.triesLeft > 0 { record.trial = nil }
        case .once:
            record.once = layer
        case .trial(_, let tries):
            (record.trial, record.lost) = (BootRecord.Trial(layer: layer, tries: tries), nil)
            // The layer must prove itself again.
            if entry.health == .bad { (entry.health, entry.problem) = (.unknown, nil) }
        case .started:
            if record.staged == layer { record.staged = nil }
            guard let trial = record.trial, trial.layer == layer, trial.triesUsed > 0 else { break }
            if state.boot.reason == .trial { record.trial?.starts.insert(trial.triesLeft) }
        case .good:
            (entry.health, entry.problem) = (.good, nil)
            (record.good, record.leavesDefault) = (layer, false)
            if let trial = record.trial, trial.layer == layer {
                let lost = trial.fates(isRunning: state.boot.reason == .trial).lost
                record.lost = lost > 0 ? BootRecord.Lost(layer: layer, count: lost, tries: trial.tries) : nil
                record.trial = nil
                record.defaultLayer = layer
            } else if record.trial != nil, state.boot.reason == .trial {
                // Another layer was put on trial before this one came up.
                record.defaultLayer = layer
            } else if record.defaultLayer == nil {
                record.defaultLayer = layer
            }
            // The layer has come up again since.
            if record.lost?.layer == layer, state.boot.reason != .trial { record.lost = nil }
        case .bad(let problem, _):
            (entry.health, entry.problem) = (.bad, problem)
            if record.good == layer { record.good = nil }
            // The trial stays recorded for its report.
            if record.trial?.layer == layer { record.trial?.triesLeft = 0 }
            // Go back to a layer known to come up, if one exists.
            if record.defaultLayer == layer {
                let others = BootPlanner.entries(state.boot).filter { $0.layer != layer }
                let good = others.first { $0.layer == record.good } ?? others.first { $0.health == .good }
                record.defaultLayer = good?.layer ?? layer
            }
        case .arguments(_, let add, let remove):
            try entry.options.change(adding: add, removing: remove)
            // Arguments that were written too long can be shortened bit by bit.
            if !add.isEmpty { try entry.checkLength() }
        }
    }
}
