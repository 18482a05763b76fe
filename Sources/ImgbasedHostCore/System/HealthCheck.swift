import ImgbasedCore

/// An administrator's health check of the started system: a program, and its weight.
public struct HealthCheck: Hashable, Sendable {
    /// The effect of a failed check on the layer.
    public enum Weight: String, Hashable, Sendable, CaseIterable {
        /// The layer is bad.
        case required
        /// The failure is only reported.
        case wanted
    }

    /// The effect of a failure.
    public var weight: Weight
    /// The name of the program.
    public var name: String

    /// The check `name`.
    public init(_ weight: Weight, _ name: String) {
        self.weight = weight
        self.name = name
    }

    /// The path of the program, below a directory with one directory for each weight.
    public var path: String { "\(weight.rawValue)/\(name)" }

    /// The result of a check.
    public struct Result: Hashable, Sendable {
        /// The check that ran.
        public var check: HealthCheck
        /// The problem it found; `nil` if it passed.
        public var problem: String?
        /// The duration in milliseconds.
        public var milliseconds: Int

        /// The result of `check`.
        public init(_ check: HealthCheck, problem: String?, milliseconds: Int) {
            self.check = check
            self.problem = problem
            self.milliseconds = milliseconds
        }

        /// The result in one line for people.
        public var line: String {
            "\(check.path): \(problem ?? "passed") (\(milliseconds) ms)"
        }
    }

    /// Why `results` make a layer bad; `nil` if they do not.
    public static func problem(_ results: [Result]) -> String? {
        let failures = results.filter { $0.check.weight == .required }.compactMap { result in
            result.problem.map { "check '\(result.check.name)' \($0)" }
        }
        return failures.isEmpty ? nil : failures.joined(separator: ", ")
    }
}
