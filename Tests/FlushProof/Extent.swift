public import TestMachine

/// The number of states to judge.
public struct Extent: Sendable {
    /// The largest number of writes between two flushes of which every subset is judged.
    let exhaustive: Int
    /// The number of subsets drawn otherwise, and of torn writes.
    let drawn: Int
    /// The seed of the draws.
    let seed: UInt64
    /// The time after which no further interval begins; `nil` for no limit.
    let end: Deadline?

    /// An extent with these settings; without `end`, no time limit.
    public init(exhaustive: Int = 9, drawn: Int = 40, seed: UInt64 = 1, end: Deadline? = nil) {
        (self.exhaustive, self.drawn, self.seed, self.end) = (exhaustive, drawn, seed, end)
    }

    /// The parameters that select the states.
    var description: String { "\(exhaustive) \(drawn) \(seed)" }
}
