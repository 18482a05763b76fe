import ImgbasedCore

/// `imgbase rollback`: back to an earlier layer, on trial.
public enum RollbackPlanner {
    /// The goal for messages: `cannot …`.
    public static let goal = "roll back"

    /// The way a rollback goes on the host in `state`.
    public enum Way: Hashable, Sendable {
        /// A layer that has not booted yet is not tried after all.
        case takeBack(String)
        /// Another layer is tried.
        case tryLayer(String)
    }

    /// The way back to `layer`; without a name, to the previous state.
    ///
    /// While an update has not booted, that is the booted layer; the new layer has no changes to carry.
    /// Afterwards it is the newest older good layer, or else the newest older one that was never booted.
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
            // Good layers first: a layer may never have booted.
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

    /// The step that runs the rollback hooks; none if there are no hooks.
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

    /// The base of `layer`, for a new layer with the configuration of the running system.
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

    /// The plan that cancels the trial of `layer`, which has not booted yet, and the layer that boots
    /// instead. `layer` stays in the menu.
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
