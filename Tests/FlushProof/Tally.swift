/// The counts of a command's judged states, by verdict.
public struct Tally: Sendable {
    /// The counts for one kind of state.
    public struct Counts: Sendable {
        /// The number of states as before the command.
        public var old = 0
        /// The number of states as after the command.
        public var new = 0
        /// The numbers of other states, by the kind of fault.
        public var third: [String: Int] = [:]

        /// The number of states that are neither old nor new.
        public var thirds: Int { third.values.reduce(0, +) }
        /// The number of all states.
        public var total: Int { old + new + thirds }

        /// Adds the counts of `other`.
        mutating func add(_ other: Counts) {
            old += other.old
            new += other.new
            third.merge(other.third, uniquingKeysWith: +)
        }
    }

    let scenario: String
    let step: String
    /// The states at a flush, with all earlier writes on the disk.
    public var boundaries = Counts()
    /// The states between two flushes.
    public var between = Counts()
    /// The number of states in which GRUB wrote before the journal was replayed.
    public private(set) var rewritten = 0
    /// The number of states in `between` with a torn write.
    public private(set) var torn = 0
    /// Whether all states were judged before the time limit.
    public var isComplete = true

    init(scenario: String, step: String) { (self.scenario, self.step) = (scenario, step) }

    /// Whether any state had the fault `kind`.
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
    /// The counts, as the end of a line of the report.
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
