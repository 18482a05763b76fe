import Glibc
public import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// One command on this host: it observes, makes a plan, and carries it out or shows it.
public struct Session: Sendable {
    /// The treatment of a plan.
    public enum Mode: Sendable {
        /// The plan is carried out; the closure gets each step as it begins.
        case execute(log: @Sendable (Step) -> Void)
        /// The closure gets the plan, and nothing is changed.
        case show(@Sendable (Plan) -> Void)
    }

    let mode: Mode
    let runner: CommandRunner
    let group: String?
    let pool: String?
    private let waiting: @Sendable () -> Void
    let notice: @Sendable (String) -> Void
    let progress = SessionProgress()
    /// Whether `/boot` is that of the running system, and not of a disk that is being installed.
    var isForThisHost = true

    /// The lock of changing commands. It is not in `/run/lock`, where every user may create that name.
    private static let lockPath = "/run/imgbased/lock"

    /// A session for the given volume group and pool, which runs commands through `runner`.
    ///
    /// `waiting` is called if another command is changing the host and this one waits. `notice` gets
    /// other messages for the user.
    public init(
        mode: Mode, runner: CommandRunner, group: String?, pool: String?,
        waiting: @escaping @Sendable () -> Void, notice: @escaping @Sendable (String) -> Void
    ) {
        self.mode = mode
        self.runner = runner
        self.group = group
        self.pool = pool
        self.waiting = waiting
        self.notice = notice
    }

    /// Whether plans are only shown.
    var isShowing: Bool {
        if case .show = mode { true } else { false }
    }

    /// The probe of the host, which expects this group.
    public var probe: HostProbe { HostProbe(runner: runner, group: group, readsFirmware: isForThisHost) }

    /// The volume group and pool of this session, given `state`.
    public func names(in state: HostState) -> HostNames {
        HostNames(group: group, pool: pool, in: state)
    }

    /// Carries out `imgbase layout init` and returns the names of the group and the pool.
    public func initialize(
        disks: [String], size: Bytes?, configSize: Bytes?, volumes: [(place: DataPlace, size: Bytes)] = []
    ) async throws -> HostNames {
        let goal = "lay out the disks"
        return try await changing(goal) {
            let state = try await looking(goal) { () throws(HostFailure) in
                try await probe.layout(disks: disks)
            }
            var planner = InitPlanner(
                disks: disks, size: size, configSize: configSize, configUUID: try newUUID(goal))
            planner.volumes = try requests(volumes, goal)
            let names = names(in: state)
            try await carryOut(try planner.plan(state, names: names))
            return names
        }
    }

    /// Carries out `imgbase base verify`: passes each base that `choose` finds to `told`, with its verdict.
    ///
    /// No other command changes the host meanwhile.
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

    /// Carries `plan` out or shows it. Returns what its carry reports, if it has one.
    @discardableResult
    func carryOut(
        _ plan: Plan, source: ImageSource? = nil
    ) async throws(CommandFailure) -> (report: CarryReport?, packages: PackageRecord?) {
        switch mode {
        case .show(let show):
            show(plan)
            progress.note(shown: plan)
            return (nil, nil)
        case .execute(let log):
            var executor = Executor(runner: runner, source: source, log: log)
            try await executor.run(plan)
            progress.note(done: plan)
            return (executor.carried, executor.packages)
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

    /// Throws unless the user is root: lvm2 answers nobody else.
    public static func checkRoot() throws(HostFailure) {
        guard HostSystem.isRoot else { throw .notRoot }
    }

    /// Runs `body`, under the host's lock if plans are carried out.
    ///
    /// - Parameter ofThisHost: Whether this host's volume group is concerned, which then is repaired first.
    func changing<Result>(
        _ goal: String, ofThisHost: Bool = true, _ body: () async throws -> Result
    ) async throws -> Result {
        do throws(HostFailure) { try Session.checkRoot() } catch { throw CommandFailure.refusal(goal, error) }
        guard case .execute = mode else {
            if ofThisHost { try await repairGroup(goal) }
            return try await body()
        }
        // The command that runs the hook holds the lock and waits for the hook.
        if getenv(HookRun.marker) != nil { throw HostRefusal(goal, .insideHook) }
        let lock: HostLock
        do throws(SystemError) {
            lock = try HostLock.take(Session.lockPath, waiting: waiting)
        } catch {
            throw CommandFailure.refusal(goal, .system(error))
        }
        if ofThisHost { try await repairGroup(goal) }
        let result = try await accounting(body)
        lock.release()
        return result
    }

    /// Repairs the volume group for lvm2, if a power cut tore its metadata.
    ///
    /// The first command after the power cut does that.
    private func repairGroup(_ goal: String) async throws(CommandFailure) {
        let repair = try await looking(goal) { () throws(HostFailure) in try await probe.repair() }
        guard let repair else { return }
        notice("\(repair)")
        try await carryOut(repair.plan)
    }

    /// Turns a refusal into a failure if an earlier change stays.
    private func accounting<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let refusal as HostRefusal where progress.plansDone > 0 {
            throw CommandFailure(refusal.goal, .contents(refusal.reason))
        } catch var failure as CommandFailure where failure.isRefusal && progress.plansDone > 0 {
            failure.isRefusal = false
            throw failure
        }
    }

    /// Runs `body`, which looks at the host, and names `goal` in its failure.
    func looking<Result>(
        _ goal: String, _ body: () async throws(HostFailure) -> Result
    ) async throws(CommandFailure) -> Result {
        do throws(HostFailure) {
            return try await body()
        } catch {
            throw CommandFailure.refusal(goal, error)
        }
    }

    /// The requests for data volumes, each with a UUID.
    func requests(
        _ volumes: [(place: DataPlace, size: Bytes)], _ goal: String
    ) throws(CommandFailure) -> [DataRequest] {
        var requests: [DataRequest] = []
        for (place, size) in volumes {
            requests.append(DataRequest(place, size: size, uuid: try newUUID(goal)))
        }
        return requests
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
