import ImgbasedCore

/// What surrounds the carried places: the way to them, and the owners of everything else.
extension CarryWalk {
    /// Walks a directory that is not carried itself, for carried places in it.
    ///
    /// Returns whether any of these exists afterwards.
    @discardableResult
    mutating func outside(_ path: TreePath, _ level: Level) throws(TreeReadError) -> Bool {
        let mayHold = settings.leads(through: path)
        let isOrdered = path == .root && !settings.newIdentities.isEmpty
        var names = try names(in: mayHold ? [level.base, level.ours, level.new] : [level.new])
        // Accounts come before the owners of files, or after them, so that they show an interrupted run.
        if let index = names.firstIndex(of: Array("etc".utf8)), path == .root {
            let name = names.remove(at: index)
            names.insert(name, at: isOrdered ? 0 : names.count)
        }
        var exists = false
        for name in names {
            let place = try self.path(path, name)
            if settings.mode(of: place) != nil {
                if try inside(place, name, try look(name, level), level) { exists = true }
            } else if settings.checksOwners || settings.leads(through: place) {
                if try around(place, name, try look(name, level), level) { exists = true }
            }
        }
        if try holdsListedTemporary(path, level) { try noteTemporary(path, level.ours) }
        if mayHold { try outsideLeftovers(path, known: Set(names), level) }
        return exists
    }

    /// Walks what only the new layer has in such a directory; it can be from an earlier run.
    private mutating func outsideLeftovers(
        _ path: TreePath, known: Set<[UInt8]>, _ level: Level
    ) throws(TreeReadError) {
        for name in try names(in: [level.target]) where !known.contains(name) {
            let place = try self.path(path, name)
            if settings.mode(of: place) != nil {
                try leftover(place, name, level)
            } else if settings.leads(through: place) {
                _ = try around(place, name, try look(name, level), level)
            }
        }
    }

    /// Walks into a place that is not carried itself.
    ///
    /// Returns whether anything carried exists in it afterwards.
    private mutating func around(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        if settings.checksOwners { try checkOwner(path, place) }
        let leads = settings.leads(through: path)
        let problem = leads ? self.problem(place) : nil
        if let problem, try isMissed(path, name, place, level) {
            note(path, .omitted, "\(problem); paths that the lists name in it are not carried")
        }
        guard leads || settings.checksOwners,
            place.three.contains(where: \.isDirectory) || place.target?.isDirectory ?? false
        else { return false }
        if isTooDeep(place, level) {
            if place.base != nil || place.ours != nil { noteDeep(path) }
            return false
        }
        let isWay = leads && problem == nil
        let start = changes.count
        // For owners alone, or if the layer's cannot be reached, only the new base is read.
        let asked = isWay ? place : Place(new: place.new, target: place.target)
        let exists = try outside(path, try open(name, asked, level, path))
        guard exists, isWay, let facts = place.new ?? place.ours else { return exists }
        // A directory of the new base is in the new layer as well, and stays as it is.
        if place.new == nil || !(place.target?.isDirectory ?? false) {
            try finish(path, facts, facts.attributes, place.target, level, from: start)
        }
        if place.new == nil { note(path, .carried, "a directory, for its content") }
        return true
    }

    /// Why the content of a place cannot be reached in a tree, or put there; `nil` if it can.
    private func problem(_ place: Place) -> String? {
        if (place.three + [place.target].compactMap { $0 }).contains(where: \.isMountPoint) {
            return "something else is mounted there"
        }
        if let ours = place.ours, !ours.isDirectory { return "it is \(ours.kind.words)" }
        if let new = place.new, !new.isDirectory { return "it is \(new.kind.words) in the new base" }
        return nil
    }

    /// Gives a file outside the carried places to the owner that its account has now.
    private mutating func checkOwner(_ path: TreePath, _ place: Place) throws(TreeReadError) {
        guard let new = place.new, let target = place.target, !target.isMountPoint else { return }
        var wanted = target.attributes
        wanted.owner = new.attributes.owner
        wanted.group = new.attributes.group
        for name in IdentityMap.accessLists { wanted.extended[name] = new.attributes.extended[name] }
        // A change of owner clears these. An interrupted run may have left the file without them.
        if settings.newIdentities.gives(new.attributes) {
            wanted.permissions |= new.attributes.permissions & 0o6000
            let capability = Array("security.capability".utf8)
            wanted.extended[capability] = new.attributes.extended[capability]
        }
        if wanted != target.attributes { try change(.set(path, target.kind, wanted), of: target) }
    }
}
