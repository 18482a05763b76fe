import ImgbasedCore

/// The new base's versions of what is in conflict: they wait in a place of their own, where no program reads them.
extension CarryWalk {
    /// A conflict that the administrator has to settle.
    struct Waiting {
        var path: TreePath
        /// The text that both sides changed, with its attributes; `nil` if there was none.
        var base: (bytes: [UInt8], attributes: NodeAttributes)?
    }

    // MARK: Conflicts of earlier changes of base

    /// Reads which conflicts of the old layer are not settled.
    mutating func prepareConflicts() throws(TreeReadError) {
        guard let versions = try directory(at: ConflictStore.versions, in: root.ours) else { return }
        try prepareConflicts(in: versions, at: .root, depth: 0)
    }

    private mutating func prepareConflicts(
        in versions: Directory, at path: TreePath, depth: Int
    ) throws(TreeReadError) {
        guard depth < TreeLimit.depth else { return }
        for name in try names(in: [versions]) {
            let place = try self.path(path, name)
            unsettled.insert(place)
            if let facts = try versions.facts(of: name), facts.isDirectory, !facts.isMountPoint {
                try prepareConflicts(in: versions.directory(name), at: place, depth: depth + 1)
            }
        }
    }

    /// The place and the directories as the merge has to see them.
    ///
    /// While a conflict about a file is not settled, the base in which it began stays the base of the merge: no
    /// change of a base since then is forgotten.
    func asUnsettled(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> (Place, Level) {
        guard unsettled.contains(path), place.ours?.isFile == true, place.new?.isFile == true else {
            return (place, level)
        }
        // The administrator took the version that waited.
        if let ours = node(.ours, name, place, level), let base = node(.base, name, place, level),
            try isSame(ours, base)
        {
            return (place, level)
        }
        var (place, level) = (place, level)
        level.base =
            try ConflictStore.base(of: path)?.parent
            .map { parent throws(TreeReadError) in try directory(at: parent, in: root.ours) } ?? nil
        place.base = try level.base?.facts(of: name).flatMap { $0.isFile ? $0 : nil }
        return (place, level)
    }

    /// Whether a conflict at `path` waits since an earlier change of base, and would be forgotten.
    private func isForgotten(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level, _ decision: CarryDecision
    ) throws(TreeReadError) -> Bool {
        guard !decision.keepsNewBeside, decision.content == .ours || decision.content == .none,
            place.new != nil
        else { return false }
        let isFile = place.ours?.isFile == true && place.new?.isFile == true
        // Of files, the base of the conflict decides.
        if unsettled.contains(path), !isFile { return true }
        return try isBeside(path, name, place, level)
    }

    // MARK: Conflicts of this change of base

    /// Keeps the new base's version, if the decision says so, and reports the decision.
    mutating func keep(
        _ decision: inout CarryDecision, _ rule: CarryRule?, _ path: TreePath, _ name: [UInt8],
        _ place: Place,
        _ level: Level
    ) throws(TreeReadError) {
        if rule.merges, !isCopied(path), settings.units[path] == nil,
            try isForgotten(path, name, place, level, decision)
        {
            let words = place.ours == nil ? "stays deleted" : "this one stays"
            decision.finding = CarryDecision.Finding(
                rule == .fail ? .refused : .conflict, "not settled since an earlier change of base; \(words)")
            decision.keepsNewBeside = true
        }
        let isNew = decision.content == .new && decision.attributes == place.new?.attributes
        if !isNew, decision.content != .none || place.new != nil { differences += 1 }
        guard decision.keepsNewBeside, place.new != nil, let version = ConflictStore.version(of: path) else {
            return note(path, decision.finding)
        }
        note(path, decision.finding, beside: version)
        var conflict = Waiting(path: path)
        if let base = place.base, base.isFile, place.ours?.isFile == true, place.new?.isFile == true,
            let bytes = try level.base?.bytes(of: name, limit: LineMerge.limit)
        {
            conflict.base = (bytes, base.attributes)
        }
        waiting.append(conflict)
    }

    /// Puts the versions and bases of all conflicts into the new layer, and removes all others there.
    mutating func placeConflicts() throws(TreeReadError) {
        var (versions, bases) = (Shelf.directory([:]), Shelf.directory([:]))
        for conflict in waiting {
            versions.put(.version(conflict.path), at: conflict.path.components[...])
            if let base = conflict.base {
                bases.put(.text(base.bytes, base.attributes), at: conflict.path.components[...])
            }
        }
        let way = ConflictStore.versions.parent?.components ?? []
        try place(versions, bases, at: .root, way[...], Level(new: root.new, target: root.target))
    }

    /// Makes the store in the directory at `path`, or further on the `way` to its place.
    private mutating func place(
        _ versions: Shelf, _ bases: Shelf, at path: TreePath, _ way: ArraySlice<[UInt8]>, _ level: Level
    ) throws(TreeReadError) {
        guard let name = way.first else {
            try place(versions, at: ConflictStore.versions, level)
            return try place(bases, at: ConflictStore.bases, level)
        }
        let path = try self.path(path, name)
        let new = try facts(name, in: level.new, IdentityMap())
        let target = try facts(name, in: level.target, IdentityMap())
        if target == nil, waiting.isEmpty { return }
        guard target?.isDirectory ?? true, target?.isMountPoint != true else {
            throw TreeReadError("'\(path)' of the new layer is no directory; imgbase has its own files there")
        }
        let start = changes.count
        let inner = try open(name, Place(new: new, target: target), level, path)
        try place(versions, bases, at: path, way.dropFirst(), inner)
        // A directory of the new base stays as it is; another is the layer's, if something in it is carried.
        if new?.isDirectory == true || waiting.isEmpty { return }
        var attributes = Shelf.outer
        if case .node(let facts) = try sighting(path, in: root.ours), facts.isDirectory {
            attributes = facts.attributes
        }
        try finish(path, Shelf.facts, attributes, target, level, from: start)
    }

    /// Makes `path`, whose directory is `level`, as the shelf is.
    private mutating func place(_ shelf: Shelf, at path: TreePath, _ level: Level) throws(TreeReadError) {
        guard let name = path.name else { return }
        let target = try facts(name, in: level.target, IdentityMap())
        switch shelf {
        case .version(let original):
            guard let node = try node(at: original, in: root.new) else { return }
            let wanted = Wanted(node, original, node.facts.attributes, isBeside: true)
            try put(wanted, at: path, name, target, level)
        case .text(let bytes, let attributes):
            try put(bytes, attributes, at: path, name, target, level)
        case .directory(let children) where children.isEmpty:
            if let target { try change(.remove(path), of: target, in: level) }
        case .directory(let children):
            let start = changes.count
            let inner = try open(name, Place(target: target), level, path)
            for (child, shelf) in children.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                try place(shelf, at: try self.path(path, child), inner)
            }
            for other in try names(in: [inner.target]) + [CarryNames.temporary] where children[other] == nil {
                guard let facts = try facts(other, in: inner.target, IdentityMap()) else { continue }
                try change(.remove(try self.path(path, other)), of: facts, in: inner)
            }
            try finish(path, Shelf.facts, Shelf.inner, target, level, from: start)
        }
    }

