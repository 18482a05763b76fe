import ImgbasedCore
package import ImgbasedHostCore

/// A directory of a tree in memory, as the walk sees it.
package final class MemoryDirectory: TreeDirectory {
    package let node: MemoryNode
    private let tree: UInt64
    private let links: [ObjectIdentifier: UInt64]
    private let isReversed: Bool

    package convenience init(_ root: MemoryNode, tree: UInt64, isReversed: Bool = false) {
        var links: [ObjectIdentifier: UInt64] = [:]
        func count(_ node: MemoryNode) {
            links[ObjectIdentifier(node), default: 0] += 1
            node.entries.values.forEach(count)
        }
        count(root)
        self.init(root, tree, links, isReversed)
    }

    private init(
        _ node: MemoryNode, _ tree: UInt64, _ links: [ObjectIdentifier: UInt64], _ isReversed: Bool
    ) {
        self.node = node
        self.tree = tree
        self.links = links
        self.isReversed = isReversed
    }

    package func names(limit: Int) throws(TreeReadError) -> [[UInt8]] {
        let names = node.entries.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return isReversed ? names.reversed() : names
    }

    package func facts(of name: [UInt8]) throws(TreeReadError) -> NodeFacts? {
        guard let entry = node.entries[name] else { return nil }
        let inode = UInt64(UInt(bitPattern: ObjectIdentifier(entry).hashValue))
        return NodeFacts(
            entry.kind, entry.attributes, allocated: entry.stored ?? UInt64(entry.content.count),
            identity: NodeFacts.Identity(device: tree, inode: inode),
            links: links[ObjectIdentifier(entry)] ?? 1)
    }

    package func stamp(of name: [UInt8]) throws(TreeReadError) -> NodeStamp? {
        guard let facts = try facts(of: name) else { return nil }
        // Nothing keeps the times of changes here: each node of another tree is another inode.
        return NodeStamp(
            inode: facts.identity.inode, mode: facts.isDirectory ? 0o040_000 : 0o100_000, size: 0,
            modified: facts.attributes.modified, changed: facts.attributes.modified)
    }

    package func directory(_ name: [UInt8]) throws(TreeReadError) -> MemoryDirectory {
        guard let entry = node.entries[name], entry.kind == .directory else {
            throw TreeReadError("no directory")
        }
        if entry.isDamaged { throw TreeReadError("input/output error") }
        return MemoryDirectory(entry, tree, links, isReversed)
    }

    package func bytes(of name: [UInt8], limit: Int) throws(TreeReadError) -> [UInt8]? {
        guard let entry = node.entries[name], case .file = entry.kind else { throw TreeReadError("no file") }
        return entry.content.count > limit ? nil : entry.content
    }

    package func hasSameContent(
        _ name: [UInt8], as otherName: [UInt8], in other: MemoryDirectory
    ) throws(TreeReadError) -> Bool {
        guard let a = node.entries[name], let b = other.node.entries[otherName], case .file = a.kind,
            case .file = b.kind
        else { throw TreeReadError("no file") }
        return a.content == b.content
    }
}
