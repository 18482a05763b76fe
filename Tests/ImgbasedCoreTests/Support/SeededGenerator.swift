/// Random numbers that are the same on every run: SplitMix64 (G. Steele and others, 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    /// A number from 0 up to below `limit`.
    mutating func number(_ limit: Int) -> Int {
        Int(next() % UInt64(limit))
    }

    /// True once in `times`.
    mutating func once(in times: Int) -> Bool {
        number(times) == 0
    }

    /// One of `choices`.
    mutating func one<Choice>(of choices: [Choice]) -> Choice {
        choices[number(choices.count)]
    }
}

/// The bytes of `text`.
func bytes(_ text: String) -> [UInt8] {
    Array(text.utf8)
}

/// `bytes` as text, for what a failed test shows.
func text(_ bytes: [UInt8]?) -> String? {
    bytes.map { String(decoding: $0, as: UTF8.self) }
}
