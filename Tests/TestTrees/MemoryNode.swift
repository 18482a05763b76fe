import ImgbasedCore
package import ImgbasedHostCore

/// A tree in memory, with hard links and any order of names.
package final class MemoryNode {
    package var kind: NodeFacts.Kind
    package var attributes: NodeAttributes
    package var content: [UInt8] = []
    /// The number of stored bytes of a file with holes; `nil` for no holes.
    package var stored: UInt64?
    package var entries: [[UInt8]: MemoryNode] = [:]
    /// Whether reading the directory fails, as with a damaged file system.
    package var isDamaged = false

    package init(_ kind: NodeFacts.Kind, _ attributes: NodeAttributes) {
        self.kind = kind
        self.attributes = attributes
    }

    package static func directory(_ attributes: NodeAttributes = .test) -> MemoryNode {
        MemoryNode(.directory, attributes)
    }

    package static func file(_ content: [UInt8], _ attributes: NodeAttributes = .test) -> MemoryNode {
        let node = MemoryNode(.file(size: UInt64(content.count)), attributes)
        node.content = content
        return node
    }

    package static func file(_ text: String, _ attributes: NodeAttributes = .test) -> MemoryNode {
        file(Array(text.utf8), attributes)
    }

    package static func link(_ target: String, _ attributes: NodeAttributes = .test) -> MemoryNode {
        let node = MemoryNode(.link(Array(target.utf8)), attributes)
        node.attributes.permissions = 0o777
        return node
    }

    /// A copy that keeps hard links.
    package func copy() -> MemoryNode {
        var copies: [ObjectIdentifier: MemoryNode] = [:]
        return copy(&copies)
    }

    private func copy(_ copies: inout [ObjectIdentifier: MemoryNode]) -> MemoryNode {
        if let copy = copies[ObjectIdentifier(self)] { return copy }
        let copy = MemoryNode(kind, attributes)
        copy.content = content
        copy.stored = stored
        copy.isDamaged = isDamaged
        copies[ObjectIdentifier(self)] = copy
        copy.entries = entries.mapValues { $0.copy(&copies) }
        return copy
    }

    package subscript(_ path: TreePath) -> MemoryNode? {
        path.components.reduce(self as MemoryNode?) { $0?.entries[$1] }
    }

    package subscript(_ path: String) -> MemoryNode? {
        TreePath(parsing: path).flatMap { self[$0] }
    }

    /// Puts a node at `path`, making directories above.
    package func put(_ path: String, _ node: MemoryNode) {
        let names = path.split(separator: "/").map { Array($0.utf8) }
        var here = self
        for name in names.dropLast() {
            let next = here.entries[name] ?? .directory()
            here.entries[name] = next
            here = next
        }
        if let last = names.last { here.entries[last] = node }
    }

    /// All nodes by path, with a common number for the names of one file.
    package var listing: [TreePath: Listed] {
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

    /// The differences between two trees, one line each.
    package static func differences(_ a: MemoryNode, _ b: MemoryNode, withNames: Bool = true) -> [String] {
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

    package struct Listed: Hashable {
        package var kind: NodeFacts.Kind
        package var attributes: NodeAttributes
        package var content: [UInt8]
        package var group: TreePath

        package var words: String {
            let mode = String(attributes.permissions, radix: 8)
            let text = String(decoding: content, as: UTF8.self)
            let extended = attributes.extended.values.map { "\($0)" }.joined()
            let time = "\(attributes.modified.seconds)"
            return
                "\(kind) \(attributes.owner):\(attributes.group) \(mode) @\(time) \(extended) =\(group) \(text)"
        }

        /// Compares nodes without times and other names.
        package func isSame(_ other: Listed) -> Bool {
            kind == other.kind && content == other.content && attributes.isSame(as: other.attributes)
        }
    }
}

extension NodeAttributes {
    package static let test = NodeAttributes(
        owner: 0, group: 0, permissions: 0o644, modified: FileTime(seconds: 1000))
}
