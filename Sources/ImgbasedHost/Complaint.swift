import Subprocess

/// A program of somebody else's that did not do what it was run for.
enum Complaint {
    /// What is wrong, as in `'PROGRAM' …`; `nil` where the program that `run` runs ended with status 0. One that cannot be run
    /// was meant to run, so that is wrong as well.
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
