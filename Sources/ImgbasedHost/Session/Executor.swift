import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Carries out a plan, step by step.
public struct Executor {
    private let runner: CommandRunner
    private let source: ImageSource?
    private let log: @Sendable (Step) -> Void
    /// Throws if no other preparing step may begin.
    private let interruption: @Sendable () throws(HostFailure) -> Void
    /// The facts that writing the plan's image found; `.unknown` before.
    public private(set) var image: ImageFacts = .unknown
    /// The report of the plan's `carry`; `nil` before.
    public private(set) var carried: CarryReport?
    /// The paths of the new layer that the plan's last `carry` changed.
    private var changed: [TreePath] = []
    /// What became of added packages in the plan's `carryPackages`; `nil` before.
    public private(set) var packages: PackageRecord?

    /// An executor that runs commands through `runner` and passes each step to `log` as it begins.
    ///
    /// `source` is the image of a plan with a `writeImage`.
    public init(
        runner: CommandRunner, source: ImageSource? = nil, log: @escaping @Sendable (Step) -> Void = { _ in },
        interruption: @escaping @Sendable () throws(HostFailure) -> Void = checkSignals
    ) {
        self.runner = runner
        self.source = source
        self.log = log
        self.interruption = interruption
    }

    /// Carries out `plan`. If a preparing step fails, its visible results are removed again.
    public mutating func run(_ plan: Plan) async throws(CommandFailure) {
        var begun = false
        do throws(HostFailure) {
            for step in plan.prepare {
                if !step.isCheck { HostSignals.hold() }
                try interruption()
                try await perform(step)
                begun = begun || !step.isCheck
            }
        } catch {
            throw await undo(plan, after: error, begun: begun)
        }
        var failure: CommandFailure?
        for step in plan.commit + plan.cleanup {
            do throws(HostFailure) {
                try await perform(step)
            } catch {
                // The goal is reached. Leaving the other steps would gain nothing.
                guard case .runHooks(let run) = step, run.event.isAfterwards else {
                    throw CommandFailure(plan.goal, error, leavesChanges: true)
                }
                failure = failure ?? CommandFailure(run.goal, error)
            }
        }
        if let failure { throw failure }
    }

    /// Undoes the preparations of `plan`, and returns the failure with its `cause`.
    public mutating func undo(
        _ plan: Plan, after cause: HostFailure, begun: Bool
    ) async -> CommandFailure {
        var failure = CommandFailure(plan.goal, cause, leavesChanges: begun && plan.undo.isEmpty)
        do throws(HostFailure) {
            for step in plan.undo {
                if case .removeVolume(let path) = step, try await !isThere(path) { continue }
                try await perform(step)
            }
        } catch {
            failure.undoFailure = error
        }
        return failure
    }

    /// Whether an incomplete volume exists: a failed step may have made it or not.
    private func isThere(_ path: VolumePath) async throws(HostFailure) -> Bool {
        let volumes = try LVMReport.volumes(try await runner.run(LVMReport.volumesCommand))
        return volumes.contains { $0.path == path && ($0.isBuilding || $0.isUpdating) }
    }

    private mutating func perform(_ step: Step) async throws(HostFailure) {
        log(step)
        for action in step.actions(image: image) { try await perform(action) }
    }

    private mutating func perform(_ action: Action) async throws(HostFailure) {
        switch action {
        case .run(let command):
            try await runner.run(command)
        case .makeDirectory(let path):
            try calling(ConfinedTree("/").makeDirectories(path))
        case .replaceFile(let path, let contents):
            try calling(ConfinedTree("/").replaceFile(path, contents: contents))
        case .replaceBootFile(let path, let contents):
            try calling(
                ConfinedTree("/").replaceBootFile(path, contents: contents, staging: BootState.staging))
        case .removeBootFile(let path):
            try calling(ConfinedTree("/").removeBootFile(path, staging: BootState.staging))
        case .link(let path, let target):
            try calling(SmallFile.link(to: target, at: path))
        case .removeFile(let path):
            try calling(ConfinedTree("/").removeFile(path))
        case .write(let path, let text):
            try calling(SmallFile.write(text, to: path))
        case .tellJournal(let message):
            try calling(HostJournal.send(message.fields))
        case .flushBoot(let path):
            try calling(HostFlush.bootFileSystem(path))
        case .writeImage(let path, let device, let allowance):
            guard let source else { throw .image(path, reason: "it is not open") }
            image = try ImageWriter(allowance).writeBase(source, to: device)
            source.release()
        case .fillFileSystem(let path, let device, let type):
            guard let source else { throw .image(path, reason: "it is not open") }
            image = try ImageFiller().fill(source, to: device, type)
            source.release()
        case .settleFileSystem(let device, let type):
            try calling { () throws(SystemError) in
                let tree = try HostMount.mount(device, type: type.rawValue, .readWrite)
                try tree.fillDevice(device)
                try tree.flush()
            }
        case .makeDirectoryOn(let device, let type, let path):
            try calling { () throws(SystemError) in
                let tree = try HostMount.mount(device, type: type.rawValue, .readWrite)
                try tree.makeDirectories(path)
                try tree.flush()
            }
        case .replaceFileOn(let device, let type, let path, let contents):
            try calling { () throws(SystemError) in
                let tree = try HostMount.mount(device, type: type.rawValue, .readWrite)
                try tree.replaceFile(path, contents: contents)
                try tree.flush()
            }
        case .copyBootFiles(let files, let source, let directory):
            let tree = try calling { () throws(SystemError) in
                switch source {
                case .running: try ConfinedTree("/")
                case .runningAlone: try HostMount.only("/")
                case .layer(let path, let type):
                    try HostMount.mount(path.device, type: type.rawValue, .readOnly)
                }
            }
            try BootFileStore(directory: directory).install(files, from: tree)
        case .removeBootFiles(let digests, let directory):
            try BootFileStore(directory: directory).remove(digests)
        case .runHooks(let run):
            try await HookRunner().run(run)
        case .settleConflict(let path, let takesNew):
            try calling { () throws(SystemError) in try ConflictSettler.settle(path, takesNew: takesNew) }
        case .carry(let order):
            (carried, changed) = try VolumeCarry(order).run()
        case .carryPackages(let order, let isLate):
            let (record, report) = try await VolumePackages(order, runner).run(isLate: isLate)
            packages = record
            if let report { carried = report }
        case .reviewCarry(let order, let isLate):
            if let report = carried {
                carried = try VolumeReview(order).run(report, late: isLate ? changed : nil)
            }
        case .keepArchive(let path, let archive):
            try calling { () throws(SystemError) in try ArchiveKeeper.keep(path, as: archive) }
        case .recordPackages(let record):
            try PackageTree.put(record, in: try calling(ConfinedTree("/")))
        case .setUpLayer(let setup):
            try LayerSetter.run(setup)
        case .coverPlace(let move):
            try PlaceMover(move, ImageReporter(trace: runner.trace)).run()
        case .fillVolume(let fill):
            try DataFiller(fill, ImageReporter(trace: runner.trace)).run()
        case .uncoverPlace(let place, let device):
            try calling(HostMount.uncover(place.text, from: device))
        case .flushDevice(let device):
            try calling(HostFlush.device(device))
        }
    }
}
