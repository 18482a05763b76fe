import ImgbasedCore

/// Which rule a place goes by, and whether what is in a directory goes by others.
extension CarryWalk {
    /// Whether a place is copied, whatever the rules say. What says which machine this is goes by its own rule all the same.
    func isCopied(_ path: TreePath) -> Bool {
        settings.scope.mode(of: path) == .copy && !CarryPolicy.isIdentity(path)
    }

    /// The rule for a place that is merged.
    func rule(for path: TreePath, _ place: Place) -> CarryRule? {
        if isCopied(path) { return nil }
        // What accounts were before is as worthless as it was, and no conflict.
        let isBackup = place.ours != nil && AccountFile.backups.contains(path)
        return settings.policy.rule(for: path) ?? (isBackup ? .ours : nil)
    }

    /// Whether a directory of the layer is gone through, rather than taken or left as a whole.
    func isGoneThrough(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ rule: CarryRule?, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let ours = node(.ours, name, place, level), ours.facts.isDirectory else { return false }
        if isCopied(path) || rule == .ours || place.new?.isDirectory == true { return true }
        if rule.takesNew { return try rules(in: ours, path).contains { $0 != rule } }
        if place.new != nil { return try rules(in: ours, path).contains(.ours) }
        return place.base?.isDirectory != false
    }

    /// Whether a directory of the new base is gone through where the layer has none: what is in it is not wanted for that
    /// alone.
    func isGoneThroughInNew(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ rule: CarryRule?, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let new = node(.new, name, place, level), new.facts.isDirectory else { return false }
        // Where all is copied, what only the new base has stays as well.
        let isOpen = rule != .ours && (place.ours == nil || !isCopied(path))
        if isOpen, try isLeftAlone(name, place, level) { return true }
        guard place.ours == nil && place.base?.isDirectory != false || rule.takesNew else { return false }
        let own = isCopied(path) ? .ours : rule
        return try rules(in: new, path).contains { $0 != own }
    }

    /// Whether the layer has there what the old base has, with its attributes.
    private func isLeftAlone(_ name: [UInt8], _ place: Place, _ level: Level) throws(TreeReadError) -> Bool {
        guard let base = place.base, let ours = place.ours else {
            return place.base == nil && place.ours == nil
        }
        let same = try sameness(name, place, level)
        return same.baseAndOurs && base.attributes.isSame(as: ours.attributes)
    }

    /// The rules for all that is in a directory. To copy is to go by `ours`, and the states of units go by `merge`, unlike
    /// what has no rule.
    private func rules(
        in directory: Node, _ path: TreePath, depth: Int = 0
    ) throws(TreeReadError) -> Set<CarryRule?> {
        guard !directory.facts.isMountPoint else { return [] }
        // What is deeper is not carried anyway.
        guard depth < TreeLimit.depth else { return [] }
        var rules: Set<CarryRule?> = []
        for entry in try entries(of: directory) {
            let place = try self.path(path, entry.name)
            let unit: CarryRule? = settings.units[place] == nil ? nil : .merge
            rules.insert(isCopied(place) ? .ours : settings.policy.rule(for: place) ?? unit)
            if entry.facts.isDirectory {
                rules.formUnion(try self.rules(in: entry, place, depth: depth + 1))
            }
        }
        return rules
    }
}

extension CarryRule? {
    /// Whether what the new base has is there, whatever was changed.
    var takesNew: Bool { self == .theirs || self == .skip }

    /// Whether what is there is made of what all three have.
    var merges: Bool { self != .ours && !takesNew }
}
