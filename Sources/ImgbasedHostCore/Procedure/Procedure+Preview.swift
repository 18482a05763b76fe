import ImgbasedCore

extension Procedure {
    /// `imgbase update --preview IMAGE`: writes the image to a volume, which is removed afterwards; there is
    /// no other way to compare.
    public static func preview(_ image: BasePlanner) -> Procedure {
        Procedure("preview an update", [.writePreview(image)])
    }

    /// `imgbase update --preview`: the changes that the waiting layer would get at a shutdown now.
    public static func previewStaged() -> Procedure {
        Procedure("preview what is carried", [.previewStaged])
    }

    /// `imgbase rollback --carry-etc --preview`
    public static func previewRollback(to layer: String?) -> Procedure {
        Procedure("preview a rollback", [.previewRollback(to: layer)])
    }

    mutating func writePreview(
        _ planner: BasePlanner, _ seen: Observation, _ stage: Stage
    ) throws(HostRefusal) -> Plan {
        let after = cleaned(seen)
        let (planned, base) = try planner.plan(after)
        let from = try UpdatePlanner.source(after.state, names: seen.names)
        if let cleaning = cleaning(before: stage, seen) { return cleaning }
        var plan = planned
        (plan.goal, plan.commit, plan.isContinued) = (goal, [], true)
        // No hooks: the preview adds no base.
        plan.prepare.removeAll { if case .runHooks = $0 { true } else { false } }
        come(.openSurvey(from: from, on: base, after: plan.undo))
        return plan
    }

    mutating func preview(_ stage: Stage, _ seen: Observation) throws(HostRefusal) -> Plan? {
        let (state, names) = (seen.state, seen.names)
        switch stage {
        case .previewStaged:
            guard let staged = StagedLayer(state, names: names), let booted = state.booted else {
                throw HostRefusal(goal, .nothingStaged)
            }
            note { $0.layer = staged.path.name }
            let base = VolumePath(group: staged.path.group, name: staged.base)
            come(.openSurvey(from: booted, on: base, after: []))
        case .previewRollback(let layer):
            let way = try RollbackPlanner.way(to: layer, carriesConfiguration: true, state, names: names)
            guard case .tryLayer(let layer) = way, let booted = state.booted else { return nil }
            let base = try RollbackPlanner.base(of: layer, state, names: names)
            come(.openSurvey(from: booted, on: base, after: []))
        case .openSurvey(let from, let base, let after):
            var plan = Plan(goal: goal)
            guard let from else {
                plan.prepare = after
                return plan
            }
            let order = try UpdatePlanner.preview(from, on: base, state)
            plan.prepare = order.inactive.map { .activateVolume($0) }
            let end = order.inactive.map { Step.deactivateVolume($0) } + after
            plan.undo = end
            plan.isContinued = true
            come(.survey(order, after: end))
            return plan
        case .survey(_, let after):
            note(seen.survey, seen.packages)
            var plan = Plan(goal: goal)
            plan.prepare = after
            return plan
        default: break
        }
        return nil
    }
}
