import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Subprocess
import SystemPackage

/// Runs the administrator's checks and keeps their result for later readers.
public struct HealthRunner: Sendable {
    /// The directory of the checks.
    public static let defaultDirectory = "/etc/imgbased/health.d"
    /// The message if there are no checks.
    public static let noChecks =
        "there is no check in '\(defaultDirectory)/required' or '\(defaultDirectory)/wanted'"

    private let directory: String
    private let problemPath: String

    /// A runner of the checks below `directory`. The file `problemPath` keeps why the system is not healthy.
    public init(
        directory: String = HealthRunner.defaultDirectory, problemPath: String = "/run/imgbased/ailment"
    ) {
        self.directory = directory
        self.problemPath = problemPath
    }

    /// Runs every check in order, even after a failure, and passes each result to `report`.
    ///
    /// Checks write to the program's own output.
    public func run(_ report: (HealthCheck.Result) -> Void = { _ in }) async throws(HostFailure)
        -> [HealthCheck.Result]
    {
        var results: [HealthCheck.Result] = []
        for check in try checks() {
            let start = ContinuousClock.now
            let problem = await problem(of: check)
            let time = (ContinuousClock.now - start).components
            let milliseconds = Int(time.seconds) * 1000 + Int(time.attoseconds / 1_000_000_000_000_000)
            let result = HealthCheck.Result(check, problem: problem, milliseconds: milliseconds)
            report(result)
            results.append(result)
        }
        let problem = HealthCheck.problem(results) ?? ""
        try calling(SmallFile.write(problem, to: problemPath))
        return results
    }

    /// Why this system is not healthy, as the last run found; `nil` if there is no problem.
    public var problem: String? {
        SmallFile.line(problemPath).flatMap { $0.isEmpty ? nil : $0.asMessageLine }
    }

    /// All checks, in the order they run.
    public func checks() throws(HostFailure) -> [HealthCheck] {
        var checks: [HealthCheck] = []
        for weight in HealthCheck.Weight.allCases {
            let names = try calling(ConfinedTree("/").names(in: "\(directory)/\(weight.rawValue)"))
            checks += DropIns.names(names).map { HealthCheck(weight, $0) }
        }
        return checks
    }

    /// The problem; `nil` if the check ended with status 0.
    ///
    /// A check that cannot be run has failed: a check left out is no sign of health.
    private func problem(of check: HealthCheck) async -> String? {
        // The check would run as root.
        if let problem = HostTrust.problem(of: "\(directory)/\(check.path)") {
            return "is not run: \(problem)"
        }
        return await Complaint.about {
            try await Subprocess.run(
                .path(FilePath("\(directory)/\(check.path)")),
                environment: .inherit.updating(["LC_ALL": "C"]), input: .none,
                output: .fileDescriptor(.standardOutput, closeAfterSpawningProcess: false),
                error: .fileDescriptor(.standardError, closeAfterSpawningProcess: false)
            ).terminationStatus
        }
    }
}
