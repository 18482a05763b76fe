import ImgbasedCore

/// The paths that lists name and the walk does not reach.
extension CarryWalk {
    /// The node of a tree at a path.
    enum Sighting {
        /// The tree has nothing there.
        case nothing
        /// The node, reached through directories only.
        case node(NodeFacts)
        /// Something on the way is no directory, or a mount point.
        case hidden
    }

    /// The sighting of `path` in the tree with this root.
    func sighting(_ path: TreePath, in root: Directory?) throws(TreeReadError) -> Sighting {
        guard var directory = root else { return .nothing }
        let names = path.components
        for (index, name) in names.enumerated() {
            // No name can be longer (linux: include/uapi/linux/limits.h, NAME_MAX).
            guard name.count <= 255, let facts = try directory.facts(of: name) else { return .nothing }
            if index == names.count - 1 { return .node(facts) }
            guard facts.isDirectory, !facts.isMountPoint else { return .hidden }
            directory = try directory.directory(name)
        }
        return .hidden
    }

    /// Notes listed paths that no tree has or that cannot be reached.
    ///
    /// Otherwise, a typing error would carry nothing and say nothing.
    mutating func noteAbsent() throws(TreeReadError) {
        for path in settings.scope.literals where !CarryScope.isState(path) && !settings.isShared(path) {
            switch try sighting(path, in: root.ours) {
            case .node: continue
            case .nothing:
                if case .node = try sighting(path, in: root.base) { continue }
                if case .node = try sighting(path, in: root.new) { continue }
                note(path, .unused, "a list names it, but it does not exist")
            case .hidden:
                let isTold = items.contains { $0.outcome == .omitted && $0.path.covers(path) }
                if !isTold { note(path, .omitted, "a list names it, but part of its path is no directory") }
            }
        }
    }

    /// Whether the lists name something of the layer in a place that cannot be walked, or may do so.
    func isMissed(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let ours = place.ours else { return false }
        // A pattern means what it finds; a plain name that is not found has to be told.
        if settings.scope.names(path) { return true }
        if ours.isMountPoint { return settings.scope.goesThrough(path) }
        // The layer removed what the old base had in it.
        if !ours.isDirectory, let base = place.base, base.isDirectory, !base.isMountPoint,
            let directory = try level.base?.directory(name),
            try holdsListed(directory, path, depth: level.depth)
        {
            return true
        }
        if case .link(let target) = ours.kind { return try isMissed(behind: target, at: path) }
        guard ours.isDirectory, let directory = try level.ours?.directory(name) else { return false }
        return try holdsListed(directory, path, depth: level.depth)
    }

    /// Whether the lists name something behind the link at `path` and do not reach its real place.
    private func isMissed(behind target: [UInt8], at path: TreePath) throws(TreeReadError) -> Bool {
        guard settings.scope.goesThrough(path), let place = (path.parent ?? .root).resolving(target) else {
            return false
        }
        if settings.mode(of: place) != nil || settings.scope.goesThrough(place) { return false }
        return switch try sighting(place, in: root.ours) {
        case .nothing: false
        case .node(let facts): facts.isDirectory || facts.isLink
        case .hidden: true
        }
    }

    /// Whether the lists name a node of the layer with imgbase's own name.
    ///
    /// Only for a directory that is not carried itself.
    func holdsListedTemporary(_ path: TreePath, _ level: Level) throws(TreeReadError) -> Bool {
        let (name, place) = (CarryNames.temporary, try self.path(path, CarryNames.temporary))
        guard settings.leads(through: place), let ours = level.ours,
            let facts = try ours.facts(of: name)
        else { return false }
        if settings.mode(of: place) != nil || settings.scope.names(place) { return true }
        guard facts.isDirectory, !facts.isMountPoint else { return false }
        return try holdsListed(try ours.directory(name), place, depth: level.depth)
    }

    /// Whether the lists name something in the directory at `path`.
    private func holdsListed(
        _ directory: Directory, _ path: TreePath, depth: Int
    ) throws(TreeReadError) -> Bool {
        guard depth < TreeLimit.depth else { return true }
        for name in try names(in: [directory]) {
            let place = try self.path(path, name)
            if settings.mode(of: place) != nil { return true }
            guard settings.leads(through: place), let facts = try directory.facts(of: name),
                facts.isDirectory, !facts.isMountPoint
            else { continue }
            if try holdsListed(try directory.directory(name), place, depth: depth + 1) { return true }
        }
        return false
    }
}
