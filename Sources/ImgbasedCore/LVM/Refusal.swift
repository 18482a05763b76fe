/// Why our own code leaves something alone that lvm2 might well handle. What is not fully understood is refused.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The cause, one sentence without a full stop.
    public let reason: String

    /// A refusal because of `reason`.
    public init(_ reason: String) {
        self.reason = reason
    }

    /// The cause.
    public var description: String {
        reason
    }
}
