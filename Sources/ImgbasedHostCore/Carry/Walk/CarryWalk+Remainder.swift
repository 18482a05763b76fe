import ImgbasedCore

/// What was changed in the layer outside the carried places: it stays there, and is told.
extension CarryWalk {
    /// The changes that are told with one path.
    struct Remainder {
        /// The number of nodes that are new or changed.
        private var changed = 0
        /// The bytes stored in these.
        private var bytes: UInt64 = 0
        /// The number of nodes of the old base that are gone; a directory counts once.
        private var removed = 0

        /// Adds a node that is new or changed, or one that is gone if `facts` is `nil`.
        mutating func add(_ facts: NodeFacts?) {
            guard let facts else { return removed += 1 }
            changed += 1
            // A damaged file system may give absurd numbers.
            if case .file(let size) = facts.kind {
                bytes = min(bytes + min(facts.allocated, size, 1 << 60), 1 << 60)
            }
        }

        /// Adds the changes that were to be told with another path.
        mutating func add(_ other: Remainder) {
            changed += other.changed
            bytes = min(bytes + other.bytes, 1 << 60)
            removed += other.removed
        }

        /// Whether it is one change.
        var isSingle: Bool { changed + removed == 1 }

        /// The counts in words.
        var words: String {
            let counts = [
                changed > 0
                    ? "\(changed == 1 ? "1 file" : "\(changed) files") of \(Bytes(bytes).formatted)" : nil,
                removed > 0 ? "\(removed) removed" : nil,
            ]
            return counts.compactMap { $0 }.joined(separator: ", ") + "; it stays in the old layer"
        }
    }

    /// One directory, in each tree that decides.
    private struct Three {
        var base: Directory?
        var ours: Directory
        var new: Directory?
    }

    /// The number of names in the longest path that is told: what is deeper is told with its directory.
    private static var toldDepth: Int { 3 }
    /// The number of files of one directory that are told by themselves; more are told with the directory.
    private static var toldFiles: Int { 8 }

    /// Notes the changes that are neither carried nor left out by a rule, nor made by the new base too.
    mutating func noteRemainder() throws(TreeReadError) {
        guard let ours = root.ours else { return }
        var found: [TreePath: Remainder] = [:]
        try compare(
            .root, Three(base: root.base, ours: ours, new: root.new), depth: 0, isNamed: true, told: nil,
            &found)
        let single = found.filter { $0.value.isSingle }.keys
        for (parent, paths) in Dictionary(grouping: single, by: { $0.parent ?? .root })
        where paths.count > CarryWalk.toldFiles && parent != .root {
            for path in paths {
                guard let remainder = found.removeValue(forKey: path) else { continue }
                found[parent, default: Remainder()].add(remainder)
            }
        }
        for (path, remainder) in found { note(path, .left, remainder.words) }
    }

    /// Compares a directory of the layer with that of the old base.
    ///
    /// - Parameters:
    ///   - isNamed: Whether a rule or list may name something in it.
    ///   - told: The path with which its changes are told; `nil` if each is told by itself.
    private mutating func compare(
        _ path: TreePath, _ level: Three, depth: Int, isNamed: Bool, told: TreePath?,
        _ found: inout [TreePath: Remainder]
    ) throws(TreeReadError) {
        let isNamed = isNamed && settings.mayName(in: path)
        let told = told ?? (depth >= CarryWalk.toldDepth ? path : nil)
        for name in try names(in: [level.base, level.ours]) {
            do throws(TreeReadError) {
                let before = try level.base?.stamp(of: name)
                let now = try level.ours.stamp(of: name)
                guard before != now || now?.isDirectory == true else { continue }
                let place = try self.path(path, name)
                if settings.isShared(place) { continue }
                if isNamed, settings.isSettled(place) { continue }
                if let now, settings.isPackaged(place, now) { continue }
                try compare(place, name, level, depth: depth, isNamed: isNamed, told: told, &found)
            } catch {
                // Nothing of it is carried, so it does not stop the carry. Programs remove files meanwhile.
                if error.isMissing { continue }
                note(try self.path(path, name), .left, "it cannot be read: \(error)")
            }
        }
    }

    /// Compares one place, whose stamps differ or which is a directory.
    private mutating func compare(
        _ place: TreePath, _ name: [UInt8], _ level: Three, depth: Int, isNamed: Bool, told: TreePath?,
        _ found: inout [TreePath: Remainder]
    ) throws(TreeReadError) {
        let base = try node(.base, level.base, name, settings.baseIdentities)
        let ours = try node(.ours, level.ours, name, IdentityMap())
        let new = try node(.new, level.new, name, settings.newIdentities)
        // What is mounted there is no part of the layer.
        if [base, ours].contains(where: { $0?.facts.isMountPoint == true }) { return }
        let isKnown = try isEqual(ours, base) ? true : isEqual(ours, new)
        guard let ours, ours.facts.isDirectory, depth < TreeLimit.depth else {
            if !isKnown { found[told ?? place, default: Remainder()].add(ours?.facts) }
            if ours?.facts.isDirectory == true { noteDeep(place) }
            return
        }
        func directory(_ node: Node?) throws(TreeReadError) -> Directory? {
            guard let node, node.facts.isDirectory, !node.facts.isMountPoint else { return nil }
            return try node.directory.directory(name)
        }
        let inner = Three(
            base: try directory(base), ours: try ours.directory.directory(name), new: try directory(new))
        let isNew = inner.base == nil
        if !isKnown {
            // A new directory is told by what is in it.
            let isEmpty = try isNew ? names(in: [inner.ours]).isEmpty : false
            let isTold = !isNew || isEmpty && settings.packaged[place] == nil
            if isTold { found[told ?? place, default: Remainder()].add(ours.facts) }
        }
        // Something in it may be carried; then the rest is told by itself.
        let isWhole = isNew && !(isNamed && settings.leads(through: place))
        try compare(
            place, inner, depth: depth + 1, isNamed: isNamed, told: told ?? (isWhole ? place : nil), &found)
    }

    private func node(
        _ tree: Tree, _ directory: Directory?, _ name: [UInt8], _ map: IdentityMap
    ) throws(TreeReadError) -> Node? {
        guard let directory, let facts = try facts(name, in: directory, map) else { return nil }
        return Node(tree, directory, name, facts)
    }

    /// Whether two nodes are the same; what is in directories does not count.
    private func isEqual(_ a: Node?, _ b: Node?) throws(TreeReadError) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        guard a.facts.kind == b.facts.kind, a.facts.attributes.isSame(as: b.facts.attributes) else {
            return false
        }
        return a.facts.isFile ? try isSame(a, b) : true
    }
}

extension CarrySettings {
    /// Whether a rule or a list may name something in `path`.
    func mayName(in path: TreePath) -> Bool {
        scope.leads(through: path) || policy.mayName(in: path)
    }

    /// Whether the file at `path`, with this stamp in the layer, is as a package of the layer brought it.
    func isPackaged(_ path: TreePath, _ stamp: NodeStamp) -> Bool {
        guard !stamp.isDirectory, let delivered = packaged[path] else { return false }
        return stamp.changed <= delivered
    }

    /// Whether `path` is carried, is each layer's own, or is of no value to anybody, as a rule says.
    func isSettled(_ path: TreePath) -> Bool {
        mode(of: path) != nil || CarryScope.isState(path) || policy.rule(for: path) == .skip
    }
}

extension NodeStamp {
    /// Whether the node is a directory (inode(7), `S_IFDIR`).
    var isDirectory: Bool { mode & 0o170_000 == 0o040_000 }
}