    // MARK: Looking

    /// The directory at `path`; `nil` if it is not reached by directories.
    private func directory(at path: TreePath, in root: Directory?) throws(TreeReadError) -> Directory? {
        guard case .node(let facts) = try sighting(path, in: root), facts.isDirectory, !facts.isMountPoint
        else {
            return nil
        }
        var directory = root
        for name in path.components { directory = try directory?.directory(name) }
        return directory
    }

    /// The node of the new base at `path`.
    private func node(at path: TreePath, in root: Directory?) throws(TreeReadError) -> Node? {
        guard let name = path.name, let parent = path.parent,
            let directory = try parent == .root ? root : directory(at: parent, in: root),
            let facts = try facts(name, in: directory, settings.newIdentities)
        else { return nil }
        return Node(.new, directory, name, facts)
    }

    // MARK: Versions beside the administrator's, where imgbased put them once

    /// Whether a place only holds an old base's version of another, put there by a change of base.
    func isLeftBeside(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let original = settings.beside[path], original.parent == path.parent, place.base == nil,
            place.new == nil, let ours = node(.ours, name, place, level), let other = original.name,
            let facts = try facts(other, in: level.base, settings.baseIdentities),
            let base = node(.base, other, Place(base: facts), level)
        else { return false }
        return try isVersion(ours, of: base)
    }

    /// Whether an old base's version of a place stands beside it.
    private func isBeside(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let base = node(.base, name, place, level), let ours = level.ours else { return false }
        for (side, original) in settings.beside where original == path && side.parent == path.parent {
            guard let sideName = side.name, let facts = try ours.facts(of: sideName) else { continue }
            if try isVersion(Node(.ours, ours, sideName, facts), of: base) { return true }
        }
        return false
    }

    private func isVersion(_ ours: Node, of base: Node) throws(TreeReadError) -> Bool {
        guard ours.facts.attributes.isSame(as: base.facts.attributes.beside(base.facts.kind)) else {
            return false
        }
        return try isSame(ours, base)
    }
}

/// What a directory of the store is to have.
private indirect enum Shelf {
    case directory([[UInt8]: Shelf])
    /// The new base's node at this path.
    case version(TreePath)
    case text([UInt8], NodeAttributes)

    /// The attributes of the store's directories. Its time has no meaning.
    static let inner = NodeAttributes(owner: 0, group: 0, permissions: 0o700, modified: FileTime(seconds: 0))
    /// The attributes of the directories above, where they are missing.
    static let outer = NodeAttributes(owner: 0, group: 0, permissions: 0o755, modified: FileTime(seconds: 0))

    /// The facts of a directory that is to be made.
    static let facts = NodeFacts(
        .directory, inner, allocated: 0, identity: NodeFacts.Identity(device: 0, inode: 0))

    mutating func put(_ shelf: Shelf, at names: ArraySlice<[UInt8]>) {
        guard let name = names.first else { return self = shelf }
        guard case .directory(var children) = self else { return }
        children[name, default: .directory([:])].put(shelf, at: names.dropFirst())
        self = .directory(children)
    }
}

extension NodeAttributes {
    /// The attributes of a version beside another: programs that run a whole directory must not run it.
    ///
    /// The entries of a directory have their own attributes, and a link has nothing to clear.
    func beside(_ kind: NodeFacts.Kind) -> NodeAttributes {
        switch kind {
        case .directory, .link: return self
        default: break
        }
        var result = self
        result.permissions &= 0o666
        result.extended[Array("security.capability".utf8)] = nil
        if let list = extended[IdentityMap.accessList] {
            result.extended[IdentityMap.accessList] = IdentityMap.withoutExecution(list)
            // Without the ACL, the group bits are no longer its mask.
            if result.extended[IdentityMap.accessList] == nil { result.permissions &= 0o600 }
        }
        return result
    }
}

/// The names that a carry gives.
public enum CarryNames {
    /// The name of a node while it is made in the new layer.
    public static let temporary = Array(".imgbased-new".utf8)
}
