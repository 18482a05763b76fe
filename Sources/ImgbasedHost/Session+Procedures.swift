public import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Session {
    /// What an update or a rollback has made or found.
    public struct Result: Sendable {
        /// The layer that is booted next; `nil` if nobody knows one.
        public var layer: String?
        /// What was carried into it, or would be.
        public var report: CarryReport?
        /// The bases and layers that made room for it, or would.
        public var removed: [RemovalReport] = []
        /// Whether an interrupted update was finished, and nothing else was done.
        public var isResumed = false
    }

    /// `imgbase base --add`. Returns the base's name.
    public func addBase(_ image: ImageRequest) async throws -> String? {
        try await outcome(.addBase(image.planner), image: image).base
    }

    /// `imgbase layer --add`. Returns the layer's name.
    public func addLayer(on source: String?) async throws -> String? {
        try await outcome(.addLayer(on: source, uuid: try newUUID("add a layer"))).layer
    }

    /// `imgbase layer --remove` and `imgbase base --remove`
    public func remove(_ target: RemovalPlanner.Target, isForced: Bool) async throws -> [RemovalReport] {
        try await result(.remove(target, isForced: isForced)).removed
    }

    /// `imgbase update IMAGE`. Each base that goes for it is shown to `removing` when it is gone.
    public func update(
        _ image: ImageRequest, tries: Int, removing: (RemovalReport) -> Void
    ) async throws -> Result {
        let goal = UpdatePlanner.goal
        let settings = try await looking(goal) { () throws(HostFailure) in try Settings.read() }
        return try await result(
            .update(image.planner, keep: settings.keep, tries: tries, uuid: try newUUID(goal)),
            image: image, removing)
    }

    /// `imgbase update --preview IMAGE`
    public func preview(_ image: ImageRequest) async throws -> Result {
        try await result(.preview(image.planner), image: image)
    }

    /// `imgbase update --preview`
    public func previewStaged() async throws -> Result {
        try await result(.previewStaged())
    }

    /// `imgbase update --complete`. The system runs it when it shuts down. Returns nothing if no layer waits for it.
    public func complete() async throws -> Result? {
        do {
            let result = try await result(.completeUpdate())
            return result.layer == nil ? nil : result
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
                var plan = Plan(goal: Procedure.completeUpdate().goal)
                plan.commit = [step]
                _ = try? await carryOut(plan)
            }
            throw error
        }
    }

    /// `imgbase rollback`
    public func rollback(to layer: String?, carriesConfiguration: Bool, tries: Int) async throws -> Result {
        let uuid = carriesConfiguration ? try newUUID(RollbackPlanner.goal) : nil
        return try await result(.rollback(to: layer, carryingWith: uuid, tries: tries))
    }

    /// `imgbase rollback --carry-etc --preview`
    public func previewRollback(to layer: String?) async throws -> Result {
        try await result(.previewRollback(to: layer))
    }

    /// `imgbase recover`. Returns what was dealt with.
    public func recover() async throws -> Debris? {
        try await outcome(.recover()).debris
    }

    /// `imgbase boot --refresh`
    public func refresh() async throws {
        _ = try await outcome(.refresh())
    }

    private func outcome(_ procedure: Procedure, image: ImageRequest? = nil) async throws -> Procedure.Outcome
    {
        try await changing(procedure.goal) { try await run(procedure, image: image) { _ in } }
    }

    private func result(
        _ procedure: Procedure, image: ImageRequest? = nil, _ removing: (RemovalReport) -> Void = { _ in }
    ) async throws -> Result {
        var removed: [RemovalReport] = []
        let outcome = try await changing(procedure.goal) {
            try await run(procedure, image: image) { report in
                removed.append(report)
                removing(report)
            }
        }
        return Result(
            layer: outcome.layer, report: outcome.report, removed: removed, isResumed: outcome.isResumed)
    }

    /// Observes, has the procedure make the next plan, carries that out or shows it, and goes round until the end.
    private func run(
        _ procedure: Procedure, image: ImageRequest?, _ removing: (RemovalReport) -> Void
    ) async throws -> Procedure.Outcome {
        var procedure = procedure
        var observer = Observer(self, image: image)
        var doneBefore = 0
        while let stage = procedure.stage {
            let (begun, removed) = (procedure.begun, procedure.outcome.removed.count)
            if begun == nil { doneBefore = progress.plansDone }
            let seen: Observation
            let next: Plan?
            do {
                seen = try await observer.observe(stage.question)
                next = try procedure.next(seen)
            } catch {
                throw await failure(error, procedure, begun, doneBefore)
            }
            guard let plan = next else { continue }
            let removal = procedure.outcome.removed.count > removed ? procedure.outcome.removed.last : nil
            let meter = removal.map { PoolMeter(of: $0.volumes, in: seen.state) }
            let usedBefore = meter?.used()
            procedure.note(try await carryOut(plan, source: observer.source))
            if !isShowing, plan.changesSomething { observer.forget() }
            if let removal {
                removing(RemovalReport(removal, freedSince: usedBefore, to: meter?.used()))
            }
        }
        return procedure.outcome
    }

    /// What is told of `error`, for which there is no next plan, when what was `begun` is undone.
    private func failure(
        _ error: any Error, _ procedure: Procedure, _ begun: Plan?, _ doneBefore: Int
    ) async -> any Error {
        switch error {
        case let failure as HostFailure:
            guard let begun else { return CommandFailure.refusal(procedure.goal, failure) }
            return await undo(begun, after: failure)
        case let refusal as HostRefusal:
            guard let begun else { return refusal }
            // Something was begun, so this is no refusal any more, unless all of it is undone.
            let failure = await undo(begun, after: .contents(refusal.reason))
            guard failure.undoFailure == nil, !failure.leavesChanges else { return failure }
            progress.note(undoneTo: doneBefore)
            return refusal
        default: return error
        }
    }
}

/// What was removed.
public struct RemovalReport: Hashable, Sendable {
    /// The layers and the base, in that order.
    public var names: [String]
    /// By how much less of the pool is in use than before; `nil` if that cannot be told.
    public var freed: Bytes?

    init(_ removal: Removal, freedSince before: Bytes?, to after: Bytes?) {
        names = removal.volumes.map(\.name)
        if let before, let after { freed = Bytes(before.count - min(before.count, after.count)) }
    }

    /// For people.
    public var line: String {
        "removed \(names.joined(separator: ", "))" + (freed.map { "; \($0.formatted) freed" } ?? "")
    }
}
