import ImgbasedCore

/// The key of one wanted file in the new layer, which may have several names.
struct LinkKey: Hashable {
    /// The source file; `nil` for a file with one name.
    var file: NodeFacts.Identity?
    var isNew: Bool
    /// A version beside another shares no name with files in use.
    var isBeside: Bool
    var attributes: NodeAttributes
    /// The path of a file with one name.
    var path: TreePath?
}

/// The first name of such a file, and the file of the new layer kept for it.
struct LinkState {
    var path: TreePath
    var target: NodeFacts.Identity?
}

extension CarryWalk {
    /// A node wanted in the new layer as a tree has it.
    struct Wanted {
        var node: Node
        /// The path in that tree.
        var source: TreePath
        var attributes: NodeAttributes
        /// Whether it is the new base's version beside another.
        var isBeside: Bool

        init(_ node: Node, _ source: TreePath, _ attributes: NodeAttributes, isBeside: Bool = false) {
            self.node = node
            self.source = source
            self.attributes = attributes
            self.isBeside = isBeside
        }
    }

    /// Puts `wanted` at `path` in the new layer, which has `target` there now.
    mutating func put(
        _ wanted: Wanted, at path: TreePath, _ name: [UInt8], _ target: NodeFacts?, _ level: Level
    ) throws(TreeReadError) {
        let facts = wanted.node.facts
        if facts.isMountPoint || target?.isMountPoint ?? false {
            return note(path, .omitted, "something else is mounted there")
        }
        if isTooDeep(Place(ours: facts), level) { return noteDeep(path) }
        if facts.isDirectory { return try putDirectory(wanted, at: path, name, target, level) }
        if facts.isImmutable, wanted.node.tree == .ours { noteImmutable(path) }
        let isThere = try hasContent(wanted, name, target, level)
        if !isThere, wanted.node.tree == .new, !wanted.isBeside {
            note(path, .reset, "as in the new base again")
        }
        if facts.isFile {
            return try putFile(wanted, isThere: isThere, at: path, target, level)
        }
        if isThere, let target { return try set(wanted.attributes, path, target) }
        try clear(path, target, level)
        try change(.make(path, facts.kind, wanted.attributes), of: target, in: level)
    }

    /// Puts a file with these bytes at `path` in the new layer.
    mutating func put(
        _ bytes: [UInt8], _ attributes: NodeAttributes, at path: TreePath, _ name: [UInt8],
        _ target: NodeFacts?,
        _ level: Level
    ) throws(TreeReadError) {
        if let target, target.isMountPoint { return note(path, .omitted, "something else is mounted there") }
        if let target, target.kind == .file(size: UInt64(bytes.count)), target.links == 1,
            try level.target?.bytes(of: name, limit: bytes.count) == bytes
        {
            return try set(attributes, path, target)
        }
        try clear(path, target, level)
        try change(.write(path, bytes, attributes), of: target, in: level)
        count(UInt64(bytes.count))
    }

    private func hasContent(
        _ wanted: Wanted, _ name: [UInt8], _ target: NodeFacts?, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let target, target.kind == wanted.node.facts.kind, let directory = level.target else {
            return false
        }
        guard target.isFile else { return true }
        return try directory.hasSameContent(name, as: wanted.node.name, in: wanted.node.directory)
    }

    private mutating func putDirectory(
        _ wanted: Wanted, at path: TreePath, _ name: [UInt8], _ target: NodeFacts?, _ level: Level
    ) throws(TreeReadError) {
        let start = changes.count
        let inner = try open(name, Place(target: target), level, path)
        let entries = try entries(of: wanted.node)
        for entry in entries {
            let there = try look(entry.name, inner)
            let source = try self.path(wanted.source, entry.name)
            let part = Wanted(entry, source, entry.facts.attributes, isBeside: wanted.isBeside)
            try put(part, at: try self.path(path, entry.name), entry.name, there.target, inner)
        }
        if wanted.node.tree == .ours {
            try noteTemporary(wanted.source, try wanted.node.directory.directory(wanted.node.name))
        }
        try leftovers(path, known: Set(entries.map(\.name)), inner)
        try finish(path, wanted.node.facts, wanted.attributes, target, level, from: start)
    }

