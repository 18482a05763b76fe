import TestTrees

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Losses: unreported changes of the administrator, or files of the new base, that the new layer lacks.
struct CarryLosses {
    private(set) var found: [String] = []

    private let settings: CarrySettings
    private let base: [TreePath: MemoryNode.Listed]
    private let ours: [TreePath: MemoryNode.Listed]
    private let new: [TreePath: MemoryNode.Listed]
    private let target: [TreePath: MemoryNode.Listed]
    private let items: [TreePath: [CarryItem]]
    private let beside: Set<TreePath>

    init(_ trees: MemoryTrees, _ report: CarryReport) {
        settings = trees.settings
        base = trees.base.listing
        ours = trees.ours.listing
        new = trees.new.listing
        target = trees.target.listing
        items = Dictionary(grouping: report.items, by: \.path)
        beside = Set(report.items.compactMap(\.beside))
        for path in Set(base.keys).union(ours.keys).union(new.keys).sorted() where path != .root {
            if settings.mode(of: path) == nil { checkTold(path) }
            guard settings.mode(of: path) != nil, !isTold(above: path) else { continue }
            checkChange(path)
            checkNew(path)
        }
        for item in report.items { checkBeside(item) }
    }

    /// Whether a directory above `path` is reported as not carried.
    private func isTold(above path: TreePath) -> Bool {
        var above = path.parent
        while let place = above {
            if items[place]?.contains(where: { $0.outcome == .omitted }) ?? false { return true }
            above = place.parent
        }
        return false
    }

    /// Checks that a change that is not carried is told, unless the new base has made it too.
    private mutating func checkTold(_ path: TreePath) {
        guard settings.policy.rule(for: path) != .skip, !CarryScope.isState(path) else { return }
        func isSame(_ other: MemoryNode.Listed?) -> Bool {
            ours[path].map { mine in other.map(mine.isSame) ?? false } ?? (other == nil)
        }
        if isSame(base[path]) || isSame(new[path]) { return }
        // A new directory is told by what is in it.
        let isFull = ours[path]?.kind == .directory && ours.keys.contains { $0.parent == path }
        if isFull, base[path]?.kind != .directory { return }
        if !isSpokenOf(path, [.left, .omitted, .replaced]) {
            found.append("'\(path)' is left, and nothing is said")
        }
    }

    /// Checks that the administrator's version is there, or is reported as replaced, by the rule.
    private mutating func checkChange(_ path: TreePath) {
        // An earlier change of base put this file beside a file of the new base.
        if beside.contains(path) { return }
        switch rule(path) {
        case .ours: checkOurs(path)
        case .theirs: checkTheirs(path, isTold: true)
        case .skip: checkTheirs(path, isTold: false)
        case .merge, .whole, .fail, nil: checkMerged(path)
        }
    }

    /// The rule; copying follows the rule `ours`.
    private func rule(_ path: TreePath) -> CarryRule? {
        settings.mode(of: path) == .copy ? .ours : settings.policy.rule(for: path)
    }

    /// The administrator's version is there. Files in a directory have their own rules.
    private mutating func checkOurs(_ path: TreePath) {
        if let mine = ours[path] {
            if !(target[path]?.isSame(mine) ?? false) { found.append("'\(path)' is not as it was") }
        } else if base[path] != nil || settings.mode(of: path) != .copy || CarryPolicy.isIdentity(path) {
            if target[path] != nil, !holds(path) { found.append("'\(path)' is there") }
        }
    }

    /// The new base's version is there, unless a kept parent or kept files below replace it.
    private mutating func checkTheirs(_ path: TreePath, isTold: Bool) {
        let (old, mine, other, there) = (base[path], ours[path], new[path], target[path])
        let isAsNew = there.map { there in other.map(there.isSame) ?? false } ?? (other == nil)
        let isHolding = other?.kind != .directory && there?.kind == .directory && holds(path)
        if !isAsNew, !isHolding, !isWhole(path.parent) {
            found.append("'\(path)' is not as in the new base")
        }
        let isLost =
            isChange(old, mine, other)
            && !(there.map { there in mine.map(there.isSame) ?? false } ?? (mine == nil))
        if isTold {
            if isLost, !isHolding, !isSpokenOf(path, [.replaced]) {
                found.append("'\(path)' was replaced, and nothing is said")
            }
        } else if ![old, mine, other, there].contains(where: { $0?.kind == .directory }),
            let items = items[path]
        {
            found.append("'\(path)' is spoken of: \(items)")
        }
    }

    /// Whether the new base's version would lose a change by the administrator.
    private func isChange(_ old: MemoryNode.Listed?, _ mine: MemoryNode.Listed?, _ new: MemoryNode.Listed?)
        -> Bool
    {
        guard let mine, let new, mine.kind == .directory, new.kind == .directory else {
            return mine.map { mine in
                !(old.map(mine.isSame) ?? false) && !(new.map(mine.isSame) ?? false)
            } ?? (old != nil && new != nil)
        }
        func isChange<Value: Equatable>(_ value: (NodeAttributes) -> Value) -> Bool {
            let here = value(mine.attributes)
            return here != value(new.attributes) && old.map { here != value($0.attributes) } ?? true
        }
        return isChange(\.owner) || isChange(\.group) || isChange(\.permissions) || isChange(\.extended)
    }

    /// Whether the new layer has a directory there that holds other files.
    private func holds(_ path: TreePath) -> Bool {
        target.keys.contains { $0 != path && path.covers($0) }
    }

    /// Whether the path is in something of the administrator's that stays as a whole.
    ///
    /// That is no directory in one of the trees, or is reported as a conflict or refused.
    private func isWhole(_ path: TreePath?) -> Bool {
        var here = path
        while let place = here {
            if [base, new, target].contains(where: { $0[place].map { $0.kind != .directory } ?? false }) {
                return true
            }
            here = place.parent
        }
        return path.map { isSpokenOf($0, [.conflict, .refused]) } ?? false
    }

    /// The administrator's content or the lines of both are there; each attribute is there or reported.
    private mutating func checkMerged(_ path: TreePath) {
        guard let mine = ours[path] else {
            if base[path] != nil, target[path] != nil, !holds(path) {
                found.append("'\(path)' was deleted, and is there")
            }
            if base[path] != nil, new[path] != nil, !holds(path), !isSpokenOf(path) {
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

    /// Whether an item with one of these outcomes is about the path or a directory above it.
    private func isSpokenOf(
        _ path: TreePath, _ outcomes: [CarryOutcome] = CarryOutcome.allCases.filter { $0 != .left }
    )
        -> Bool
    {
        var here: TreePath? = path
        while let place = here {
            if items[place]?.contains(where: { outcomes.contains($0.outcome) }) ?? false { return true }
            here = place.parent
        }
        return false
    }

    /// A file left alone is as in the new base.
    private mutating func checkNew(_ path: TreePath) {
        guard !beside.contains(path), isLeftAlone(path), rule(path) != .ours else { return }
        var above = path.parent
        while let place = above {
            guard [base, ours, new].allSatisfy({ $0[place]?.kind == .directory }) else { return }
            above = place.parent
        }
        let kinds = [base[path], ours[path], new[path]].map { $0?.kind }
        // Of directories, only their files count.
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
                found.append("what the new base has at '\(path)' does not wait")
                continue
            }
        }
    }
}
