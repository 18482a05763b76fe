import ImgbasedCore

/// What the programs of a layer made of the configuration carried into it (`CarryProgram`).
///
/// The layer keeps it: at shutdown, when late changes are carried, no program runs.
public struct CarryReview: Hashable, Sendable, Codable {
    /// The path of a layer's record.
    public static let path = "/var/lib/imgbased/review.json"

    /// Merged lines that a program did not take.
    public struct Refusal: Hashable, Sendable, Codable {
        /// The path, as `TreePath.description` writes it.
        public var path: String
        /// The SHA-256 of the merged text.
        public var digest: String
        /// What the program said.
        public var reason: String

        /// The refusal of the text with this `digest`.
        public init(_ path: TreePath, digest: String, reason: String) {
            (self.path, self.digest, self.reason) = (path.description, digest, reason)
        }
    }

    /// A program that failed for another reason.
    public struct Failure: Hashable, Sendable, Codable {
        /// The path that the program is about.
        public var path: String
        /// What the program said.
        public var reason: String

        /// The failure of a program about `path`.
        public init(_ path: TreePath, _ reason: String) {
            (self.path, self.reason) = (path.description, reason)
        }

        /// The failure in a report; `nil` if the path is none.
        public var item: CarryItem? {
            TreePath(escaped: path).map { CarryItem($0, .failed, reason) }
        }
    }

    /// The merged lines that were refused.
    public var refused: [Refusal] = []
    /// The other failures.
    public var failed: [Failure] = []
    /// The paths that programs wrote: what they made stays.
    public var made: [String] = []

    /// The record of a layer in which nothing ran.
    public init() {}

    /// Why the merged text with this `digest` cannot be the content of `path`; `nil` if nothing says so.
    public func reason(against digest: String, at path: TreePath) -> String? {
        refused.first { $0.digest == digest && $0.path == path.description }?.reason
    }

    /// The paths that programs wrote.
    public var madePaths: Set<TreePath> { Set(made.compactMap { TreePath(escaped: $0) }) }
}

extension CarryProgram {
    /// What is to be told if the configuration changed after the program saw it, at these `paths`; `nil` if it did not.
    public func late(_ paths: [TreePath]) -> CarryReview.Failure? {
        guard let path = paths.first(where: concerns) else { return nil }
        return CarryReview.Failure(path, "changed after the update; run '\(command)'")
    }
}
