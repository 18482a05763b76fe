import ImgbasedCore

/// A change in several plans, each made from the host as the plan before left it.
///
/// It is the list of stages to come. The caller loops: it observes what the first stage asks, gets the plan
/// from ``next(_:)``, and carries it out. A stage may insert others before the rest. Only procedures decide
/// the order of an update, a rollback or a recovery: the power-cut tests run the same procedures as the
/// product.
///
/// If the next plan cannot be made, the caller must undo ``begun``.
public struct Procedure: Sendable {
    /// The goal for messages: `cannot …`.
    public let goal: String
    /// The results so far.
    public private(set) var outcome = Outcome()
    private var stages: [Stage]
    /// The installation whose new disk the stages see; `nil` if they see this host.
    private let installation: InstallPlanner?
    /// The plan that removed debris, without steps if there was none; `nil` before it is made.
    private var cleaning: Plan?

    /// The results of a procedure.
    public struct Outcome: Sendable {
        /// The base that was made; `nil` if none.
        public var base: String?
        /// The layer that was made or finished, or that boots next; `nil` if none.
        public var layer: String?
        /// The report of the carry into the layer, done or previewed; `nil` if there was none.
        public var report: CarryReport?
        /// What became, or would become, of added packages; `nil` if nothing was carried.
        public var packages: PackageRecord?
        /// The removals, in order.
        public var removed: [Removal] = []
        /// Whether the procedure only finished an interrupted run.
        public var isResumed = false
        /// The debris that a recovery found; `nil` for other procedures.
        public var debris: Debris?
        /// The platforms whose firmware boots the installed disks; none for other procedures.
        public var platforms: [GRUBPlatform] = []
        /// The data volume that was changed; `nil` if none.
        public var data: DataPlanner.Outcome?
        /// The names of the group and pool that a conversion chose; `nil` for other procedures.
        public var names: HostNames?
    }

    init(_ goal: String, _ stages: [Stage], installing installation: InstallPlanner? = nil) {
        self.goal = goal
        self.stages = stages
        self.installation = installation
    }

    /// The next stage; `nil` at the end.
    public var stage: Stage? { stages.first }

    /// The plan to undo if the next one cannot be made; `nil` if none.
    public private(set) var begun: Plan?

    /// Notes what the last plan's carry reported.
    public mutating func note(_ report: CarryReport?, _ packages: PackageRecord?) {
        if let report { outcome.report = report }
        if let packages { outcome.packages = packages }
    }

    /// The plan of the next stage, and the step to the stage after it; `nil` if the stage has nothing to do.
    public mutating func next(_ seen: Observation) throws(HostRefusal) -> Plan? {
        guard let stage = stages.first else { return nil }
        stages.removeFirst()
        var seen = installation?.target(seen) ?? seen
        if let names = outcome.names { seen.names = names }
        guard let plan = try plan(stage, seen) else { return nil }
        begun = plan.isContinued && plan != cleaning ? plan : nil
        return plan
    }