    /// Puts a plain file, with its other names.
    private mutating func putFile(
        _ wanted: Wanted, isThere: Bool, at path: TreePath, _ target: NodeFacts?, _ level: Level
    ) throws(TreeReadError) {
        let facts = wanted.node.facts
        let isShared = facts.links > 1
        let key = LinkKey(
            file: isShared ? facts.identity : nil, isNew: wanted.node.tree == .new, isBeside: wanted.isBeside,
            attributes: wanted.attributes, path: isShared ? nil : path)
        if let first = linked[key] {
            if let target, target.identity == first.target { return }
            try clear(path, target, level)
            return try change(.link(path, to: first.path), of: target, in: level)
        }
        // A file with several names is not changed through one of them, and keeps no unwanted name.
        var isKept = isThere
        if let target, target.links > 1 {
            isKept = isKept && isSet(wanted.attributes, target) && owners[target.identity] == nil
            if isKept { owners[target.identity] = key }
        }
        // Whatever the new layer has already: another run decides alike.
        if wanted.node.tree == .ours, !wanted.isBeside, let root = settings.weighedRoot(of: path) {
            weights.add(path, below: root, facts)
        }
        if isShared { linked[key] = LinkState(path: path, target: isKept ? target?.identity : nil) }
        if isKept, let target { return try set(wanted.attributes, path, target) }
        try clear(path, target, level)
        let source: CarrySource = wanted.node.tree == .new ? .toBase : .from
        try change(
            .copy(path, from: source, path: wanted.source, wanted.attributes), of: target, in: level)
        // A file being written can have more blocks than it needs.
        if case .file(let size) = facts.kind { count(min(facts.allocated, size)) }
    }

    // MARK: Changes

    /// Adds a change of the node `target`, and of the names in `level`.
    mutating func change(
        _ change: CarryChange, of target: NodeFacts?, in level: Level? = nil
    ) throws(TreeReadError) {
        guard !(target?.isImmutable ?? false), !(level?.isImmutable ?? false) else {
            throw immutable(change.path)
        }
        changes.append(change)
    }

    /// Adds `bytes` to the count of bytes written. A damaged file system may give absurd numbers.
    mutating func count(_ bytes: UInt64) {
        written = min(
            written + Bytes(min(bytes, 1 << 60)).roundedUp(to: Bytes(TreeSize.blockSize)).count, 1 << 60)
    }

    /// Removes a node that a rename cannot replace.
    private mutating func clear(_ path: TreePath, _ target: NodeFacts?, _ level: Level) throws(TreeReadError)
    {
        if let target, target.isDirectory { try change(.remove(path), of: target, in: level) }
    }

    private mutating func set(
        _ attributes: NodeAttributes, _ path: TreePath, _ target: NodeFacts
    ) throws(TreeReadError) {
        if !isSet(attributes, target) { try change(.set(path, target.kind, attributes), of: target) }
    }

    private func isSet(_ attributes: NodeAttributes, _ target: NodeFacts) -> Bool {
        var wanted = attributes
        if target.isLink { wanted.permissions = target.attributes.permissions }
        return target.attributes.isSame(as: wanted) && target.attributes.modified.fulfils(wanted.modified)
    }

    func immutable(_ path: TreePath) -> TreeReadError {
        TreeReadError(
            "'\(path)' of the new layer, or its directory, is immutable; clear that with 'chattr -ia'")
    }

    mutating func noteImmutable(_ path: TreePath) {
        let item = CarryItem(
            path, .omitted, "it is carried without being immutable; 'chattr +i' makes it so again")
        if !items.contains(item) { items.append(item) }
    }
}
