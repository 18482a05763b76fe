import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Session {
    /// What an update or a rollback has made or found.
    public struct Result: Sendable {
        /// The layer that is booted next; `nil` where nobody knows one.
        public var layer: String?
        /// What was carried into it, or would be.
        public var report: CarryReport?
        /// The bases and layers that made room for it, or would.
        public var removed: [RemovalReport] = []
        /// Whether it was an interrupted update that was finished, and nothing else was done.
        public var isResumed = false
    }

    /// `imgbase update IMAGE`. Each base that goes for it is shown to `removing` when it is gone.
    public func update(
        _ image: ImageRequest, tries: Int, removing: (RemovalReport) -> Void
    ) async throws -> Result {
        let goal = "update this host"
        return try await changing(goal) {
            let resumed = try await finishInterrupted(goal, tries: tries).first { $0.carriedFrom != nil }
            if let resumed, image.name == nil || image.name == resumed.base {
                return Result(layer: resumed.path.name, isResumed: true)
            }
            let (source, planner) = try await open(image, goal, isUpdate: true)
            // What would keep the update from its end is told before it begins.
            func plan(
                _ state: HostState, _ names: HostNames
            ) throws(HostRefusal) -> (Plan, base: VolumePath, from: VolumePath?) {
                let from = try UpdatePlanner.source(state, names: names)
                try UpdatePlanner.check(state, names: names, from: from)
                let (plan, base) = try planner.plan(state, names: names)
                return (plan, base, from)
            }
            let leaving = try await leavingBases()
            if !leaving.isEmpty {
                // No base goes for an update that is refused whatever room there is.
                let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
                let names = names(in: state)
                _ = try plan(state.without(leaving).cleaned(names), names)
            }
            var removed: [RemovalReport] = []
            for removal in leaving {
                let report = try await removeLocked(.base(removal.subject.name), isForced: false)
                removed.append(report)
                removing(report)
            }
            let (written, base, from) = try await planning(
                goal, look: { () throws(HostFailure) in try await observed() }, plan: plan)
            try await carryOut(written, source: source)
            if isShowing { progress.note(shown: UpdatePlanner.base(base, after: written)) }
            var result = try await makeLayer(on: base.name, carrying: from, tries: tries, after: written)
            result.removed = removed
            return result
        }
    }

    /// Makes a layer on `base`, which `before` has made ready, that has the configuration of `from`, and puts it on trial.
    private func makeLayer(
        on base: String, carrying from: VolumePath?, tries: Int, after before: Plan
    ) async throws -> Result {
        let (begun, draft, planner) = try await continuing(before) {
            var planner = LayerPlanner(source: base, uuid: try newUUID(before.goal))
            (planner.carrying, planner.tries) = (from, tries)
            let state = try await observed()
            let (begun, draft) = try planner.begin(state, names: names(in: state))
            return (begun, draft, planner)
        }
        try await carryOut(begun)
        let report = try await finish(draft, planner, after: begun)
        return Result(layer: draft.path.name, report: report)
    }

    /// `imgbase update --preview IMAGE`: the image is written to a volume that is removed again, since there is nothing to
    /// compare with before.
    public func preview(_ image: ImageRequest) async throws -> Result {
        let goal = "preview an update"
        return try await changing(goal) {
            let (source, planner) = try await open(image, goal)
            let ((plan, base), from) = try await planning(goal) { () throws(HostFailure) in
                try await observed()
            } plan: { state, names throws(HostRefusal) in
                (try planner.plan(state, names: names), try UpdatePlanner.source(state, names: names))
            }
            var writing = plan
            (writing.goal, writing.commit) = (goal, [])
            // Nothing is added.
            writing.prepare.removeAll { if case .runHooks = $0 { true } else { false } }
            try await carryOut(writing, source: source)
            var removal = Plan(goal: goal)
            removal.prepare = plan.undo
            do {
                let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
                let report = try await survey(from, on: base, state, goal)
                try await carryOut(removal)
                return Result(report: report)
            } catch {
                try await carryOut(removal)
                throw error
            }
        }
    }

    /// `imgbase update --preview`, without an image: what the layer that is booted next would get when this system shuts
    /// down now.
    public func previewStaged() async throws -> Result {
        let goal = "preview what is carried"
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
            guard let staged = StagedLayer(state, names: names(in: state)) else {
                throw HostRefusal(goal, .nothingStaged)
            }
            let base = VolumePath(group: staged.path.group, name: staged.base)
            return Result(
                layer: staged.path.name, report: try await survey(state.booted, on: base, state, goal))
        }
    }

    /// What would be carried from `from` into a new layer of `base`.
    private func survey(
        _ from: VolumePath?, on base: VolumePath, _ state: HostState, _ goal: String
    ) async throws -> CarryReport? {
        guard let from else { return nil }
        let order = try UpdatePlanner.preview(from, on: base, state)
        if isShowing { return nil }
        var (before, after) = (Plan(goal: goal), Plan(goal: goal))
        before.prepare = order.inactive.map { .activateVolume($0) }
        after.prepare = order.inactive.map { .deactivateVolume($0) }
        try await carryOut(before)
        do {
            let report = try await looking(goal) { () throws(HostFailure) in try VolumeCarry(order).survey() }
            try await carryOut(after)
            return report
        } catch {
            try await carryOut(after)
            throw error
        }
    }

    /// `imgbase update --complete`: what was changed since the update is carried as well. The system runs it when it shuts
    /// down. Returns nothing where no layer waits for it.
    public func complete() async throws -> Result? {
        let goal = "complete the update"
        do {
            return try await changing(goal) {
                let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
                guard let staged = StagedLayer(state, names: names(in: state)) else { return nil }
                let opening = try staged.opening(state)
                try await carryOut(opening)
                let begun = try await continuing(opening) {
                    let type = try LayerProbe.type(ofDevice: staged.path.device, named: staged.path.name)
                    return try staged.carrying(state, type: type)
                }
                let report = try await carryOut(begun)
                let rest = try await continuing(begun) {
                    let contents = try LayerProbe.contents(
                        ofDevice: staged.path.device, named: staged.path.name, .readOnly)
                    let after = stored(contents.files, in: try await observed())
                    return try staged.completing(
                        after, contents: contents, isLast: await probe.isShuttingDown())
                }
                try await carryOut(rest)
                return Result(layer: staged.path.name, report: report)
            }
        } catch  where HostSystem.isRoot && !isShowing {
            // Nobody may be there to read it now: it is told when the system has started again.
            let text = "\(error)".asMessageLine
            let steps: [Step] = [
                .tell([JournalMessage(.warning, layer: nil, text)], motd: nil),
                .replaceFile(
                    path: StagedLayer.failurePath, contents: Array((text + "\n").utf8), isOnBoot: false),
            ]
            // Each where it can be done: what is told is the failure itself.
            for step in steps {
                var plan = Plan(goal: goal)
                plan.commit = [step]
                _ = try? await carryOut(plan)
            }
            throw error
        }
    }

    /// `imgbase rollback`
    public func rollback(to layer: String?, carriesConfiguration: Bool, tries: Int) async throws -> Result {
        let goal = RollbackPlanner.goal
        return try await changing(goal) {
            try await finishInterrupted(goal)
            let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
            let names = names(in: state)
            let way = try RollbackPlanner.way(
                to: layer, carriesConfiguration: carriesConfiguration, state, names: names)
            let hooks = RollbackPlanner.hooks(way, state, names: names)
            switch way {
            case .takeBack(let staged):
                var (plan, next) = try RollbackPlanner.takeBack(staged, state)
                plan.prepare = hooks + plan.prepare
                try await carryOut(plan)
                return Result(layer: next)
            case .tryLayer(let layer) where carriesConfiguration:
                let base = try RollbackPlanner.base(of: layer, state, names: names)
                var begun = state.cleaning(names)
                begun.prepare += hooks
                try await carryOut(begun)
                return try await makeLayer(on: base.name, carrying: state.booted, tries: tries, after: begun)
            case .tryLayer(let layer):
                let looked = try await looking(goal) { () throws(HostFailure) in
                    try BootInspection.looking(into: layer, state)
                }
                var plan = try BootPlanner.plan(.trial(layer, tries: tries), looked, names: names)
                plan.prepare = hooks + plan.prepare
                try await carryOut(plan)
                return Result(layer: layer)
            }
        }
    }

    /// `imgbase rollback --carry-etc --preview`
    public func previewRollback(to layer: String?) async throws -> Result {
        let goal = "preview a rollback"
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await observed() }
            let names = names(in: state)
            let way = try RollbackPlanner.way(
                to: layer, carriesConfiguration: true, state, names: names)
            guard case .tryLayer(let layer) = way else { return Result() }
            let base = try RollbackPlanner.base(of: layer, state, names: names)
            return Result(report: try await survey(state.booted, on: base, state, goal))
        }
    }

    private var isShowing: Bool {
        if case .show = mode { true } else { false }
    }
}
