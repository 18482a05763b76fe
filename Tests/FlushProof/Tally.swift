/// How many states of a command were looked at, and what they were.
public struct Tally: Sendable {
    /// Counts of one kind of state.
    public struct Counts: Sendable {
        /// The state before the command.
        public var old = 0
        /// The state after it.
        public var new = 0
        /// Neither, by what is wrong.
        public var third: [String: Int] = [:]

        /// How many are neither.
        public var thirds: Int { third.values.reduce(0, +) }
        /// All of them.
        public var total: Int { old + new + thirds }

        /// Adds others.
        mutating func add(_ other: Counts) {
            old += other.old
            new += other.new
            third.merge(other.third, uniquingKeysWith: +)
        }
    }

    let scenario: String
    let step: String
    /// Where everything that was written is on the disk.
    public var boundaries = Counts()
    /// Between two of these.
    public var between = Counts()
    /// How many of both GRUB wrote to, before the journal was replayed.
    public private(set) var rewritten = 0
    /// How many of those between had a write that was torn.
    public private(set) var torn = 0
    /// Whether the time was enough for all of them.
    public var isComplete = true

    init(scenario: String, step: String) { (self.scenario, self.step) = (scenario, step) }

    /// Whether anything of that kind was seen.
    func has(_ kind: String) -> Bool { boundaries.third[kind] != nil || between.third[kind] != nil }

    mutating func add(_ state: Journal.State) {
        var counts = state.isBoundary ? boundaries : between
        if state.isRewritten == true { rewritten += 1 }
        if state.remnant?.torn != nil { torn += 1 }
        switch state.verdict {
        case .old: counts.old += 1
        case .new: counts.new += 1
        case .third(let kind, _): counts.third[kind, default: 0] += 1
        }
        if state.isBoundary { boundaries = counts } else { between = counts }
    }
}

extension Tally: CustomStringConvertible {
    /// The counts, as the end of a line.
    public var description: String {
        func text(_ counts: Counts) -> String {
            let third = counts.third.sorted { $0.key < $1.key }.map { "\($0.value) × \($0.key)" }
            return "\(counts.old) old, \(counts.new) new"
                + (third.isEmpty ? "" : ", NEITHER \(third.joined(separator: "; "))")
        }
        return "\(step): \(boundaries.total) boundaries (\(text(boundaries))), "
            + "\(between.total) between (\(text(between)))" + (isComplete ? "" : ", not complete")
    }
}