    private mutating func plan(_ stage: Stage, _ seen: Observation) throws(HostRefusal) -> Plan? {
        let (state, names) = (seen.state, seen.names)
        switch stage {
        case .finishInterrupted(let tries, let wanted):
            finishInterrupted(state, names, tries: tries, wanted)
            return nil
        case .openLayer(let draft): return LayerPlanner.resume(draft, state)
        case .makeRoom(let planner, let keep):
            try makeRoom(planner, seen, keep: keep)
            return nil
        case .remove(let planner):
            let (plan, removal) = try planner.plan(cleaned(seen).state, names: names)
            if let cleaning = cleaning(before: stage, seen) { return cleaning }
            outcome.removed.append(removal)
            return plan
        case .writeBase(let planner):
            let (plan, base) = try planner.plan(cleaned(seen))
            if let cleaning = cleaning(before: stage, seen) { return cleaning }
            outcome.base = base.name
            return plan
        case .writeUpdate(let planner, let layer): return try writeUpdate(planner, layer, seen, stage)
        case .beginLayer(let planner):
            let (plan, draft) = try planner.begin(cleaned(seen).state, names: names)
            if let cleaning = cleaning(before: stage, seen) { return cleaning }
            outcome.layer = draft.path.name
            come(.furnishLayer(draft, planner))
            return plan
        case .furnishLayer(var draft, let planner):
            let plan = try planner.furnish(draft, state, names: names, contents: seen.contents)
            if plan != nil { draft.isFurnished = true }
            come(.listLayer(draft, planner))
            return plan
        case .listLayer(let draft, let planner):
            return try planner.finish(draft, state, names: names, contents: seen.contents)
        case .openStaged:
            guard let staged = StagedLayer(state, names: names) else { return nil }
            come(.carryLate(staged))
            return try staged.opening(state)
        case .carryLate(let staged):
            come(.listStaged(staged))
            return try staged.carrying(state, type: try seen.type(of: staged.path, goal))
        case .listStaged(let staged):
            outcome.layer = staged.path.name
            return try staged.completing(state, contents: seen.contents, isLast: seen.isShuttingDown)
        case .chooseRollback(let layer, let planner, let tries):
            return try chooseRollback(to: layer, planner, tries: tries, seen)
        case .tryLayer(let layer, let tries, let hooks):
            var plan = try BootPlanner.plan(.trial(layer, tries: tries), state, names: names)
            plan.prepare = hooks + plan.prepare
            outcome.layer = layer
            return plan
        case .findDebris:
            outcome.debris = try Debris(state, names: names)
            return nil
        case .noticeRename:
            if let rename = GroupRename(state, names: names) { come(.followRename(rename)) }
            return nil
        case .followRename(let rename): return try rename.plan(state, seen.tables)
        case .clearDebris:
            let debris = try Debris(state, names: names)
            come(
                .finishInterrupted(tries: BootRecord.Trial.defaultTries, wanted: .nothing),
                .clearRest(after: debris))
            return try debris.plan(state)
        case .clearRest(let before):
            let rest = try Debris(state, names: names)
            return rest == before ? nil : try rest.plan(state)
        case .refresh:
            guard let kernel = seen.runningKernel else { throw HostRefusal(goal, .notOnALayer) }
            return try RefreshPlanner.plan(kernel.files, from: kernel.source, state, names: names)
        case .writePreview(let planner): return try writePreview(planner, seen, stage)
        case .previewStaged, .previewRollback, .openSurvey, .survey: return try preview(stage, seen)
        case .prepareDisks, .makeMenu, .completeInstallation: return try install(stage, seen)
        case .prepareConversion(let planner): return try convert(planner, seen)
        case .changeVolume, .openTables, .useTables: return try data(stage, seen)
        }
    }

    /// Inserts `stages` before the rest, in that order.
    mutating func come(_ stages: Stage...) { self.stages.insert(contentsOf: stages, at: 0) }

    /// Adds `stage` after all others.
    mutating func finish(with stage: Stage) { stages.append(stage) }

    /// Drops all stages.
    mutating func end() { stages = [] }

    /// Changes the results.
    mutating func note(_ change: (inout Outcome) -> Void) { change(&outcome) }

    /// The observation as it will be without debris. Once the debris was removed, similar things belong to
    /// this procedure, and nothing is left out.
    func cleaned(_ seen: Observation) -> Observation {
        if cleaning != nil { return seen }
        var seen = seen
        seen.state = seen.state.cleaned(seen.names)
        return seen
    }

    /// The plan that removes debris, once, before `stage` gets its own plan. The stage is planned first: a
    /// refused command must remove nothing.
    mutating func cleaning(before stage: Stage, _ seen: Observation) -> Plan? {
        if cleaning != nil { return nil }
        let plan = seen.state.cleaning(seen.names)
        cleaning = plan
        if plan.steps.isEmpty { return nil }
        come(stage)
        return plan
    }

    private mutating func finishInterrupted(
        _ state: HostState, _ names: HostNames, tries: Int, _ wanted: WantedLayer
    ) {
        let drafts = LayerPlanner.unfinished(state, names: names)
        if let met = drafts.last(where: wanted.isMet) {
            end()
            (outcome.layer, outcome.isResumed) = (met.path.name, true)
        }
        // The layers have their file systems already, so no UUID is needed.
        var planner = LayerPlanner(source: nil, uuid: "")
        planner.tries = tries
        for draft in drafts.reversed() { come(.openLayer(draft), .listLayer(draft, planner)) }
    }
}

extension BasePlanner {
    /// Plans the base from the observed image.
    func plan(_ seen: Observation) throws(HostRefusal) -> (Plan, VolumePath) {
        var planner = self
        if let image = seen.image { planner.image = image }
        return try planner.plan(seen.state, names: seen.names)
    }
}

extension Observation {
    /// The type of the file system on `volume`; throws if unknown.
    func type(of volume: VolumePath, _ goal: String) throws(HostRefusal) -> FileSystemType {
        guard let fileSystem else {
            throw HostRefusal(goal, .unsupportedFileSystem("not known", on: volume.name))
        }
        return fileSystem
    }
}
