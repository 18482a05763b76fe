import ImgbasedCore

/// The rule of a place, and whether other rules hold within a directory.
extension CarryWalk {
    /// Whether a place is copied, whatever the rules say.
    ///
    /// The files that identify this machine keep their own rule.
    func isCopied(_ path: TreePath) -> Bool {
        settings.mode(of: path) == .copy && !CarryPolicy.isIdentity(path)
    }

    /// The rule of a merged place; `nil` if it has none.
    func rule(for path: TreePath, _ place: Place) -> CarryRule? {
        if isCopied(path) { return nil }
        // A backup of an account file has no more value than before, and is no conflict.
        let isBackup = place.ours != nil && AccountFile.backups.contains(path)
        return settings.policy.rule(for: path) ?? (isBackup ? .ours : nil)
    }

    /// Whether a directory of the layer is walked, rather than taken or left as a whole.
    func isGoneThrough(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ rule: CarryRule?, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let ours = node(.ours, name, place, level), ours.facts.isDirectory else { return false }
        if isCopied(path) || rule == .ours || place.new?.isDirectory == true { return true }
        if rule.takesNew { return try rules(in: ours, path).contains { $0 != rule } }
        if place.new != nil { return try rules(in: ours, path).contains(.ours) }
        return place.base?.isDirectory != false
    }

    /// Whether a directory of the new base is walked that the layer does not have.
    ///
    /// The walk alone does not put its entries into the new layer.
    func isGoneThroughInNew(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ rule: CarryRule?, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let new = node(.new, name, place, level), new.facts.isDirectory else { return false }
        // In a copied directory, additions of the new base stay as well.
        let isOpen = rule != .ours && (place.ours == nil || !isCopied(path))
        if isOpen, try isLeftAlone(name, place, level) { return true }
        guard place.ours == nil && place.base?.isDirectory != false || rule.takesNew else { return false }
        let own = isCopied(path) ? .ours : rule
        return try rules(in: new, path).contains { $0 != own }
    }

    /// Whether the node in the layer equals the one in the old base, attributes included.
    private func isLeftAlone(_ name: [UInt8], _ place: Place, _ level: Level) throws(TreeReadError) -> Bool {
        guard let base = place.base, let ours = place.ours else {
            return place.base == nil && place.ours == nil
        }
        let same = try sameness(name, place, level)
        return same.baseAndOurs && base.attributes.isSame(as: ours.attributes)
    }

    /// The rules of everything in a directory.
    ///
    /// A copied place counts as `ours`, and the state of a unit as `merge`; other places without a rule are
    /// `nil`.
    private func rules(
        in directory: Node, _ path: TreePath, depth: Int = 0
    ) throws(TreeReadError) -> Set<CarryRule?> {
        guard !directory.facts.isMountPoint else { return [] }
        // Deeper entries are not carried anyway.
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
    /// Whether the new base's version is taken, whatever was changed.
    var takesNew: Bool { self == .theirs || self == .skip }

    /// Whether all three trees contribute to the result.
    var merges: Bool { self != .ours && !takesNew }
}
