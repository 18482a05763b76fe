public import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

extension Session {
    /// The result of an update or a rollback, or of its preview.
    public struct Result: Sendable {
        /// The layer booted next; `nil` if unknown.
        public var layer: String?
        /// The report of the carry into the layer, done or previewed; `nil` if there was none.
        public var report: CarryReport?
        /// What became, or would become, of added packages; `nil` if nothing was carried.
        public var packages: PackageRecord?
        /// The bases and layers that made room, or would.
        public var removed: [RemovalReport] = []
        /// Whether the run only finished an interrupted update.
        public var isResumed = false
    }

    /// Carries out `imgbase base add` and returns the base's name.
    public func addBase(_ image: ImageRequest) async throws -> String? {
        try await outcome(.addBase(image.planner), image: image).base
    }

    /// Carries out `imgbase layer add` and returns the layer's name.
    public func addLayer(on source: String?) async throws -> String? {
        try await outcome(.addLayer(on: source, uuid: try newUUID("add a layer"))).layer
    }

    /// Carries out `imgbase layer remove` or `imgbase base remove`.
    public func remove(_ target: RemovalPlanner.Target, isForced: Bool) async throws -> [RemovalReport] {
        try await result(.remove(target, isForced: isForced)).removed
    }

    /// Carries out `imgbase update IMAGE`.
    ///
    /// Each base that makes room is passed to `removing` once it is gone.
    public func update(
        _ image: ImageRequest, tries: Int, removing: (RemovalReport) -> Void
    ) async throws -> Result {
        let goal = UpdatePlanner.goal
        let settings = try await looking(goal) { () throws(HostFailure) in try Settings.read() }
        return try await result(
            .update(image.planner, keep: settings.keep, tries: tries, uuid: try newUUID(goal)),
            image: image, removing)
    }

    /// Carries out `imgbase update --preview IMAGE`.
    public func preview(_ image: ImageRequest) async throws -> Result {
        try await result(.preview(image.planner), image: image)
    }

    /// Carries out `imgbase update --preview`.
    public func previewStaged() async throws -> Result {
        try await result(.previewStaged())
    }

    /// Carries out `imgbase update --complete`, which the system runs at shutdown.
    ///
    /// Returns `nil` if no layer waits for it.
    public func complete() async throws -> Result? {
        do {
            let result = try await result(.completeUpdate())
            return result.layer == nil ? nil : result
        } catch  where HostSystem.isRoot && !isShowing {
            // The message may go unread at shutdown: the next start tells it.
            let text = "\(error)".asMessageLine
            let steps: [Step] = [
                .tell([JournalMessage(.warning, layer: nil, text)], motd: nil),
                .replaceFile(
                    path: StagedLayer.failurePath, contents: Array((text + "\n").utf8), isOnBoot: false),
            ]
            // Each is tried alone. Only the original failure is reported.
            for step in steps {
                var plan = Plan(goal: Procedure.completeUpdate().goal)
                plan.commit = [step]
                _ = try? await carryOut(plan)
            }
            throw error
        }
    }

    /// Carries out `imgbase rollback`.
    public func rollback(to layer: String?, carriesConfiguration: Bool, tries: Int) async throws -> Result {
        let uuid = carriesConfiguration ? try newUUID(RollbackPlanner.goal) : nil
        return try await result(.rollback(to: layer, carryingWith: uuid, tries: tries))
    }

    /// Carries out `imgbase rollback --carry-etc --preview`.
    public func previewRollback(to layer: String?) async throws -> Result {
        try await result(.previewRollback(to: layer))
    }

    /// Carries out `imgbase recover` and returns the debris it dealt with.
    public func recover() async throws -> Debris? {
        try await outcome(.recover()).debris
    }

    /// Carries out `imgbase boot refresh`.
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
            layer: outcome.layer, report: outcome.report, packages: outcome.packages, removed: removed,
            isResumed: outcome.isResumed)
    }

    /// Observes, gets the next plan of `procedure`, carries it out or shows it, and repeats to the end.
    func run(
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
            let carried = try await carryOut(plan, source: observer.source)
            procedure.note(carried.report, carried.packages)
            if !isShowing, plan.changesSomething { observer.forget() }
            if let removal {
                removing(RemovalReport(removal, freedSince: usedBefore, to: meter?.used()))
            }
        }
        return procedure.outcome
    }

    /// Undoes the `begun` plan, if any, and returns the error to report.
    private func failure(
        _ error: any Error, _ procedure: Procedure, _ begun: Plan?, _ doneBefore: Int
    ) async -> any Error {
        switch error {
        case let failure as HostFailure:
            guard let begun else { return CommandFailure.refusal(procedure.goal, failure) }
            return await undo(begun, after: failure)
        case let refusal as HostRefusal:
            guard let begun else { return refusal }
            // After a change was begun this is a failure, unless all of it is undone.
            let failure = await undo(begun, after: .contents(refusal.reason))
            guard failure.undoFailure == nil, !failure.leavesChanges else { return failure }
            progress.note(undoneTo: doneBefore)
            return refusal
        default: return error
        }
    }
}

/// The volumes removed by one plan, and the space freed.
public struct RemovalReport: Hashable, Sendable {
    /// The names of the layers, and of the base after them.
    public var names: [String]
    /// The pool space freed; `nil` if unknown.
    public var freed: Bytes?
    /// Whether a layer had changes that were not carried, and that nobody had acknowledged.
    public var lostChanges: Bool

    init(_ removal: Removal, freedSince before: Bytes?, to after: Bytes?) {
        names = removal.volumes.map(\.name)
        lostChanges = removal.isLeftWithChanges
        if let before, let after { freed = Bytes(before.count - min(before.count, after.count)) }
    }

    /// The report in one line for the user.
    public var line: String {
        "removed \(names.joined(separator: ", "))"
            + (lostChanges ? " with changes that were not carried" : "")
            + (freed.map { "; \($0.formatted) freed" } ?? "")
    }
}
