import ImgbasedCore
package import ImgbasedHostCore

/// Four trees, and the walk over them.
package struct MemoryTrees {
    package var base: MemoryNode
    package var ours: MemoryNode
    package var new: MemoryNode
    package var target: MemoryNode
    package var settings = MemoryTrees.plain
    private static let plain = CarrySettings()
    package var isReversed = false

    package init(base: MemoryNode, ours: MemoryNode, new: MemoryNode, target: MemoryNode? = nil) {
        self.base = base
        self.ours = ours
        self.new = new
        self.target = target ?? new.copy()
    }

    package func survey() throws -> CarrySurvey {
        func root(_ node: MemoryNode, _ number: UInt64) -> MemoryDirectory {
            MemoryDirectory(node, tree: number, isReversed: isReversed)
        }
        return try CarryWalk.survey(
            base: root(base, 1), ours: root(ours, 2), new: root(new, 3), target: root(target, 4), settings)
    }

    /// Makes at most `limit` changes, as a file system would.
    package func apply(_ survey: CarrySurvey, limit: Int = .max) throws {
        for change in survey.changes.prefix(limit) { try apply(change) }
    }

    private struct Impossible: Error { var change: CarryChange }

    private func apply(_ change: CarryChange) throws {
        let path = change.path
        guard let name = path.name, let parent = path.parent.flatMap({ target[$0] }),
            parent.kind == .directory
        else { throw Impossible(change: change) }
        if case .set = change {} else { parent.attributes.modified = FileTime(seconds: 999_999) }
        func replace(_ node: MemoryNode) throws {
            guard parent.entries[name]?.kind != .directory else { throw Impossible(change: change) }
            parent.entries[name] = node
        }
        switch change {
        case .remove:
            guard parent.entries.removeValue(forKey: name) != nil else { throw Impossible(change: change) }
        case .makeDirectory:
            guard parent.entries[name] == nil else { throw Impossible(change: change) }
            parent.entries[name] = .directory(
                NodeAttributes(owner: 0, group: 0, permissions: 0o700, modified: FileTime(seconds: 999_999)))
        case .copy(_, let source, let original, let attributes):
            guard let node = (source == .from ? ours : new)[original], case .file = node.kind else {
                throw Impossible(change: change)
            }
            try replace(.file(node.content, attributes))
        case .write(_, let bytes, let attributes): try replace(.file(bytes, attributes))
        case .make(_, let kind, let attributes): try replace(MemoryNode(kind, attributes))
        case .link(_, let other):
            guard let node = target[other], case .file = node.kind else { throw Impossible(change: change) }
            try replace(node)
        case .set(_, let kind, let attributes):
            guard let node = parent.entries[name], node.kind == kind else { throw Impossible(change: change) }
            node.attributes = attributes
        }
    }
}
