import ImgbasedCore

/// The lines that two texts have in common: a longest common subsequence.
///
/// Lines are numbers: the same number is the same line.
struct LineDiff {
    /// The lines between two common lines, before the first, or after the last.
    struct Gap: Hashable {
        /// The number of lines only in the old text.
        var old = 0
        /// The number of lines only in the new text.
        var new = 0
    }

    /// One more than there are common lines.
    private(set) var gaps: [Gap] = []

    private let old: [Int]
    private let new: [Int]
    /// The steps left.
    private var budget: Int

    /// Compares `old` and `new` in at most `budget` steps; `nil` if these do not suffice.
    init?(_ old: [Int], _ new: [Int], budget: Int) {
        self.old = old
        self.new = new
        self.budget = budget
        guard let pairs = commonLines() else { return nil }
        gaps = LineDiff.gaps(pairs, old.count, new.count)
        guard slide(\.old, beside: \.new, in: old), slide(\.new, beside: \.old, in: new) else { return nil }
    }

    // MARK: Finding

    private mutating func commonLines() -> [MyersSearch.Pair]? {
        // A line missing in the other text is not common, and only costs time.
        let inOld = Set(old)
        let inNew = Set(new)
        let oldPlaces = old.indices.filter { inNew.contains(old[$0]) }
        let newPlaces = new.indices.filter { inOld.contains(new[$0]) }
        var search = MyersSearch(oldPlaces.map { old[$0] }, newPlaces.map { new[$0] }, budget: budget)
        guard let pairs = search.commonLines() else { return nil }
        budget = search.budget
        return pairs.map { MyersSearch.Pair(old: oldPlaces[$0.old], new: newPlaces[$0.new]) }
    }

    private static func gaps(_ pairs: [MyersSearch.Pair], _ oldCount: Int, _ newCount: Int) -> [Gap] {
        var gaps: [Gap] = []
        var (old, new) = (0, 0)
        for pair in pairs {
            gaps.append(Gap(old: pair.old - old, new: pair.new - new))
            (old, new) = (pair.old + 1, pair.new + 1)
        }
        gaps.append(Gap(old: oldCount - old, new: newCount - new))
        return gaps
    }

    // MARK: Sliding

    /// Moves each change of `side` where diff and git put it (xdl_change_compact); `false` if over budget.
    ///
    /// If lines repeat, a change has several possible places. It goes beside a change of the other side if
    /// possible, else as far down as possible. Changes that meet become one.
    private mutating func slide(
        _ side: WritableKeyPath<Gap, Int>, beside other: KeyPath<Gap, Int>, in lines: [Int]
    ) -> Bool {
        var index = 0
        var start = 0
        while index < gaps.count {
            var size = 0
            var beside: Int?
            while gaps[index][keyPath: side] != size {
                size = gaps[index][keyPath: side]
                while index > 0, lines[start - 1] == lines[start + gaps[index][keyPath: side] - 1] {
                    let moved = gaps[index][keyPath: side]
                    gaps[index][keyPath: side] = 0
                    index -= 1
                    start -= 1 + gaps[index][keyPath: side]
                    gaps[index][keyPath: side] += moved
                    budget -= 1
                    guard budget > 0 else { return false }
                }
                beside = gaps[index][keyPath: other] > 0 ? index : nil
                while index + 1 < gaps.count, lines[start] == lines[start + gaps[index][keyPath: side]] {
                    let moved = gaps[index][keyPath: side]
                    gaps[index][keyPath: side] = 0
                    index += 1
                    start += 1
                    gaps[index][keyPath: side] += moved
                    if gaps[index][keyPath: other] > 0 { beside = index }
                    budget -= 1
                    guard budget > 0 else { return false }
                }
            }
            if let beside, size > 0 {
                while index > beside {
                    gaps[index][keyPath: side] = 0
                    index -= 1
                    start -= 1
                    gaps[index][keyPath: side] = size
                    budget -= 1
                    guard budget > 0 else { return false }
                }
            }
            start += gaps[index][keyPath: side] + 1
            index += 1
        }
        return true
    }
}
