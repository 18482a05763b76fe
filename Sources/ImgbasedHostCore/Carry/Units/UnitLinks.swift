import ImgbasedCore

/// The links of units in a tree.
struct UnitLinks {
    /// A unit of the system or the user manager.
    struct Unit: Hashable, Comparable {
        var scope: [UInt8]
        var name: [UInt8]

        static func < (a: Unit, b: Unit) -> Bool {
            a.scope == b.scope
                ? a.name.lexicographicallyPrecedes(b.name) : a.scope.lexicographicallyPrecedes(b.scope)
        }
    }

    /// The target of each link.
    let targets: [TreePath: [UInt8]]
    let links: [TreePath: UnitLink]
    /// The links that enable each unit.
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
        self.targets = targets
        self.links = links
        self.enabling = enabling
    }

    func enabling(_ unit: Unit) -> Set<TreePath> {
        enabling[unit] ?? []
    }

    /// Whether the link at `path` masks a unit.
    func masks(_ path: TreePath) -> Bool {
        if case .masks? = links[path]?.kind { true } else { false }
    }
}
