import ImgbasedCore

/// The search for a longest common subsequence.
///
/// E. Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), from both ends at once: it needs no
/// more memory than the two texts.
struct MyersSearch {
    /// The index of a common line in each text.
    struct Pair {
        var old: Int
        var new: Int
    }

    /// A part of both texts that is still to be compared.
    private struct Box {
        var old: Range<Int>
        var new: Range<Int>
    }

    /// The steps left.
    private(set) var budget: Int

    private let old: [Int]
    private let new: [Int]
    /// How far in `old` each diagonal (old - new) was followed, from the start and from the end.
    private var forward: [Int]
    private var backward: [Int]
    /// The index of diagonal 0 in these arrays.
    private let origin: Int

    init(_ old: [Int], _ new: [Int], budget: Int) {
        self.old = old
        self.new = new
        self.budget = budget
        forward = Array(repeating: 0, count: old.count + new.count + 3)
        backward = forward
        origin = new.count + 1
    }

    /// The pairs in order; `nil` if they take more than the budget.
    mutating func commonLines() -> [Pair]? {
        var pairs: [Pair] = []
        // A stack: the later box waits.
        var waiting = [Box(old: old.indices, new: new.indices)]
        while let box = waiting.popLast() {
            var (x, y) = (box.old.lowerBound, box.new.lowerBound)
            while x < box.old.upperBound, y < box.new.upperBound, old[x] == new[y] {
                pairs.append(Pair(old: x, new: y))
                (x, y) = (x + 1, y + 1)
            }
            var (oldEnd, newEnd) = (box.old.upperBound, box.new.upperBound)
            while oldEnd > x, newEnd > y, old[oldEnd - 1] == new[newEnd - 1] {
                (oldEnd, newEnd) = (oldEnd - 1, newEnd - 1)
            }
            if oldEnd < box.old.upperBound {
                waiting.append(Box(old: oldEnd..<box.old.upperBound, new: newEnd..<box.new.upperBound))
            }
            guard x < oldEnd, y < newEnd else { continue }
            let rest = Box(old: x..<oldEnd, new: y..<newEnd)
            guard let (middle, newMiddle) = middle(of: rest) else { return nil }
            waiting.append(Box(old: middle..<oldEnd, new: newMiddle..<newEnd))
            waiting.append(Box(old: x..<middle, new: y..<newMiddle))
        }
        return pairs
    }

    /// A point halfway on a shortest path through `box`; `nil` if the budget is used up.
    ///
    /// The box begins and ends with lines that are not common.
    private mutating func middle(of box: Box) -> (Int, Int)? {
        let diagonals = (box.old.lowerBound - box.new.upperBound)...(box.old.upperBound - box.new.lowerBound)
        let first = box.old.lowerBound - box.new.lowerBound
        let last = box.old.upperBound - box.new.upperBound
        let isOdd = !(first - last).isMultiple(of: 2)
        var ahead = first...first
        var behind = last...last
        forward[origin + first] = box.old.lowerBound
        backward[origin + last] = box.old.upperBound
        while true {
            ahead = MyersSearch.widen(ahead, within: diagonals, &forward, origin, beyond: -1)
            for diagonal in stride(from: ahead.upperBound, through: ahead.lowerBound, by: -2) {
                let (left, right) = (forward[origin + diagonal - 1], forward[origin + diagonal + 1])
                var x = left >= right ? left + 1 : right
                let start = x
                while x < box.old.upperBound, x - diagonal < box.new.upperBound, old[x] == new[x - diagonal] {
                    x += 1
                }
                budget -= 1 + x - start
                forward[origin + diagonal] = x
                if isOdd, behind.contains(diagonal), backward[origin + diagonal] <= x {
                    return (x, x - diagonal)
                }
            }
            behind = MyersSearch.widen(behind, within: diagonals, &backward, origin, beyond: .max)
            for diagonal in stride(from: behind.upperBound, through: behind.lowerBound, by: -2) {
                let (left, right) = (backward[origin + diagonal - 1], backward[origin + diagonal + 1])
                var x = left < right ? left : right - 1
                let start = x
                while x > box.old.lowerBound, x - diagonal > box.new.lowerBound,
                    old[x - 1] == new[x - diagonal - 1]
                {
                    x -= 1
                }
                budget -= 1 + start - x
                backward[origin + diagonal] = x
                if !isOdd, ahead.contains(diagonal), x <= forward[origin + diagonal] {
                    return (x, x - diagonal)
                }
            }
            guard budget > 0 else { return nil }
        }
    }

    /// The diagonals of the next round: one more at each end, or one less if the box ends there.
    ///
    /// The diagonal beyond a new one must not be chosen.
    private static func widen(
        _ range: ClosedRange<Int>, within limits: ClosedRange<Int>, _ reached: inout [Int], _ origin: Int,
        beyond: Int
    ) -> ClosedRange<Int> {
        var (lower, upper) = (range.lowerBound, range.upperBound)
        if lower > limits.lowerBound {
            lower -= 1
            reached[origin + lower - 1] = beyond
        } else {
            lower += 1
        }
        if upper < limits.upperBound {
            upper += 1
            reached[origin + upper + 1] = beyond
        } else {
            upper -= 1
        }
        return lower...upper
    }
}
