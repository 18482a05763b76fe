/// Why our own code does not begin a task that lvm2 may well be able to do.
///
/// Anything not fully understood is refused.
public struct Refusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The cause, one sentence without a full stop.
    public let reason: String

    /// Creates a refusal because of `reason`.
    public init(_ reason: String) {
        self.reason = reason
    }

    /// The same as `reason`.
    public var description: String {
        reason
    }
}
