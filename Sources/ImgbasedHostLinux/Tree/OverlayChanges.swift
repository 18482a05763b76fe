import CLinux
import Glibc
public import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedLinux

/// What an overlay keeps of the changes to a tree (linux: Documentation/filesystems/overlayfs.rst).
///
/// The overlay was mounted without the features that keep less than a whole file.
public struct OverlayChanges {
    /// The paths that the tree did not have before.
    public private(set) var made: [TreePath] = []
    /// The paths whose nodes are others than before, directories aside.
    public private(set) var written: Set<TreePath> = []
    private let last: TreePath?
    /// The first name of each file with several.
    private var links: [NodeFacts.Identity: TreePath] = [:]
    private var deferred: [(TreePath, NodeFacts)] = []
    private let root: OpenDirectory

    private static let prefix = Array("trusted.overlay.".utf8)
    private static let opaque = Array("trusted.overlay.opaque".utf8)

    /// Makes the changes in the overlay's directory `upper` in `tree`. The files in the directory `last` come
    /// after all others.
    public static func apply(
        from upper: OpenDirectory, to tree: borrowing ConfinedTree, last: TreePath? = nil
    ) throws(SystemError) -> OverlayChanges {
        let root = try tree.directory()
        var changes = OverlayChanges(last: last, root: root)
        try changes.apply(upper, to: root, .root, depth: 0)
        let deferred = changes.deferred
        changes.deferred = []
        for (path, facts) in deferred {
            guard let name = path.name, let parent = path.parent else { continue }
            try changes.put(
                name, facts, from: upper.open(path: parent), in: root.open(path: parent), path)
        }
        return changes
    }

    /// The bytes that the changes in `upper` may need, in whole blocks.
    public static func size(of upper: OpenDirectory, depth: Int = 0) throws(SystemError) -> Bytes {
        guard depth < TreeLimit.removalDepth else { return Bytes(0) }
        var size: UInt64 = 0
        for name in try upper.listing(limit: TreeLimit.nodes) {
            guard let facts = try upper.look(at: name) else { continue }
            size += 4096 + min(facts.allocated, 1 << 50)
            if facts.isDirectory {
                size += try OverlayChanges.size(of: upper.open(directory: name), depth: depth + 1).count
            }
            size = min(size, 1 << 60)
        }
        return Bytes(size)
    }

    private init(last: TreePath?, root: OpenDirectory) {
        self.last = last
        self.root = root
    }

    private mutating func apply(
        _ upper: OpenDirectory, to target: OpenDirectory, _ path: TreePath, depth: Int
    ) throws(SystemError) {
        guard depth < TreeLimit.removalDepth else {
            throw SystemError("copy", "\(path)", reason: "it is too deep")
        }
        for name in try upper.listing(limit: TreeLimit.nodes).sorted(by: { $0.lexicographicallyPrecedes($1) })
        {
            guard let place = path.appending(name), var facts = try upper.look(at: name) else { continue }
            let isOpaque = facts.attributes.extended[OverlayChanges.opaque] == [UInt8(ascii: "y")]
            facts.attributes.extended = facts.attributes.extended.filter {
                !$0.key.starts(with: OverlayChanges.prefix)
            }
            if facts.kind == .characterDevice(0) {
                try target.remove(name)
            } else if facts.isDirectory {
                let there = try target.look(at: name)
                if let there, isOpaque || !there.isDirectory { try target.remove(name) }
                if there?.isDirectory != true || isOpaque { try target.makeDirectory(name) }
                if there == nil { made.append(place) }
                try apply(
                    upper.open(directory: name), to: target.open(directory: name), place, depth: depth + 1)
                try target.set(facts.attributes, of: name, .directory)
            } else if path == last {
                deferred.append((place, facts))
            } else {
                try put(name, facts, from: upper, in: target, place)
            }
        }
    }

    /// Whether the node in `upper` has the kind and content of the one that is `there`.
    private func isSame(
        _ name: [UInt8], _ facts: NodeFacts, in upper: OpenDirectory, _ there: NodeFacts?,
        in target: OpenDirectory
    ) -> Bool {
        guard let there, facts.kind == there.kind else { return false }
        guard facts.isFile else { return true }
        // What cannot be read counts as another.
        guard let new = try? upper.bytes(of: name, limit: OverlayChanges.compared) else { return false }
        return (try? target.bytes(of: name, limit: OverlayChanges.compared)) == new
    }

    /// The longest file that is compared, in bytes.
    private static let compared = 16 << 20

    private mutating func put(
        _ name: [UInt8], _ facts: NodeFacts, from upper: OpenDirectory, in target: OpenDirectory,
        _ path: TreePath
    ) throws(SystemError) {
        let there = try target.look(at: name)
        if there == nil { made.append(path) }
        if !isSame(name, facts, in: upper, there, in: target) { written.insert(path) }
        if there?.isDirectory == true { try target.remove(name) }
        guard facts.isFile else { return try target.make(facts.kind, as: name, facts.attributes) }
        if facts.links > 1, let first = links[facts.identity], let other = first.name {
            return try target.link(name, to: other, in: root.open(path: first.parent ?? .root))
        }
        try target.copy(name, in: upper, as: name, facts.attributes)
        if facts.links > 1 { links[facts.identity] = path }
    }
}
