import ImgbasedCore

/// The subordinate ids given out.
struct SubordinateRanges {
    /// In order, without overlaps.
    private var taken: [Range<UInt32>] = []

    /// The first id given out (useradd: SUB_UID_MIN).
    private static let first: UInt32 = 100_000

    /// Whether an id of `range` is given out.
    func overlaps(_ range: SubordinateRange) -> Bool {
        let place = place(of: range.start)
        return place < taken.count && taken[place].lowerBound < range.end
    }

    /// Gives out `range`.
    mutating func take(_ range: SubordinateRange) {
        var whole = range.start..<range.end
        let first = place(of: range.start)
        var last = first
        while last < taken.count, taken[last].lowerBound < whole.upperBound {
            whole =
                min(whole.lowerBound, taken[last].lowerBound)..<max(whole.upperBound, taken[last].upperBound)
            last += 1
        }
        taken.replaceSubrange(first..<last, with: [whole])
    }

    /// The index of the first of `taken` that does not end at or before `id`.
    private func place(of id: UInt32) -> Int {
        var (lower, upper) = (0, taken.count)
        while lower < upper {
            let middle = (lower + upper) / 2
            if taken[middle].upperBound <= id { lower = middle + 1 } else { upper = middle }
        }
        return lower
    }

    /// The start of as many free ids as `range` has; `nil` if there is no room.
    func free(for range: SubordinateRange) -> UInt32? {
        var start = UInt64(SubordinateRanges.first)
        for other in taken where UInt64(other.upperBound) > start {
            if start + UInt64(range.count) <= UInt64(other.lowerBound) { break }
            start = UInt64(other.upperBound)
        }
        return start + UInt64(range.count) <= UInt64(UInt32.max) ? UInt32(start) : nil
    }
}
