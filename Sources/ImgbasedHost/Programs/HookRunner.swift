import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Subprocess
import SystemPackage

/// Finds and runs the hooks of administrators and packages.
public struct HookRunner: Sendable {
    /// The time limit of one program.
    public var limit: Duration
    /// The time a program has to end when told to.
    public var grace: Duration

    /// A runner that ends a program after `limit`, and gives it `grace` to end.
    public init(limit: Duration = .seconds(600), grace: Duration = .seconds(10)) {
        (self.limit, self.grace) = (limit, grace)
    }

    /// The installed programs; each of `directories` has a directory for each event.
    public static func hooks(_ directories: [String] = Hooks.directories) throws(HostFailure) -> Hooks {
        var hooks = Hooks()
        for event in HookEvent.allCases {
            var listings: [Hooks.Listing] = []
            for parent in directories {
                let directory = "\(parent)/\(event.rawValue)"
                let names = try calling(ConfinedTree("/").names(in: directory))
                let masks = names.filter { HostSystem.resolved("\(directory)/\($0)") == "/dev/null" }
                listings.append(Hooks.Listing(directory: directory, names: names, masks: Set(masks)))
            }
            hooks.add(event, listings)
        }
        return hooks
    }

    /// Runs the programs of `run` in order, until one fails.
    ///
    /// The tree of the layer is mounted privately meanwhile, and then flushed.
    ///
    /// - Throws: ``HostFailure/hook(_:problem:)`` for the first that does not end with status 0 in time. If
    ///   others than root could change a program, none runs.
    public func run(_ run: HookRun) async throws(HostFailure) {
        // All are checked before the first one runs.
        for program in run.programs {
            if let problem = HostTrust.problem(of: program) {
                throw .hook(program, problem: "is not run: \(problem)")
            }
        }
        guard let place = run.tree else { return try await self.run(run, tree: nil) }
        let tree = try calling(
            HostMount.mount(
                place.volume.device, type: place.type.rawValue, .readWrite, allowsPrograms: true))
        try await self.run(run, tree: tree.processPath)
        try calling(tree.flush())
    }

    private func run(_ run: HookRun, tree: String?) async throws(HostFailure) {
        var environment: [Environment.Key: String] = [
            "LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/",
        ]
        for (name, value) in run.environment(tree: tree) {
            environment[Environment.Key(stringLiteral: name)] = value
        }
        for program in run.programs {
            let problem = await problem(of: program, run.arguments, environment)
            if let problem { throw .hook(program, problem: problem) }
        }
    }

    /// The problem; `nil` if the program ended with status 0 in time.
    private func problem(
        of program: String, _ arguments: [String], _ environment: [Environment.Key: String]
    ) async -> String? {
        await withTaskGroup(of: (isEnd: Bool, problem: String?).self) { group in
            group.addTask { (true, await end(of: program, arguments, environment)) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return (false, nil)
            }
            guard let first = await group.next() else { return nil }
            // Cancelling tells the program to end, and then makes it. It has ended when the group has.
            group.cancelAll()
            return first.isEnd ? first.problem : "was ended after \(limit.components.seconds) seconds"
        }
    }

    private func end(
        of program: String, _ arguments: [String], _ environment: [Environment.Key: String]
    ) async -> String? {
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: grace)]
        return await Complaint.about {
            try await Subprocess.run(
                .path(FilePath(program)), arguments: Arguments(arguments), environment: .custom(environment),
                workingDirectory: "/", platformOptions: options, input: .none,
                output: .fileDescriptor(.standardError, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            ).terminationStatus
        }
    }
}
