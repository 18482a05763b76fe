import ImgbasedCore

/// An administrator's check of the health of a system that has come up: a program, and whether it decides.
public struct HealthCheck: Hashable, Sendable {
    /// Whether a layer is bad where a check fails.
    public enum Weight: String, Hashable, Sendable, CaseIterable {
        /// It is.
        case required
        /// It is told, and no more.
        case wanted
    }

    /// Whether it decides.
    public var weight: Weight
    /// The name of the program.
    public var name: String

    /// The check `name`.
    public init(_ weight: Weight, _ name: String) {
        self.weight = weight
        self.name = name
    }

    /// Where its program is, in a directory with one directory a weight.
    public var path: String { "\(weight.rawValue)/\(name)" }

    /// How a check ended.
    public struct Result: Hashable, Sendable {
        /// The check.
        public var check: HealthCheck
        /// What is wrong; `nil` where all is well.
        public var problem: String?
        /// How long it took, in milliseconds.
        public var milliseconds: Int

        /// What `check` found.
        public init(_ check: HealthCheck, problem: String?, milliseconds: Int) {
            self.check = check
            self.problem = problem
            self.milliseconds = milliseconds
        }

        /// For people.
        public var line: String {
            "\(check.path): \(problem ?? "passed") (\(milliseconds) ms)"
        }
    }

    /// Why a layer for which `results` were found is bad; `nil` where it is not.
    public static func problem(_ results: [Result]) -> String? {
        let failures = results.filter { $0.check.weight == .required }.compactMap { result in
            result.problem.map { "check '\(result.check.name)' \($0)" }
        }
        return failures.isEmpty ? nil : failures.joined(separator: ", ")
    }
}
