import ImgbasedCore

/// The bases of a volume group with their layers, as shown by `imgbase layout`.
public struct Layout: Hashable, Sendable {
    /// A base with its layers.
    public struct Family: Hashable, Sendable {
        /// The name of the base.
        public var name: String
        /// The base; `nil` if it was removed and only layers are left.
        public var base: Volume?
        /// The layers of the base, oldest first.
        public var layers: [Volume]

        /// Whether the base is being removed with all its layers.
        var isBeingRemoved: Bool { base?.isMarkedForRemoval == true }
    }

    /// The bases with their layers, oldest first.
    public let families: [Family]
    /// The bases and layers by name.
    private let members: [String: Volume]
    /// The names of the bases being removed with all their layers.
    private let beingRemoved: Set<String>

    /// The layout of `group`, without incomplete volumes.
    public init(_ volumes: [Volume], group: String) {
        let volumes = volumes.filter { $0.path.group == group }.sorted(by: Layout.isOlder)
        var families = volumes.filter(\.isBase).map { Family(name: $0.name, base: $0, layers: []) }
        var places: [String: Int] = [:]
        for (index, family) in families.enumerated() where places[family.name] == nil {
            places[family.name] = index
        }
        for layer in volumes where layer.isLayer {
            let name = layer.baseName ?? layer.name
            if let index = places[name] {
                families[index].layers.append(layer)
            } else {
                places[name] = families.count
                families.append(Family(name: name, base: nil, layers: [layer]))
            }
        }
        self.families = families
        let all = families.flatMap { [$0.base].compactMap { $0 } + $0.layers }
        members = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        beingRemoved = Set(families.lazy.filter(\.isBeingRemoved).map(\.name))
    }

    /// The bases, oldest first.
    public var bases: [Volume] { families.compactMap(\.base) }

    /// The layers of all bases, oldest first.
    public var layers: [Volume] { families.flatMap(\.layers).sorted(by: Layout.isOlder) }

    /// The newest base that is not being removed; `nil` if none.
    public var latestBase: Volume? { bases.last { !$0.isMarkedForRemoval } }

    /// The newest layer that is not being removed; `nil` if none.
    public var latestLayer: Volume? { layers.last { !isBeingRemoved($0) } }

    /// The default source of a new layer: the newest layer of the newest base, or that base.
    public var latest: Volume? {
        guard let base = latestBase else { return nil }
        return families.last { $0.name == base.name }?.layers.last { !isBeingRemoved($0) } ?? base
    }

    /// Whether `volume` is being removed, by itself or with its base.
    func isBeingRemoved(_ volume: Volume) -> Bool {
        if volume.isMarkedForRemoval { return true }
        guard volume.isLayer, let base = volume.baseName else { return false }
        return beingRemoved.contains(base)
    }

    /// The base or layer `name`; `nil` if there is none.
    public subscript(name: String) -> Volume? { members[name] }

    /// The tree for people; it marks `booted`.
    public func lines(booted: VolumePath?) -> [String] {
        func line(_ name: String, _ marks: [String?]) -> String {
            let marks = marks.compactMap { $0 }
            return marks.isEmpty ? name : "\(name) (\(marks.joined(separator: ", ")))"
        }
        func mark(_ isBeingRemoved: Bool) -> String? { isBeingRemoved ? "being removed" : nil }
        return families.flatMap { family in
            [
                line(
                    family.name,
                    [
                        family.base == nil ? "removed" : nil, family.base?.isPinned == true ? "pinned" : nil,
                        mark(family.isBeingRemoved),
                    ])
            ]
                + family.layers.map {
                    line(" +- " + $0.name, [$0.path == booted ? "booted" : nil, mark(isBeingRemoved($0))])
                }
        }
    }

    /// Whether `a` was created before `b`; within one second, the smaller number is older.
    static func isOlder(_ a: Volume, _ b: Volume) -> Bool {
        a.created != b.created ? a.created < b.created : NaturalOrder.precedes(a.name, b.name)
    }
}
