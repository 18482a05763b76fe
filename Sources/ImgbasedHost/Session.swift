import Glibc
public import ImgbasedCore
import ImgbasedLinux

/// One command on this host: it is looked at, a plan is made, and the plan is carried out or shown.
public struct Session: Sendable {
    /// What becomes of a plan.
    public enum Mode: Sendable {
        /// It is carried out, each step being shown to the closure as it begins.
        case execute(log: @Sendable (Step) -> Void)
        /// It is shown to the closure, and nothing is changed.
        case show(@Sendable (Plan) -> Void)
    }

    let mode: Mode
    let runner: CommandRunner
    private let group: String?
    private let pool: String?
    private let waiting: @Sendable () -> Void

    /// Where the lock of those that change something is.
    private static let lockPath = "/run/lock/imgbased.lock"

    /// A session for the volume group and pool named, which runs commands through `runner`; `waiting` is called where
    /// another one is changing the host, and this one waits for it.
    public init(
        mode: Mode, runner: CommandRunner, group: String?, pool: String?,
        waiting: @escaping @Sendable () -> Void
    ) {
        self.mode = mode
        self.runner = runner
        self.group = group
        self.pool = pool
        self.waiting = waiting
    }

    /// What looks at the host.
    public var probe: HostProbe { HostProbe(runner: runner) }

    /// The group and pool this is about, given what there is.
    public func names(in state: HostState) -> HostNames {
        HostNames(group: group, pool: pool, in: state)
    }

