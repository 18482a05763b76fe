@testable import ImgbasedCore

/// A tree in memory, with the names of hard links, and names in any order.
final class MemoryNode {
    var kind: NodeFacts.Kind
    var attributes: NodeAttributes
    var content: [UInt8] = []
    var entries: [[UInt8]: MemoryNode] = [:]

    init(_ kind: NodeFacts.Kind, _ attributes: NodeAttributes) {
        self.kind = kind
        self.attributes = attributes
    }

    static func directory(_ attributes: NodeAttributes = .test) -> MemoryNode {
        MemoryNode(.directory, attributes)
    }

    static func file(_ content: [UInt8], _ attributes: NodeAttributes = .test) -> MemoryNode {
        let node = MemoryNode(.file(size: UInt64(content.count)), attributes)
        node.content = content
        return node
    }

    static func file(_ text: String, _ attributes: NodeAttributes = .test) -> MemoryNode {
        file(Array(text.utf8), attributes)
    }

    static func link(_ target: String, _ attributes: NodeAttributes = .test) -> MemoryNode {
        let node = MemoryNode(.link(Array(target.utf8)), attributes)
        node.attributes.permissions = 0o777
        return node
    }

    /// A copy in which names of one file are names of one file again.
    func copy() -> MemoryNode {
        var copies: [ObjectIdentifier: MemoryNode] = [:]
        return copy(&copies)
    }

    private func copy(_ copies: inout [ObjectIdentifier: MemoryNode]) -> MemoryNode {
        if let copy = copies[ObjectIdentifier(self)] { return copy }
        let copy = MemoryNode(kind, attributes)
        copy.content = content
        copies[ObjectIdentifier(self)] = copy
        copy.entries = entries.mapValues { $0.copy(&copies) }
        return copy
    }

    subscript(_ path: TreePath) -> MemoryNode? {
        path.components.reduce(self as MemoryNode?) { $0?.entries[$1] }
    }

    subscript(_ path: String) -> MemoryNode? {
        TreePath(parsing: path).flatMap { self[$0] }
    }

    /// Puts a node at `path`, making directories above.
    func put(_ path: String, _ node: MemoryNode) {
        let names = path.split(separator: "/").map { Array($0.utf8) }
        var here = self
        for name in names.dropLast() {
            let next = here.entries[name] ?? .directory()
            here.entries[name] = next
            here = next
        }
        if let last = names.last { here.entries[last] = node }
    }

    /// Everything in it by path, with a number that names of one file have in common.
    var listing: [TreePath: Listed] {
        var result: [TreePath: Listed] = [:]
        var groups: [ObjectIdentifier: TreePath] = [:]
        func list(_ node: MemoryNode, _ path: TreePath) {
            let group = groups[ObjectIdentifier(node)] ?? path
            groups[ObjectIdentifier(node)] = group
            result[path] = Listed(
                kind: node.kind, attributes: node.attributes, content: node.content, group: group)
            for (name, entry) in node.entries.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                if let place = path.appending(name) { list(entry, place) }
            }
        }
        list(self, .root)
        return result
    }

    /// What differs between two trees, a line each.
    static func differences(_ a: MemoryNode, _ b: MemoryNode, withNames: Bool = true) -> [String] {
        func listing(_ node: MemoryNode) -> [TreePath: Listed] {
            var listing = node.listing
            if !withNames { for path in listing.keys { listing[path]?.group = path } }
            return listing
        }
        let (a, b) = (listing(a), listing(b))
        return Set(a.keys).union(b.keys).sorted().filter { a[$0] != b[$0] }.map {
            "'\($0)': \(a[$0]?.words ?? "nothing") and \(b[$0]?.words ?? "nothing")"
        }
    }

    struct Listed: Hashable {
        var kind: NodeFacts.Kind
        var attributes: NodeAttributes
        var content: [UInt8]
        var group: TreePath

        var words: String {
            let mode = String(attributes.permissions, radix: 8)
            let text = EscapedText.escaped(content)
            let extended = attributes.extended.values.map { "\($0)" }.joined()
            let time = "\(attributes.modified.seconds)"
            return
                "\(kind) \(attributes.owner):\(attributes.group) \(mode) @\(time) \(extended) =\(group) \(text)"
        }

        /// Without times and other names.
        func isSame(_ other: Listed) -> Bool {
            kind == other.kind && content == other.content && attributes.isSame(as: other.attributes)
        }
    }
}

extension NodeAttributes {
    static let test = NodeAttributes(
        owner: 0, group: 0, permissions: 0o644, modified: FileTime(seconds: 1000))
}

/// A directory of such a tree, as the walk sees it.
final class MemoryDirectory: TreeDirectory {
    let node: MemoryNode
    private let tree: UInt64
    private let links: [ObjectIdentifier: UInt64]
    private let isReversed: Bool

    convenience init(_ root: MemoryNode, tree: UInt64, isReversed: Bool = false) {
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

    func names(limit: Int) throws(TreeReadError) -> [[UInt8]] {
        let names = node.entries.keys.sorted { $0.lexicographicallyPrecedes($1) }
        return isReversed ? names.reversed() : names
    }

    func facts(of name: [UInt8]) throws(TreeReadError) -> NodeFacts? {
        guard let entry = node.entries[name] else { return nil }
        let inode = UInt64(UInt(bitPattern: ObjectIdentifier(entry).hashValue))
        return NodeFacts(
            entry.kind, entry.attributes, identity: NodeFacts.Identity(device: tree, inode: inode),
            links: links[ObjectIdentifier(entry)] ?? 1)
    }

    func directory(_ name: [UInt8]) throws(TreeReadError) -> MemoryDirectory {
        guard let entry = node.entries[name], entry.kind == .directory else {
            throw TreeReadError("no directory")
        }
        return MemoryDirectory(entry, tree, links, isReversed)
    }

    func bytes(of name: [UInt8], limit: Int) throws(TreeReadError) -> [UInt8]? {
        guard let entry = node.entries[name], case .file = entry.kind else { throw TreeReadError("no file") }
        return entry.content.count > limit ? nil : entry.content
    }

    func hasSameContent(
        _ name: [UInt8], as otherName: [UInt8], in other: MemoryDirectory
    ) throws(TreeReadError) -> Bool {
        guard let a = node.entries[name], let b = other.node.entries[otherName], case .file = a.kind,
            case .file = b.kind
        else { throw TreeReadError("no file") }
        return a.content == b.content
    }
}

/// Four trees, and what a walk makes of them.
struct MemoryTrees {
    var base: MemoryNode
    var ours: MemoryNode
    var new: MemoryNode
    var target: MemoryNode
    var settings = MemoryTrees.standard
    private static let standard = CarrySettings()
    var isReversed = false

    init(base: MemoryNode, ours: MemoryNode, new: MemoryNode, target: MemoryNode? = nil) {
        self.base = base
        self.ours = ours
        self.new = new
        self.target = target ?? new.copy()
    }

    func survey() throws -> CarrySurvey {
        func root(_ node: MemoryNode, _ number: UInt64) -> MemoryDirectory {
            MemoryDirectory(node, tree: number, isReversed: isReversed)
        }
        var walk = CarryWalk(
            base: root(base, 1), ours: root(ours, 2), new: root(new, 3), target: root(target, 4), settings)
        return try walk.run()
    }

    /// Makes the changes, as many as `limit`, as a file system would.
    func apply(_ survey: CarrySurvey, limit: Int = .max) throws {
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
