import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Subprocess
import SystemPackage

/// Finds and runs the programs of administrators and packages.
public struct HookRunner: Sendable {
    /// How long one may take.
    public var limit: Duration
    /// How long it has to end when it is told to.
    public var grace: Duration

    /// A runner of programs that take no longer than `limit`, and end within `grace` when they are told to.
    public init(limit: Duration = .seconds(600), grace: Duration = .seconds(10)) {
        (self.limit, self.grace) = (limit, grace)
    }

    /// The programs there are, in a directory for each event in each of `directories`.
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

    /// Runs the programs of `run`, one after the other, until one fails. The tree of its layer is mounted for that long,
    /// where nobody else sees it, and is flushed.
    ///
    /// - Throws: ``HostFailure/hook(_:complaint:)`` for the first that does not end with status 0, in time; and
    ///   where others than root could change one, for which none is run.
    public func run(_ run: HookRun) async throws(HostFailure) {
        // Before the first of them does anything.
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

    /// What is wrong; `nil` where the program ended with status 0 in time.
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
            // Cancelled, the program is told to end, and made to; either way it has ended when the group has.
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
