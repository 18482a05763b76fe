/// What becomes of the states of systemd's units, enabled, disabled and masked, which are links below
/// `/etc/systemd/system` and `/etc/systemd/user`: as the administrator left each unit, and as the new base has those that
/// were left alone.
public struct UnitStates: Hashable, Sendable {
    /// What becomes of a link.
    public enum Decision: Hashable, Sendable {
        /// As the new base has it.
        case theirs
        /// As the old layer has it.
        case ours
        /// There is none.
        case absent
    }

    /// What becomes of each link that the old layer or the new base has.
    public private(set) var decisions: [TreePath: Decision] = [:]
    /// What a person should know, in order.
    public private(set) var notes: [UnitNote] = []

    /// Decides on the links, each with where it leads, of the old base, the old layer (`ours`) and the new base (`theirs`).
    /// `units` are the names of the units that the new layer will have: those of the new base, and those of the
    /// administrator's own that are carried.
    public init(
        base: [TreePath: [UInt8]], ours: [TreePath: [UInt8]], theirs: [TreePath: [UInt8]],
        units: Set<[UInt8]>
    ) {
        var merge = UnitMerge(base: UnitLinks(base), ours: UnitLinks(ours), theirs: UnitLinks(theirs))
        merge.decide()
        merge.noteMissing(units)
        decisions = merge.decisions
        notes = merge.notes
    }
}

/// What a person should know about a unit.
public enum UnitNote: Hashable, Sendable, CustomStringConvertible {
    /// The new base enables it in a way that the old one did not; it stays disabled.
    case staysDisabled(unit: [UInt8])
    /// The old layer enables it, and nothing has it any more. The links are carried all the same.
    case missing(unit: [UInt8])
    /// Both the administrator and the new base changed this link; the administrator's is kept.
    case bothChanged(TreePath)

    /// One line.
    public var description: String {
        switch self {
        case .staysDisabled(let unit):
            "unit '\(EscapedText.escaped(unit))' was disabled here and stays so; the new base enables it anew"
        case .missing(let unit):
            "unit '\(EscapedText.escaped(unit))' was enabled here, and the new base does not have it; disable it, "
                + "or install it again"
        case .bothChanged(let path):
            "'\(path)' was changed here and in the new base; it stays as it was here"
        }
    }
}

/// The links of a tree.
struct UnitLinks {
    /// A unit of one of the two managers.
    struct Unit: Hashable, Comparable {
        var scope: [UInt8]
        var name: [UInt8]

        static func < (a: Unit, b: Unit) -> Bool {
            a.scope == b.scope
                ? a.name.lexicographicallyPrecedes(b.name) : a.scope.lexicographicallyPrecedes(b.scope)
        }
    }

    let links: [TreePath: UnitLink]
    /// The links that enable a unit.
    let enabling: [Unit: Set<TreePath>]

    init(_ targets: [TreePath: [UInt8]]) {
        var links: [TreePath: UnitLink] = [:]
        var enabling: [Unit: Set<TreePath>] = [:]
        for (path, target) in targets {
            guard let link = UnitLink(path, target: target) else { continue }
            links[path] = link
            if case .enables(let unit) = link.kind {
                enabling[Unit(scope: link.scope, name: unit), default: []].insert(path)
            }
        }
        self.links = links
        self.enabling = enabling
    }

    func enabling(_ unit: Unit) -> Set<TreePath> {
        enabling[unit] ?? []
    }
}

/// The work of `UnitStates`.
struct UnitMerge {
    let base: UnitLinks
    let ours: UnitLinks
    let theirs: UnitLinks
    private(set) var decisions: [TreePath: UnitStates.Decision] = [:]
    private(set) var notes: [UnitNote] = []

    init(base: UnitLinks, ours: UnitLinks, theirs: UnitLinks) {
        self.base = base
        self.ours = ours
        self.theirs = theirs
    }

    /// First each link by itself, then each unit that was disabled, whatever links now enable it.
    mutating func decide() {
        for path in Set(ours.links.keys).union(theirs.links.keys).sorted() {
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
        if new != old { notes.append(.bothChanged(path)) }
        return here == nil ? .absent : .ours
    }

    /// Whether the old base enabled it, and the administrator took that back.
    private func isDisabled(_ unit: UnitLinks.Unit) -> Bool {
        !base.enabling(unit).isEmpty && ours.enabling(unit).isEmpty
    }

    /// Of `name@instance.type` the template `name@.type`.
    private static func template(_ name: [UInt8]) -> [[UInt8]] {
        guard let at = name.firstIndex(of: UInt8(ascii: "@")), let dot = name.lastIndex(of: UInt8(ascii: ".")),
            at < dot
        else { return [] }
        return [Array(name[...at] + name[dot...])]
    }
}
