public import TestMachine

/// How many states are looked at.
public struct Extent: Sendable {
    /// Up to so many writes between two flushes every part of them is looked at.
    let exhaustive: Int
    /// How many parts are drawn otherwise, and how many tears.
    let drawn: Int
    /// What draws them.
    let seed: UInt64
    /// When no other interval is begun.
    let end: Deadline?

    /// As said.
    public init(exhaustive: Int = 9, drawn: Int = 40, seed: UInt64 = 1, end: Deadline? = nil) {
        (self.exhaustive, self.drawn, self.seed, self.end) = (exhaustive, drawn, seed, end)
    }

    /// What decides which states they are.
    var description: String { "\(exhaustive) \(drawn) \(seed)" }
}
