import ImgbasedCore

/// The new base's version beside the administrator's.
extension CarryWalk {
    /// Puts the new base's version beside, if the decision says so, and reports the decision.
    mutating func putBeside(
        _ decision: inout CarryDecision, _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) {
        let attributes = decision.attributes ?? place.new?.attributes
        let isNew = decision.content == .new && attributes == place.new?.attributes
        if !isNew, decision.content != .none || place.new != nil { differences += 1 }
        guard decision.keepsNewBeside, let new = place.new, let from = level.new else {
            return note(path, decision.finding)
        }
        if CarryNames.isRead(path) {
            decision.finding?.detail +=
                "; the new base's version is not put beside it, since it would be read there"
            return note(path, decision.finding)
        }
        let side = try sideName(name, place, level)
        claims.insert(side)
        let sidePath = try self.path(path.parent ?? .root, side)
        note(path, decision.finding, beside: sidePath)
        let there = try facts(side, in: level.target, IdentityMap())
        let wanted = Wanted(
            Node(.new, from, name, new), path, new.attributes.beside(new.kind), isBeside: true)
        try put(wanted, at: sidePath, side, there, level)
    }

    /// An unused name for the new base's version of `name`.
    ///
    /// A name from an earlier change of base is taken again, if it still has that base's version.
    private func sideName(_ name: [UInt8], _ place: Place, _ level: Level) throws(TreeReadError) -> [UInt8] {
        for number in 1...TreeLimit.sideNames {
            let side = CarryNames.beside(name, number)
            guard !claims.contains(side) else { continue }
            let inBase = try facts(side, in: level.base, settings.baseIdentities)
            let inNew = try facts(side, in: level.new, settings.newIdentities)
            guard inBase == nil, inNew == nil else { continue }
            guard let facts = try facts(side, in: level.ours, IdentityMap()), let ours = level.ours else {
                return side
            }
            // Only names after `name` itself have not been walked yet.
            guard name.lexicographicallyPrecedes(side) else { continue }
            let there = Node(.ours, ours, side, facts)
            if let node = node(.base, name, place, level), try isSame(there, node) { return side }
            if let node = node(.new, name, place, level), try isSame(there, node) { return side }
        }
        throw TreeReadError(
            "there are too many files beside '\(EscapedText.escaped(name))' already; remove some")
    }

    /// Whether a place only holds an old base's version of another, put there by a change of base.
    ///
    /// The new base has that version no more.
    func isLeftBeside(_ name: [UInt8], _ place: Place, _ level: Level) throws(TreeReadError) -> Bool {
        guard place.base == nil, place.new == nil, let ours = node(.ours, name, place, level),
            !ours.facts.isDirectory, let original = CarryNames.original(of: name)
        else { return false }
        let other = Place(
            base: try facts(original, in: level.base, settings.baseIdentities),
            new: try facts(original, in: level.new, settings.newIdentities))
        guard let base = node(.base, original, other, level),
            ours.facts.attributes.isSame(as: base.facts.attributes.beside(base.facts.kind)),
            try isSame(ours, base)
        else { return false }
        guard let new = node(.new, original, other, level) else { return true }
        let isKept = try isSame(base, new)
        return !isKept || !base.facts.attributes.isSame(as: new.facts.attributes)
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

    /// The name of the new base's version of `name`: the first such name, or a later one.
    ///
    /// It is cut if it would be too long (linux: include/uapi/linux/limits.h, NAME_MAX).
    static func beside(_ name: [UInt8], _ number: Int) -> [UInt8] {
        let ending = Array((number == 1 ? ".imgnew" : ".imgnew-\(number)").utf8)
        return Array(name.prefix(255 - ending.count)) + ending
    }

    /// Whether a program obeys every file in the directory, whatever its ending: nothing goes beside.
    ///
    /// crond(8) of cronie, logrotate(8), dnsmasq(8), NetworkManager(8), init(8). Others run executable files.
    static func isRead(_ path: TreePath) -> Bool {
        read.contains { $0.matches(path) }
    }

    private static let read = [
        "/etc/cron.*/*", "/etc/logrotate.d/*", "/etc/incron.d/*", "/etc/rc?.d/*", "/etc/dnsmasq.d/*",
        "/etc/bash_completion.d/*", "/etc/NetworkManager/system-connections/*", "/etc/nginx/sites-enabled/*",
    ].compactMap { try? PathPattern($0) }

    /// The name for which `side` may be such a name; `nil` for other names, and for a name that was cut.
    static func original(of side: [UInt8]) -> [UInt8]? {
        let ending = Array(".imgnew".utf8)
        let digits = side.reversed().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        let isNumbered = digits > 0 && side.dropLast(digits).last == UInt8(ascii: "-")
        let first = isNumbered ? side.dropLast(digits + 1) : side[...]
        let number = isNumbered ? Int(String(decoding: side.suffix(digits), as: UTF8.self)) : 1
        let name = Array(first.dropLast(ending.count))
        guard let number, number > 0, !name.isEmpty, beside(name, number) == side else { return nil }
        return name
    }
}
