import ImgbasedCore

/// `imgbase rollback`: back to the layer before, on trial.
public enum RollbackPlanner {
    /// What is being done, as in `cannot …`.
    public static let goal = "roll back"

    /// What a rollback without a name means on the host in `state`.
    public enum Way: Hashable, Sendable {
        /// A layer that has not been booted yet is not tried after all.
        case takeBack(String)
        /// Another layer is tried.
        case tryLayer(String)
    }

    /// What is rolled back to: `layer`; or, where nobody says, what was there before: while an update has not been booted that is
    /// what there is now, which has nothing to carry from the other; and afterwards the newest older layer that came up healthy, or
    /// else one that was never booted.
    public static func way(
        to layer: String?, carriesConfiguration: Bool, _ state: HostState, names: HostNames
    ) throws(HostRefusal) -> Way {
        do throws(HostReason) {
            let layout = Layout(state.volumes, group: names.group)
            if let layer {
                guard layout[layer]?.isLayer == true else { throw .notALayer(layer) }
                if state.booted?.name == layer { throw .isBooted(layer) }
                return .tryLayer(layer)
            }
            guard let booted = state.booted else { throw .notOnALayer }
            if let staged = StagedLayer(state, names: names) {
                if carriesConfiguration { throw .nothingToCarry(from: staged.path.name) }
                return .takeBack(staged.path.name)
            }
            let entries = BootPlanner.entries(state.boot)
            let older = layout.layers.prefix { $0.path != booted }.reversed().map(\.name)
            // What came up before first: a layer may be there that was never booted.
            for health in [LayerHealth.good, .unknown] {
                let usable = older.first { name in
                    entries.contains { $0.layer == name && $0.health == health }
                }
                if let usable { return .tryLayer(usable) }
            }
            throw HostReason.noOlderLayer(than: booted.name)
        } catch {
            throw HostRefusal(goal, error)
        }
    }

    /// The step that runs the hooks of a rollback; none where there are none.
    public static func hooks(_ way: Way, _ state: HostState, names: HostNames) -> [Step] {
        let layer: String?
        let from: String?
        switch way {
        case .takeBack(let staged): (layer, from) = (state.booted?.name, staged)
        case .tryLayer(let name): (layer, from) = (name, state.booted?.name)
        }
        let volume = layer.flatMap { state.volume(VolumePath(group: names.group, name: $0)) }
        return state.hooks.steps(
            .rollback, group: names.group, base: volume?.baseName, layer: layer, fromLayer: from)
    }

    /// The base of `layer`, on which a new one gets the configuration of the running system.
    public static func base(
        of layer: String, _ state: HostState, names: HostNames
    ) throws(HostRefusal) -> VolumePath {
        do throws(HostReason) {
            if let problem = state.boot.problem { throw problem }
            guard let booted = state.booted.flatMap(state.volume) else { throw .notOnALayer }
            _ = try UpdatePlanner.original(of: booted, state)
            guard let volume = state.volume(VolumePath(group: names.group, name: layer)) else {
                throw .unknown(layer)
            }
            return try UpdatePlanner.original(of: volume, state).path
        } catch {
            throw HostRefusal(goal, error)
        }
    }

    /// The plan after which `layer`, which has not been booted yet, is not tried by itself any more, and the layer that is booted
    /// instead. It stays in the menu.
    public static func takeBack(
        _ layer: String, _ state: HostState
    ) throws(HostRefusal) -> (Plan, next: String?) {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            try state.boot.check()
            var record = state.boot.record
            record.forget(layer)
            if record.defaultLayer == layer { record.defaultLayer = state.booted?.name }
            let steps = try BootPlanner.steps(state.boot, record)
            plan.commit = Array(steps.prefix(1))
            plan.cleanup = Array(steps.dropFirst())
            plan.cleanup += StagedLayer.forgetting(state)
            plan.checkScripts()
            return (plan, BootChoice.order(record, BootPlanner.entries(state.boot)).first?.layer)
        } catch {
            throw HostRefusal(goal, error)
        }
    }
}

extension BootRecord {
    /// Boots `layer` by itself no more, as something that is asked for or tried; not where it is the default.
    mutating func forget(_ layer: String) {
        if once == layer { once = nil }
        if trial?.layer == layer { trial = nil }
        if staged == layer { staged = nil }
    }
}
