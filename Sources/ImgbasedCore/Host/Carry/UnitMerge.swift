/// The work of `UnitStates`.
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

    /// First each link by itself, then each unit that was disabled, whatever links now enable it.
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

    /// Lists what the administrator enabled and nothing has.
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

    /// The administrator's change if there is one, else what the new base has.
    private mutating func decision(_ path: TreePath) -> UnitStates.Decision {
        let (old, here, new) = (base.links[path], ours.links[path], theirs.links[path])
        if here == new { return .theirs }
        if here == old { return new == nil ? .absent : .theirs }
        if new != old { notes.append(.bothChanged(path, theirs: theirs.targets[path])) }
        return here == nil ? .absent : .ours
    }

    /// Whether the old base enabled it, and the administrator took that back.
    private func isDisabled(_ unit: UnitLinks.Unit) -> Bool {
        !base.enabling(unit).isEmpty && ours.enabling(unit).isEmpty
    }

    /// Of `name@instance.type` the template `name@.type`.
    private static func template(_ name: [UInt8]) -> [[UInt8]] {
        guard let at = name.firstIndex(of: UInt8(ascii: "@")),
            let dot = name.lastIndex(of: UInt8(ascii: ".")),
            at < dot
        else { return [] }
        return [Array(name[...at] + name[dot...])]
    }
}