    /// `imgbase layout --init`. Returns the group and the pool.
    public func initialize(disks: [String], size: Bytes?, configSize: Bytes?) async throws -> HostNames {
        let goal = "lay out the disks"
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in
                try await probe.layout(disks: disks)
            }
            let planner = InitPlanner(
                disks: disks, size: size, configSize: configSize, configUUID: try newUUID(goal))
            let names = names(in: state)
            try await carryOut(try planner.plan(state, names: names))
            return names
        }
    }

    /// `imgbase base --add`. Returns the base's name.
    public func addBase(_ image: ImageRequest) async throws -> String {
        let goal = image.name.map { "add base '\($0)'" } ?? "add a base"
        return try await changing(goal) {
            let (source, planner) = try await open(image, goal)
            let (plan, path) = try await planning(goal) { () throws(HostFailure) in
                try await probe.volumes()
            } plan: { state, names throws(HostRefusal) in
                try planner.plan(state, names: names)
            }
            try await carryOut(plan, source: source)
            return path.name
        }
    }

    /// The image of a request, and what plans a base of it.
    func open(
        _ image: ImageRequest, _ goal: String, isUpdate: Bool = false
    ) async throws -> (ImageSource, BasePlanner) {
        let source = try await looking(goal) { () throws(HostFailure) in
            try ImageSource(image.path, reporter: ImageReporter(trace: runner.trace, show: image.progress))
        }
        var planner = BasePlanner(
            name: image.name, size: image.size, image: source.description, fileSystem: image.fileSystem)
        planner.isUpdate = isUpdate
        return (source, planner)
    }

    /// `imgbase base --verify`: each base that `choose` finds, and what was found of it. Nobody else changes the host
    /// meanwhile.
    public func verifyBases(
        progress: (@Sendable (ImageProgress) -> Void)?, told: (Volume, BaseVerifier.Verdict) -> Void,
        _ choose: (HostState, HostNames) throws -> [Volume]
    ) async throws {
        let goal = "verify the bases"
        try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in try await probe.volumes() }
            let verifier = BaseVerifier(
                runner: runner, reporter: ImageReporter(trace: runner.trace, show: progress))
            for base in try choose(state, names(in: state)) { told(base, await verifier.verify(base)) }
        }
    }

    /// `imgbase layer --add`. Returns the layer's name.
    public func addLayer(on source: String?) async throws -> String {
        let goal = "add a layer"
        return try await changing(goal) {
            let planner = LayerPlanner(source: source, uuid: try newUUID(goal))
            for draft in try await finishInterrupted(goal) where planner.isMet(by: draft) {
                return draft.path.name
            }
            let (plan, draft) = try await planning(goal) { () throws(HostFailure) in
                try await probe.boot()
            } plan: { state, names throws(HostRefusal) in
                try planner.begin(state, names: names)
            }
            try await carryOut(plan)
            try await finish(draft, planner, after: plan)
            return draft.path.name
        }
    }

    /// Finishes the layers that interrupted runs have left complete, but for the boot menu; returns them, the newest first.
    @discardableResult
    func finishInterrupted(_ goal: String) async throws -> [LayerDraft] {
        let state = try await looking(goal) { () throws(HostFailure) in try await probe.boot() }
        let drafts = LayerPlanner.unfinished(state, names: names(in: state))
        for draft in drafts {
            let plan = LayerPlanner.resume(draft, state)
            try await carryOut(plan)
            try await finish(draft, LayerPlanner(source: nil, uuid: try newUUID(goal)), after: plan)
        }
        return drafts.reversed()
    }

    /// The last parts of adding a layer, planned from what those before them, `begun`, have made; where that cannot be, they are
    /// undone. Returns what was carried into it.
    @discardableResult
    func finish(
        _ draft: LayerDraft, _ planner: LayerPlanner, after begun: Plan, _ outlook: Outlook = Outlook()
    ) async throws -> CarryReport? {
        var draft = draft
        var report: CarryReport?
        let plan = try await continuing(begun) {
            var state = try await observed(outlook)
            var contents = try contents(of: draft, in: state)
            if let part = try planner.furnish(draft, state, names: names(in: state), contents: contents) {
                report = try await carryOut(part)
                draft.isFurnished = true
                state = try await observed(outlook)
                contents = try self.contents(of: draft, in: state)
            }
            state = stored(contents.files, in: state)
            return try planner.finish(draft, state, names: names(in: state), contents: contents)
        }
        try await carryOut(plan)
        return report
    }

    /// The host as it is, or as it would be where plans are only shown.
    func observed(_ outlook: Outlook = Outlook()) async throws(HostFailure) -> HostState {
        let state = try await probe.boot()
        return outlook.applied(to: state, names(in: state))
    }

    /// The host in `state`, in which `files` are stored only if what is stored under their digest is undamaged.
    func stored(_ files: BootFiles, in state: HostState) -> HostState {
        var state = state
        let store = BootFileStore(directory: state.boot.directory + "/imgbased")
        if !store.verify(files.digest) { state.boot.digests.remove(files.digest) }
        return state
    }

    /// Makes the next plan of those that begun with `begun`, which is undone where that cannot be.
    func continuing<Result>(_ begun: Plan, _ plan: () async throws -> Result) async throws -> Result {
        do {
            return try await plan()
        } catch let failure as HostFailure {
            throw await undo(begun, after: failure)
        } catch let refusal as HostRefusal {
            // Something was begun, so this is no refusal any more, unless all of it is undone.
            let failure = await undo(begun, after: .contents(refusal.reason))
            throw failure.undoFailure == nil && !failure.leavesChanges ? refusal : failure
        }
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

    /// Carries `plan` out, or shows it. Returns what it has carried from one layer into another, if it was about that.
    @discardableResult
    func carryOut(_ plan: Plan, source: ImageSource? = nil) async throws(CommandFailure) -> CarryReport? {
        switch mode {
        case .show(let show):
            show(plan)
            return nil
        case .execute(let log):
            var executor = Executor(runner: runner, source: source, log: log)
            try await executor.run(plan)
            return executor.carried
        }
    }

    func undo(_ plan: Plan, after cause: HostFailure) async -> CommandFailure {
        switch mode {
        case .show:
            return CommandFailure(plan.goal, cause)
        case .execute(let log):
            var executor = Executor(runner: runner, log: log)
            return await executor.undo(plan, after: cause, begun: !plan.steps.isEmpty)
        }
    }

    /// Throws unless this program may do everything: lvm2 tells nobody else.
    public static func checkRoot() throws(HostFailure) {
        guard HostSystem.isRoot else { throw .notRoot }
    }

    /// Runs `body` with the host's lock, where it is going to change something.
    func changing<Result>(_ goal: String, _ body: () async throws -> Result) async throws -> Result {
        do throws(HostFailure) { try Session.checkRoot() } catch { throw CommandFailure.refusal(goal, error) }
        guard case .execute = mode else { return try await body() }
        let lock: HostLock
        do throws(SystemError) {
            lock = try HostLock.take(Session.lockPath, waiting: waiting)
        } catch {
            throw CommandFailure.refusal(goal, .system(error))
        }
        let result = try await body()
        lock.release()
        return result
    }

    /// Looks at the host and plans; where an interrupted run left debris, that is removed first. It is not, where
    /// what is asked for is refused all the same.
    func planning<Result>(
        _ goal: String, look: () async throws(HostFailure) -> HostState,
        plan: (HostState, HostNames) throws(HostRefusal) -> Result
    ) async throws -> Result {
        let state = try await looking(goal, look)
        let names = names(in: state)
        let result = try plan(state.cleaned(names), names)
        let cleaning = state.cleaning(names)
        if cleaning.steps.isEmpty { return result }
        try await carryOut(cleaning)
        return try plan(try await looking(goal, look).cleaned(names), names)
    }

    /// Names `goal` in what goes wrong while the host is looked at.
    func looking<Result>(
        _ goal: String, _ body: () async throws(HostFailure) -> Result
    ) async throws(CommandFailure) -> Result {
        do throws(HostFailure) {
            return try await body()
        } catch {
            throw CommandFailure.refusal(goal, error)
        }
    }

    /// A new random UUID, from the kernel.
    func newUUID(_ goal: String) throws(CommandFailure) -> String {
        guard let uuid = SmallFile.line("/proc/sys/kernel/random/uuid") else {
            throw .refusal(
                goal,
                .system(SystemError("read", "/proc/sys/kernel/random/uuid", reason: "/proc is not mounted")))
        }
        return uuid
    }
}
