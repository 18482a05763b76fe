import ImgbasedCore

extension Procedure {
    /// Removes the bases beyond `keep`, and bases of last resort as long as there is no room. A refusal of the
    /// update comes before any removal.
    ///
    /// The room that a removal gives is known only after it: then this stage comes again.
    mutating func makeRoom(_ planner: BasePlanner, _ seen: Observation, keep: Int) throws(HostRefusal) {
        let wanted = KeepPolicy(keep: keep).removals(seen.state, names: seen.names, adding: true)
        let lastResorts = KeepPolicy.lastResorts(seen.state, names: seen.names)
        for count in 0...lastResorts.count {
            let removals = wanted + lastResorts.prefix(count)
            do throws(HostRefusal) {
                try checkUpdate(planner, seen, without: removals)
            } catch {
                if error.reason.isWantOfRoom, count < lastResorts.count { continue }
                throw error
            }
            if removals.isEmpty { return }
            come(.makeRoom(planner, keep: keep))
            for removal in removals.reversed() {
                come(.remove(RemovalPlanner(.base(removal.subject.name), isForced: false)))
            }
            return
        }
    }

    /// Throws if the update would be refused without the bases of `removals`.
    private func checkUpdate(
        _ planner: BasePlanner, _ seen: Observation, without removals: [Removal]
    ) throws(HostRefusal) {
        var after = seen
        if !removals.isEmpty { after.state = seen.state.without(removals).afterRemoval(seen.names) }
        after = cleaned(after)
        _ = try source(after)
        _ = try planner.plan(after)
    }

    mutating func writeUpdate(
        _ planner: BasePlanner, _ layer: LayerPlanner, _ seen: Observation, _ stage: Stage
    ) throws(HostRefusal) -> Plan {
        var layer = layer
        let after = cleaned(seen)
        layer.carrying = try source(after)
        var (plan, base) = try planner.plan(after)
        if let cleaning = cleaning(before: stage, seen) { return cleaning }
        layer.source = base.name
        come(.beginLayer(layer))
        note { $0.base = base.name }
        plan.isContinued = true
        return plan
    }

    /// The layer whose configuration an update carries; throws if the update would be refused.
    private func source(_ seen: Observation) throws(HostRefusal) -> VolumePath? {
        let from = try UpdatePlanner.source(seen.state, names: seen.names)
        try UpdatePlanner.check(seen.state, names: seen.names, from: from)
        return from
    }

    mutating func chooseRollback(
        to layer: String?, _ planner: LayerPlanner?, tries: Int, _ seen: Observation
    ) throws(HostRefusal) -> Plan? {
        let (state, names) = (seen.state, seen.names)
        let way = try RollbackPlanner.way(
            to: layer, carriesConfiguration: planner != nil, state, names: names)
        let hooks = RollbackPlanner.hooks(way, state, names: names)
        switch way {
        case .takeBack(let staged):
            var (plan, next) = try RollbackPlanner.takeBack(staged, state)
            plan.prepare = hooks + plan.prepare
            note { $0.layer = next }
            return plan
        case .tryLayer(let layer):
            guard var planner else {
                come(.tryLayer(layer, tries: tries, hooks: hooks))
                return nil
            }
            planner.source = try RollbackPlanner.base(of: layer, state, names: names).name
            planner.carrying = state.booted
            _ = try planner.begin(cleaned(seen).state, names: names)
            come(.beginLayer(planner))
            if hooks.isEmpty { return nil }
            var plan = Plan(goal: RollbackPlanner.goal)
            plan.prepare = hooks
            plan.isContinued = true
            return plan
        }
    }
}
