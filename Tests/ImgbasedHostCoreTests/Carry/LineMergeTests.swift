import TestRandom
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

@Suite struct LineMergeTests {
    private func merge(_ base: String, _ ours: String, _ theirs: String) -> String? {
        text(LineMerge.merge(base: bytes(base), ours: bytes(ours), theirs: bytes(theirs)))
    }

    @Test(arguments: [
        // Each side changes another place.
        ("a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"),
        ("a\nb\nc\n", "a\nb\nc\nd\n", "z\na\nb\nc\n", "z\na\nb\nc\nd\n"),
        ("a\nb\nc\n", "b\nc\n", "a\nb\n", "b\n"),
        // The same change on both sides, and a further one on one side.
        ("a\nb\nc\n", "x\nb\nc\n", "x\nb\ny\n", "x\nb\ny\n"),
        ("a\nb\nc\n", "c\n", "c\nd\n", "c\nd\n"), ("a\nb\n", "", "b\nc\n", nil),
        ("a\nb\nc\nd\n", "c\nd\n", "c\nd\ne\n", "c\nd\ne\n"),
        // Only one side changes.
        ("a\n", "b\n", "a\n", "b\n"), ("a\n", "a\n", "b\n", "b\n"), ("a\n", "b\n", "b\n", "b\n"),
        // Different changes of the same line; adjacent lines; two insertions at the same place.
        ("a\nb\nc\n", "a\nB\nc\n", "a\nX\nc\n", nil), ("a\nb\n", "A\nb\n", "a\nB\n", nil),
        ("a\n", "a\nb\n", "a\nc\n", nil), ("", "a\n", "b\n", nil), ("a\n", "", "b\n", nil),
        ("a\nb\n", "a\nx\nb\n", "a\ny\nb\n", nil), ("a\nb\n", "", "a\nc\n", nil),
        // The last line has no newline.
        ("a\nb\nc", "A\nb\nc", "a\nb\nc\n", "A\nb\nc\n"), ("a\nb\nc\n", "a\nb\nc", "A\nb\nc\n", "A\nb\nc"),
        ("a\nb\nc", "a\nb\nc\n", "a\nb\nc\nd", nil), ("a\nb\nc", "A\nb\nc", "a\nb\nc\nd\n", "A\nb\nc\nd\n"),
        // Only newlines; line ends of other systems.
        ("\n\n", "\n\n\n", "\n\n", "\n\n\n"),
        ("a\r\nb\r\nc\r\n", "x\r\nb\r\nc\r\n", "a\r\nb\r\nd\r\n", "x\r\nb\r\nd\r\n"),
    ])
    func merges(base: String, ours: String, theirs: String, merged: String?) {
        #expect(merge(base, ours, theirs) == merged)
        #expect(merge(base, theirs, ours) == merged, "the other way round")
    }

