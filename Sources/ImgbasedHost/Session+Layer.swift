import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Session {
    /// `imgbase layer --add`. Returns the layer's name.
    public func addLayer(on source: String?) async throws -> String {
        let goal = "add a layer"
        return try await changing(goal) {
            let planner = LayerPlanner(source: source, uuid: try newUUID(goal))
            for draft in try await finishInterrupted(goal) where planner.isMet(by: draft) {
                return draft.path.name
            }
            let (plan, draft) = try await planning(goal) { () throws(HostFailure) in
                try await observed()
            } plan: { state, names throws(HostRefusal) in
                try planner.begin(state, names: names)
            }
            try await carryOut(plan)
            try await finish(draft, planner, after: plan)
            return draft.path.name
        }
    }

    /// Finishes the layers that interrupted runs have left complete, but for the boot menu; those that are tried have `tries`.
    /// Returns them, the newest first.
    @discardableResult
    func finishInterrupted(
        _ goal: String, tries: Int = BootRecord.Trial.standard
    ) async throws -> [LayerDraft] {
        let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
        let drafts = LayerPlanner.unfinished(state, names: names(in: state))
        for draft in drafts {
            let plan = LayerPlanner.resume(draft, state)
            try await carryOut(plan)
            var planner = LayerPlanner(source: nil, uuid: try newUUID(goal))
            planner.tries = tries
            try await finish(draft, planner, after: plan)
        }
        return drafts.reversed()
    }

    /// The last parts of adding a layer, planned from what those before them, `begun`, have made; where that cannot be, they are
    /// undone. Returns what was carried into it.
    @discardableResult
    func finish(
        _ draft: LayerDraft, _ planner: LayerPlanner, after begun: Plan
    ) async throws -> CarryReport? {
        var draft = draft
        var report: CarryReport?
        let plan = try await continuing(begun) {
            var state = try await observed()
            var contents = try contents(of: draft, in: state)
            if let part = try planner.furnish(draft, state, names: names(in: state), contents: contents) {
                report = try await carryOut(part)
                draft.isFurnished = true
                state = try await observed()
                contents = try self.contents(of: draft, in: state)
            }
            state = stored(contents.files, in: state)
            return try planner.finish(draft, state, names: names(in: state), contents: contents)
        }
        try await carryOut(plan)
        return report
    }

    /// What is in the layer; or, while there is none, in what it will be a snapshot of, as far as that can be
    /// looked at without changing anything.
    private func contents(of draft: LayerDraft, in state: HostState) throws(HostFailure) -> LayerContents {
        let name = draft.path.name
        if state.booted == draft.path { return try contentsOfRunning(draft.path) }
        if state.volumes.contains(where: { $0.path == draft.path && $0.isActive }) {
            return try LayerProbe.contents(ofDevice: draft.path.device, named: name, .readOnly)
        }
        let source = draft.source
        do throws(HostFailure) {
            if state.booted == source { return try contentsOfRunning(source) }
            if state.volumes.contains(where: { $0.path == source && $0.isActive }) {
                return try LayerProbe.contents(ofDevice: source.device, named: source.name, .untouched)
            }
        } catch {
            guard case .system = error else { throw error }
        }
        return .unknown
    }

    private func contentsOfRunning(_ layer: VolumePath) throws(HostFailure) -> LayerContents {
        let type = try LayerProbe.type(ofDevice: layer.device, named: layer.name)
        return try LayerProbe.contentsOfRunning(named: layer.name, type: type)
    }
}
