import TestTrees
import Testing

@testable import ImgbasedCore

/// What holds of every carrying, on generated trees: 10,000 seeds, and a failure says which.
@Suite struct CarryWalkPropertyTests {
    private static let seeds: Range<UInt64> = 0..<10_000

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
            // Of a file that was only given another name, its first name is the new base's.
            let differences = MemoryNode.differences(trees.target, ours, withNames: false)
            try #require(differences == [], "seed \(seed)")
        }
    }

    @Test func nothingIsLostAndTwiceIsOnceFromWhereverItStarts() throws {
        for seed in CarryWalkPropertyTests.seeds {
            var generated = GeneratedTrees(seed: seed)
            let (base, ours, new) = generated.three()
            var trees = MemoryTrees(base: base, ours: ours, new: new)
            let first = try trees.survey()
            trees.isReversed = true
            try #require(try trees.survey() == first, "seed \(seed), entries in another order")
            try trees.apply(first)
            let losses = Losses(trees, first.report).found
            try #require(losses == [], "seed \(seed)")
            let again = try trees.survey()
            try #require(again.changes == [] && again.report.lines == first.report.lines, "seed \(seed)")

            // A new layer that has something else altogether, or in which a run was interrupted.
            let start = generated.root()
            start["/etc"]?.entries[CarryNames.temporary] = seed % 2 == 0 ? .file("half") : .directory()
            var other = MemoryTrees(base: base, ours: ours, new: new, target: start)
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

/// What the administrator changed and the new layer has not, though nothing is said of it; and what the new base has that
/// is not there.
private struct Losses {
    private(set) var found: [String] = []

    private let base: [TreePath: MemoryNode.Listed]
    private let ours: [TreePath: MemoryNode.Listed]
    private let new: [TreePath: MemoryNode.Listed]
    private let target: [TreePath: MemoryNode.Listed]
    private let items: [TreePath: [CarryItem]]
    private let beside: Set<TreePath>

    init(_ trees: MemoryTrees, _ report: CarryReport) {
        base = trees.base.listing
        ours = trees.ours.listing
        new = trees.new.listing
        target = trees.target.listing
        items = Dictionary(grouping: report.items, by: \.path)
        beside = Set(report.items.compactMap(\.beside))
        for path in Set(base.keys).union(ours.keys).union(new.keys).sorted() where path != .root {
            checkChange(path)
            checkNew(path)
        }
        for item in report.items { checkBeside(item) }
    }

    /// The administrator's content is there, or the lines of both; each attribute is there, or spoken of.
    private mutating func checkChange(_ path: TreePath) {
        // What stands for the new base's file, and an earlier change of base made.
        if beside.contains(path) { return }
        guard let mine = ours[path] else {
            if base[path] != nil, target[path] != nil { found.append("'\(path)' was deleted, and is there") }
            if base[path] != nil, new[path] != nil, !isSpokenOf(path) {
                found.append("'\(path)' is not spoken of")
            }
            return
        }
        let old = base[path]
        let isMerged = items[path]?.contains { $0.detail.hasPrefix("lines of both") } ?? false
        let there = target[path]
        if old?.kind != mine.kind || old?.content != mine.content {
            if !isMerged, there?.kind != mine.kind || there?.content != mine.content {
                found.append("the content of '\(path)' is lost")
            }
            let isNews = new[path].map { $0.kind != mine.kind || $0.content != mine.content } ?? true
            if isNews, !isSpokenOf(path) {
                found.append("'\(path)' is not spoken of")
            }
        }
        guard let old, old.kind == mine.kind || mine.kind != .directory else { return }
        let isKept =
            there.map { there in
                (mine.attributes.owner == old.attributes.owner
                    || there.attributes.owner == mine.attributes.owner)
                    && (mine.attributes.group == old.attributes.group
                        || there.attributes.group == mine.attributes.group)
                    && (mine.attributes.permissions == old.attributes.permissions
                        || there.attributes.permissions == mine.attributes.permissions)
                    && (mine.attributes.extended == old.attributes.extended
                        || there.attributes.extended == mine.attributes.extended)
            } ?? mine.attributes.isSame(as: old.attributes)
        if !isKept { found.append("attributes of '\(path)' are lost") }
    }

    /// Whether an item is of it, or of a directory it is in that is spoken of as a whole.
    private func isSpokenOf(_ path: TreePath) -> Bool {
        var here: TreePath? = path
        while let place = here {
            if items[place] != nil { return true }
            here = place.parent
        }
        return false
    }

    /// What was left alone is as in the new base.
    private mutating func checkNew(_ path: TreePath) {
        guard !beside.contains(path), isLeftAlone(path) else { return }
        var above = path.parent
        while let place = above {
            guard [base, ours, new].allSatisfy({ $0[place]?.kind == .directory }) else { return }
            above = place.parent
        }
        let kinds = [base[path], ours[path], new[path]].map { $0?.kind }
        // Of directories, what is in them counts.
        if kinds.contains(.directory) { return }
        if target[path]?.content != new[path]?.content || target[path]?.kind != new[path]?.kind {
            found.append("'\(path)' was left alone, and is not as in the new base")
        }
    }

    private func isLeftAlone(_ path: TreePath) -> Bool {
        guard let old = base[path], let mine = ours[path] else {
            return base[path] == nil && ours[path] == nil
        }
        return old.isSame(mine)
    }

    /// Both versions are kept.
    private mutating func checkBeside(_ item: CarryItem) {
        guard let beside = item.beside else { return }
        for (path, node) in new where item.path.covers(path) {
            let rest = path.bytes.dropFirst(item.path.bytes.count)
            guard let place = TreePath(parsing: beside.bytes + rest), let there = target[place],
                there.isSame(node)
            else {
                found.append("what the new base has at '\(path)' is not beside it")
                continue
            }
        }
    }
}