    /// A block that ends like the one before it: the change is placed as a person sees it, apart from others.
    @Test func blocksAreAddedWhereTheyStand() {
        let base = "[a]\nx=1\n\n[b]\ny=1\n"
        #expect(
            merge(base, "[a]\nx=1\n\n[c]\nz=1\n\n[b]\ny=1\n", "[a]\nx=2\n\n[b]\ny=1\n")
                == "[a]\nx=2\n\n[c]\nz=1\n\n[b]\ny=1\n")
    }

    @Test func mergesBytesThatAreNoText() {
        let base: [UInt8] = [0xFF, 0x0A, 0xFE, 0x0A, 0xC3, 0x0A]
        #expect(
            LineMerge.merge(
                base: base, ours: [0xFD, 0x0A, 0xFE, 0x0A, 0xC3, 0x0A],
                theirs: [0xFF, 0x0A, 0xFE, 0x0A, 0xC4, 0x0A])
                == [0xFD, 0x0A, 0xFE, 0x0A, 0xC4, 0x0A])
    }

    @Test func doesNotMergeWhatIsNoText() {
        let (base, ours, theirs) = (bytes("a\nb\nc\n"), bytes("A\nb\nc\n"), bytes("a\nb\n\0\n"))
        #expect(LineMerge.merge(base: base, ours: ours, theirs: theirs) == nil)
        #expect(LineMerge.merge(base: theirs, ours: ours, theirs: base) == nil)
        #expect(LineMerge.merge(base: base, ours: theirs, theirs: ours) == nil)
        // If only one side changed, there is nothing to merge.
        #expect(LineMerge.merge(base: base, ours: base, theirs: theirs) == theirs)
        #expect(LineMerge.merge(base: base, ours: theirs, theirs: base) == theirs)
        #expect(LineMerge.merge(base: base, ours: theirs, theirs: theirs) == theirs)
    }

    @Test func doesNotMergeWhatIsTooLarge() {
        let lines = Array(repeating: bytes("0123456\n"), count: LineMerge.limit / 8 - 1).flatMap { $0 }
        let merged = LineMerge.merge(base: lines, ours: bytes("a\n") + lines, theirs: lines + bytes("b\n"))
        #expect(merged == bytes("a\n") + lines + bytes("b\n"))
        let long = lines + bytes("01234567\n")
        #expect(LineMerge.merge(base: lines, ours: long, theirs: bytes("b\n") + lines) == nil)
    }

    /// Two texts with the same lines in another order: the worst case of a comparison.
    @Test(.timeLimit(.minutes(5))) func givesUpOnWhatTakesTooLong() {
        var random = SeededGenerator(seed: 7)
        let lines = (0..<20_000).map { bytes("\($0)\n") }
        let (ours, theirs) = (lines.shuffled(using: &random), lines.shuffled(using: &random))
        #expect(
            LineMerge.merge(
                base: Array(lines.joined()), ours: Array(ours.joined()), theirs: Array(theirs.joined()))
                == nil)
    }

    /// A long file with a change at each end, and without repetitions between.
    @Test func mergesLongTexts() {
        var lines = (0..<50_000).map { "line \($0)\n" }
        let base = bytes(lines.joined())
        lines[10] = "ours\n"
        let ours = bytes(lines.joined())
        lines[10] = "line 10\n"
        lines[49_990] = "theirs\n"
        let theirs = bytes(lines.joined())
        lines[10] = "ours\n"
        #expect(LineMerge.merge(base: base, ours: ours, theirs: theirs) == bytes(lines.joined()))
    }
}

@Suite struct LineDiffTests {
    /// The length of a longest common subsequence, by the textbook table.
    private func commonCount(_ a: [Int], _ b: [Int]) -> Int {
        var row = Array(repeating: 0, count: b.count + 1)
        for x in a {
            var diagonal = 0
            for (index, y) in b.enumerated() {
                let above = row[index + 1]
                row[index + 1] = x == y ? diagonal + 1 : max(above, row[index])
                diagonal = above
            }
        }
        return row[b.count]
    }

    @Test func findsALongestCommonSubsequence() throws {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<10_000 {
            let alphabet = 1 + random.number(6)
            let (old, new) = (
                (0..<random.number(14)).map { _ in random.number(alphabet) },
                (0..<random.number(14)).map { _ in random.number(alphabet + 1) }
            )
            let diff = try #require(LineDiff(old, new, budget: 1 << 20))
            #expect(diff.gaps.count - 1 == commonCount(old, new))
            // Common parts are equal, and nothing is left over.
            var (x, y) = (0, 0)
            for (index, gap) in diff.gaps.enumerated() {
                (x, y) = (x + gap.old, y + gap.new)
                guard index + 1 < diff.gaps.count else { break }
                #expect(old[x] == new[y])
                (x, y) = (x + 1, y + 1)
            }
            #expect(x == old.count && y == new.count)
        }
    }

    @Test func keepsToItsBudget() {
        let (old, new) = (Array(0..<200), Array((0..<200).reversed()))
        #expect(LineDiff(old, new, budget: 1000) == nil)
        #expect(LineDiff(old, new, budget: 1_000_000) != nil)
        // Sliding counts too.
        let same = [Int](repeating: 0, count: 10_000)
        #expect(LineDiff(same, Array(same.dropLast(4000)), budget: 10_500) == nil)
    }
}
