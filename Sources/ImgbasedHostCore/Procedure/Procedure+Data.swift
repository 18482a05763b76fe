import ImgbasedCore

extension Procedure {
    /// `imgbase volume create`, `attach`, `detach` and `remove`
    public static func volume(_ planner: DataPlanner) -> Procedure {
        Procedure(planner.goal, [.changeVolume(planner)])
    }

    mutating func data(_ stage: Stage, _ seen: Observation) throws(HostRefusal) -> Plan? {
        switch stage {
        case .changeVolume(let planner): return try change(planner, seen, stage)
        case .openTables(let task): return try open(task, seen)
        case .useTables(.write(let refusal), let opened):
            let plan = seen.layerTables.plan(seen.state, names: seen.names, opened: opened)
            // Only tables could be left to write.
            if let refusal, !plan.writesTables { throw refusal }
            return plan.steps.isEmpty ? nil : plan
        case .useTables(.remove(let planner), let opened):
            var plan = try planner.removal(seen.state, names: seen.names, seen.layerTables)
            plan.cleanup += opened.map { .deactivateVolume($0) }
            return plan
        default: return nil
        }
    }

    private mutating func change(
        _ planner: DataPlanner, _ seen: Observation, _ stage: Stage
    ) throws(HostRefusal) -> Plan? {
        let after = cleaned(seen)
        var survey = seen.place
        // What an interrupted run has mounted goes with its volume.
        if let volume = survey?.mountedVolume, after.state.volume(volume) == nil {
            survey?.mounted = nil
            survey?.mountedVolume = nil
        }
        let (plan, done) = try planner.begin(after.state, names: seen.names, survey)
        if let cleaning = cleaning(before: stage, seen) { return cleaning }
        note { $0.data = done }
        if planner.change == .remove {
            come(.openTables(then: .remove(planner)))
        } else {
            let isDone = done.isDone && plan.steps.isEmpty
            come(.openTables(then: .write(orElse: isDone ? planner.refusal(ofDone: done) : nil)))
        }
        return plan.steps.isEmpty ? nil : plan
    }

    private mutating func open(_ task: TableTask, _ seen: Observation) throws(HostRefusal) -> Plan? {
        let group = seen.names.group
        if case .write(let refusal) = task, DataTable(seen.state, group: group).isEmpty {
            if let refusal { throw refusal }
            return nil
        }
        let opened = LayerTables.opening(seen.state, group: group)
        come(.useTables(task, opened: opened))
        if opened.isEmpty { return nil }
        var plan = Plan(goal: LayerTables.goal)
        plan.prepare = opened.map { .activateVolume($0) }
        plan.undo = opened.map { .deactivateVolume($0) }
        plan.isContinued = true
        return plan
    }
}
