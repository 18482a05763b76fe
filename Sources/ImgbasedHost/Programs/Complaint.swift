import Subprocess

/// A foreign program that failed.
enum Complaint {
    /// The problem, as in `'PROGRAM' …`; `nil` if the program that `run` runs ended with status 0.
    ///
    /// A program that cannot be run is a problem as well: it was meant to run.
    static func about(_ run: () async throws -> TerminationStatus) async -> String? {
        do {
            switch try await run() {
            case .exited(0): return nil
            case .exited(let status): return "failed with status \(status)"
            case .signaled(let signal): return "was ended by signal \(signal)"
            }
        } catch {
            return "cannot be run: \("\(error)".oneLine)"
        }
    }
}
