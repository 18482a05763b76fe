public import TestMachine

/// Limits on the states to judge.
public struct Extent: Sendable {
    /// The largest number of writes between two flushes for which every subset is judged.
    let exhaustive: Int
    /// The number of subsets to draw for more writes, and the number of torn writes.
    let drawn: Int
    /// The seed of the draws.
    let seed: UInt64
    /// The time after which no further interval is judged; `nil` for no limit.
    let end: Deadline?

    /// Makes an extent; if `end` is `nil`, time is not limited.
    public init(exhaustive: Int = 9, drawn: Int = 40, seed: UInt64 = 1, end: Deadline? = nil) {
        (self.exhaustive, self.drawn, self.seed, self.end) = (exhaustive, drawn, seed, end)
    }

    /// The parameters that select the states.
    var description: String { "\(exhaustive) \(drawn) \(seed)" }
}
