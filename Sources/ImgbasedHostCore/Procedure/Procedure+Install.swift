import ImgbasedCore

extension Procedure {
    /// `imgbase install IMAGE DISK…`. A new layer's file system gets `uuid`.
    public static func install(_ planner: InstallPlanner, uuid: String) -> Procedure {
        var layer = LayerPlanner(source: nil, uuid: uuid)
        layer.settings = planner.settings
        return Procedure(
            InstallPlanner.goal,
            [.prepareDisks(planner), .makeMenu, .writeBase(planner.image), .beginLayer(layer)],
            installing: planner)
    }

    mutating func install(_ stage: Stage, _ seen: Observation) throws(HostRefusal) -> Plan? {
        switch stage {
        case .prepareDisks(let planner):
            guard let survey = seen.installation else { return nil }
            let plan = try planner.prepare(seen.state, survey, seen.image)
            finish(with: .completeInstallation(planner, survey))
            note { $0.platforms = survey.platforms(of: planner.loader) }
            return plan
        case .makeMenu:
            var plan = try BootLoaderPlanner.install(seen.state)
            plan.isContinued = true
            return plan
        case .completeInstallation(let planner, let survey): return planner.complete(survey)
        default: return nil
        }
    }
}
