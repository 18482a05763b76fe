import ImgbasedCore

/// The decisions of `UnitStates`.
struct UnitMerge {
    let base: UnitLinks
    let ours: UnitLinks
    let theirs: UnitLinks
    let ruled: Set<TreePath>
    private(set) var decisions: [TreePath: UnitStates.Decision] = [:]
    private(set) var notes: [UnitNote] = []

    init(base: UnitLinks, ours: UnitLinks, theirs: UnitLinks, ruled: Set<TreePath>) {
        self.base = base
        self.ours = ours
        self.theirs = theirs
        self.ruled = ruled
    }

    /// Decides on each link by itself, then on each disabled unit, whatever links now enable it.
    mutating func decide() {
        for path in Set(ours.links.keys).union(theirs.links.keys).subtracting(ruled).sorted() {
            decisions[path] = decision(path)
        }
        for unit in theirs.enabling.keys.sorted() where isDisabled(unit) {
            let links = theirs.enabling(unit)
            var isNew = false
            for path in links where decisions[path] == .theirs {
                decisions[path] = .absent
                isNew = true
            }
            if isNew { notes.append(.staysDisabled(unit: unit.name)) }
        }
    }

    /// Drops new masks in `/etc` of the new base for units that the administrator enabled.
    ///
    /// `masks` are those at other places: they stay, and are noted.
    mutating func unmask(_ masks: Set<TreePath>) {
        for unit in ours.enabling.keys.sorted() where isEnabled(unit) {
            for name in [unit.name] + UnitMerge.template(unit.name) {
                guard let path = UnitMerge.directory?.appending(unit.scope)?.appending(name) else { continue }
                if theirs.masks(path), !base.masks(path), !ours.masks(path) {
                    if ruled.contains(path) {
                        notes.append(.masked(unit: unit.name, path))
                    } else {
                        decisions[path] = ours.links[path] == nil ? .absent : .ours
                        notes.append(.staysEnabled(unit: unit.name, path))
                    }
                } else if ours.links[path] == nil {
                    let isMask = { (mask: TreePath) in mask.components.suffix(2) == [unit.scope, name] }
                    notes += masks.filter(isMask).sorted().map { .masked(unit: unit.name, $0) }
                }
            }
        }
    }

    /// Notes the administrator's links to units that no longer exist.
    mutating func noteDangling(_ links: Set<TreePath>) {
        for path in links.sorted() where decisions[path] == .ours || ruled.contains(path) {
            notes.append(.dangling(path, target: ours.targets[path] ?? []))
        }
    }

    /// Notes units that the administrator enabled and that do not exist.
    mutating func noteMissing(_ units: Set<[UInt8]>) {
        var linked: Set<[UInt8]> = []
        for (path, link) in ours.links where link.kind == .other && path.components.count == 4 {
            if let name = path.name { linked.insert(name) }
        }
        for unit in ours.enabling.keys.sorted() {
            let isCarried = ours.enabling(unit).contains { decisions[$0] == .ours }
            let names = [unit.name] + UnitMerge.template(unit.name)
            if isCarried, !names.contains(where: { units.contains($0) || linked.contains($0) }) {
                notes.append(.missing(unit: unit.name))
            }
        }
    }

    /// The administrator's change if there is one, else the new base's link.
    private mutating func decision(_ path: TreePath) -> UnitStates.Decision {
        let (old, here, new) = (base.links[path], ours.links[path], theirs.links[path])
        if here == new { return .theirs }
        if here == old { return new == nil ? .absent : .theirs }
        if new != old { notes.append(.bothChanged(path, theirs: theirs.targets[path])) }
        return here == nil ? .absent : .ours
    }

    /// Whether the old base enabled the unit and the administrator disabled it.
    private func isDisabled(_ unit: UnitLinks.Unit) -> Bool {
        !base.enabling(unit).isEmpty && ours.enabling(unit).isEmpty
    }

    /// Whether the administrator enabled the unit in a way that the old base did not.
    private func isEnabled(_ unit: UnitLinks.Unit) -> Bool {
        ours.enabling(unit).contains { base.links[$0] != ours.links[$0] }
    }

    /// The directories of units outside `/etc`; the first match counts.
    static let directories = ["/usr/local/lib/systemd", "/usr/lib/systemd", "/lib/systemd"]

    private static let directory = TreePath(parsing: "/etc/systemd")

    /// The template `name@.type` of `name@instance.type`; empty for other names.
    static func template(_ name: [UInt8]) -> [[UInt8]] {
        guard let at = name.firstIndex(of: UInt8(ascii: "@")),
            let dot = name.lastIndex(of: UInt8(ascii: ".")),
            at < dot
        else { return [] }
        return [Array(name[...at] + name[dot...])]
    }
}
