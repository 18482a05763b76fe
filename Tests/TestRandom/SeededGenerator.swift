/// Random numbers that repeat for the same seed: SplitMix64 (G. Steele and others, 2014).
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// The numbers that belong to `seed`.
    public init(seed: UInt64) {
        state = seed
    }

    /// The next number, of 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A number from 0 up to below `limit`.
    public mutating func number(_ limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }

    /// True once in `times`.
    public mutating func once(in times: Int) -> Bool {
        number(times) == 0
    }

    /// One of `choices`, which is not empty.
    public mutating func one<Choice>(of choices: [Choice]) -> Choice {
        choices[number(choices.count)]
    }
}
