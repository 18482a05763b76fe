import ImgbasedCore

extension Procedure {
    /// `imgbase layout init --from ROOT`. The file system of the new layer gets `uuid`.
    public static func convert(_ planner: ConversionPlanner, uuid: String) -> Procedure {
        let layer = LayerPlanner(source: nil, uuid: uuid)
        return Procedure(
            ConversionPlanner.goal,
            [
                .finishInterrupted(tries: BootRecord.Trial.defaultTries, wanted: .planned(layer)),
                .prepareConversion(planner), .beginLayer(layer),
            ])
    }

    mutating func convert(_ planner: ConversionPlanner, _ seen: Observation) throws(HostRefusal) -> Plan? {
        guard let survey = seen.conversion else { return nil }
        let names = planner.names(seen.state, survey)
        let (plan, base) = try planner.prepare(
            seen.state.cleaned(names), names: names, survey)
        note { $0.names = names }
        // The menu comes first: its changes to the old root are then in the base too.
        come(.makeMenu, .writeBase(base))
        return plan
    }
}
