import ImgbasedCore

/// The three-way merge of a text, line by line, as diff3(1) and git-merge-file(1) do it.
public enum LineMerge {
    /// The size limit of each of the three texts, in bytes.
    public static let limit = 1 << 20

    /// The limit of steps for each of the two comparisons: far less than a second.
    ///
    /// Texts with some 2000 lines in another order need as many. Lines in one text alone cost nothing.
    static let budget = 1 << 22

    /// `base` with the changes of both `ours` and `theirs`; `nil` is a conflict.
    ///
    /// In a conflict, both changed the same or adjacent lines differently. Or both changed a file that cannot
    /// be merged: it has a zero byte or more than `limit` bytes, or differs so much that comparing takes too
    /// long.
    public static func merge(base: [UInt8], ours: [UInt8], theirs: [UInt8]) -> [UInt8]? {
        if ours == base || ours == theirs { return theirs }
        if theirs == base { return ours }
        guard [base, ours, theirs].allSatisfy({ $0.count <= limit && !$0.contains(0) }) else { return nil }
        return LineMerge.Texts(base: base, ours: ours, theirs: theirs).merged()
    }

    /// A run of lines of the base, and the lines in its place.
    private struct Change {
        var base: Range<Int>
        var lines: Range<Int>
    }

    /// Changes of one side that touch each other or changes of the other side.
    private struct Cluster {
        var base: Range<Int>
        var ours: [Change] = []
        var theirs: [Change] = []
    }

    /// The three texts as lines with their ends, and these lines as numbers.
    private struct Texts {
        private let lines: [ArraySlice<UInt8>]
        private let base: [Int]
        private let ours: [Int]
        private let theirs: [Int]

        init(base: [UInt8], ours: [UInt8], theirs: [UInt8]) {
            var numbers: [ArraySlice<UInt8>: Int] = [:]
            var lines: [ArraySlice<UInt8>] = []
            func number(_ text: [UInt8]) -> [Int] {
                LineMerge.lines(text).map { line in
                    if let number = numbers[line] { return number }
                    numbers[line] = lines.count
                    lines.append(line)
                    return lines.count - 1
                }
            }
            self.base = number(base)
            self.ours = number(ours)
            self.theirs = number(theirs)
            self.lines = lines
        }

        func merged() -> [UInt8]? {
            guard let ourChanges = changes(ours), let theirChanges = changes(theirs) else { return nil }
            var merged: [Int] = []
            var done = 0
            for cluster in clusters(ourChanges, theirChanges) {
                merged += base[done..<cluster.base.lowerBound]
                let here = result(cluster.ours, of: ours, in: cluster.base)
                let there = result(cluster.theirs, of: theirs, in: cluster.base)
                guard cluster.ours.isEmpty || cluster.theirs.isEmpty || here == there else { return nil }
                merged += cluster.ours.isEmpty ? there : here
                done = cluster.base.upperBound
            }
            merged += base[done...]
            // A line without an end must be the last.
            guard merged.dropLast().allSatisfy({ lines[$0].last == newline }) else { return nil }
            return merged.flatMap { lines[$0] }
        }

        /// The changes from the base to `side`, in order; `nil` if comparing takes too long.
        private func changes(_ side: [Int]) -> [Change]? {
            guard let diff = LineDiff(base, side, budget: budget) else { return nil }
            var changes: [Change] = []
            var (old, new) = (0, 0)
            for gap in diff.gaps {
                if gap.old > 0 || gap.new > 0 {
                    changes.append(Change(base: old..<(old + gap.old), lines: new..<(new + gap.new)))
                }
                (old, new) = (old + gap.old + 1, new + gap.new + 1)
            }
            return changes
        }

        /// The changes of both sides in order; those that overlap or touch are together.
        private func clusters(_ ours: [Change], _ theirs: [Change]) -> [Cluster] {
            var clusters: [Cluster] = []
            var (ours, theirs) = (ours[...], theirs[...])
            while let start = [ours.first, theirs.first].compactMap(\.?.base.lowerBound).min() {
                var cluster = Cluster(base: start..<start)
                var isGrowing = true
                while isGrowing {
                    isGrowing = false
                    while let change = ours.first, change.base.lowerBound <= cluster.base.upperBound {
                        cluster.ours.append(change)
                        cluster.base = start..<max(cluster.base.upperBound, change.base.upperBound)
                        ours = ours.dropFirst()
                        isGrowing = true
                    }
                    while let change = theirs.first, change.base.lowerBound <= cluster.base.upperBound {
                        cluster.theirs.append(change)
                        cluster.base = start..<max(cluster.base.upperBound, change.base.upperBound)
                        theirs = theirs.dropFirst()
                        isGrowing = true
                    }
                }
                clusters.append(cluster)
            }
            return clusters
        }

        /// The lines of the base in `range` after `changes`, which are all in it.
        private func result(_ changes: [Change], of side: [Int], in range: Range<Int>) -> [Int] {
            var result: [Int] = []
            var done = range.lowerBound
            for change in changes {
                result += base[done..<change.base.lowerBound]
                result += side[change.lines]
                done = change.base.upperBound
            }
            return result + base[done..<range.upperBound]
        }
    }

    private static let newline = UInt8(ascii: "\n")

    /// The lines of `text`, each with its newline; the last may have none.
    private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        var rest = text[...]
        while let end = rest.firstIndex(of: newline) {
            lines.append(rest[...end])
            rest = rest[(end + 1)...]
        }
        if !rest.isEmpty { lines.append(rest) }
        return lines
    }
}
