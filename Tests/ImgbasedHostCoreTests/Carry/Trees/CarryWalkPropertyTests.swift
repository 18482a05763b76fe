import Foundation
import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Properties of every carry, on generated trees; a failure names the seed.
@Suite struct CarryWalkPropertyTests {
    /// `make check-all` tries 10,000 seeds, other runs the first 2,000.
    private static let seeds: Range<UInt64> =
        0..<(ProcessInfo.processInfo.environment["IMGBASED_CHECK"] == "all" ? 10_000 : 2_000)

    @Test func nothingChangedMeansNothingToDo() throws {
        for seed in CarryWalkPropertyTests.seeds {
            var generated = GeneratedTrees(seed: seed)
            let (base, _, new) = generated.three()
            let survey = try MemoryTrees(base: base, ours: base.copy(), new: new).survey()
            try #require(survey.changes == [] && survey.report.isEmpty, "seed \(seed)")
        }
    }

    @Test func onTheSameBaseTheLayerStaysAsItIs() throws {
        for seed in CarryWalkPropertyTests.seeds {
            var generated = GeneratedTrees(seed: seed)
            let (base, ours, _) = generated.three()
            let trees = MemoryTrees(base: base, ours: ours, new: base.copy())
            try trees.apply(try trees.survey())
            // If a file only got another name, its first name is the new base's.
            let differences = MemoryNode.differences(trees.target, ours, withNames: false)
            try #require(differences == [], "seed \(seed)")
        }
    }

    @Test func nothingIsLostAndTwiceIsOnceFromWhereverItStarts() throws {
        for seed in CarryWalkPropertyTests.seeds {
            var generated = GeneratedTrees(seed: seed, names: GeneratedTrees.ruledNames)
            let (base, ours, new) = generated.threeWithMore()
            var trees = MemoryTrees(base: base, ours: ours, new: new)
            trees.settings = try generated.settings()
            let first = try trees.survey()
            trees.isReversed = true
            try #require(try trees.survey() == first, "seed \(seed), entries in another order")
            try trees.apply(first)
            let losses = CarryLosses(trees, first.report).found
            try #require(losses == [], "seed \(seed)")
            let again = try trees.survey()
            try #require(again.changes == [] && again.report.lines == first.report.lines, "seed \(seed)")

            // A new layer with entirely different content, or with an interrupted run.
            let start = generated.root()
            start["/etc"]?.entries[CarryNames.temporary] = seed % 2 == 0 ? .file("half") : .directory()
            start.entries[Array("opt".utf8)] = new["/opt"]?.copy()
            var other = MemoryTrees(base: base, ours: ours, new: new, target: start)
            other.settings = trees.settings
            try other.apply(try other.survey())
            try #require(
                MemoryNode.differences(other.target, trees.target) == [], "seed \(seed), another start")
            other.target = new.copy()
            try other.apply(first, limit: Int(seed % UInt64(first.changes.count + 1)))
            try other.apply(try other.survey())
            try #require(
                MemoryNode.differences(other.target, trees.target) == [], "seed \(seed), interrupted")
        }
    }
}
