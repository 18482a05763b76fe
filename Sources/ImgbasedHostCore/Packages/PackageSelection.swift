public import ImgbasedCore

/// The added packages of a layer that a new layer gets.
///
/// It is a function of the old base, the old layer with its kept archives, and the new base. What the new
/// layer has already decides only what is left to do. So another run finishes an interrupted one.
public struct PackageSelection: Hashable, Sendable {
    /// The packages that the new layer gets.
    public private(set) var chosen: [PackageName: Package] = [:]
    /// What became of the other packages.
    public private(set) var items: [PackageItem] = []
    /// The package manager of the packages.
    public var manager: PackageManager { newBase.manager }
    /// Packages of the layer that the administrator held there, and that the base did not hold.
    private let held: Set<PackageName>
    private let archives: [PackageName: PackageArchive]
    private let newBase: PackageDatabase

    /// Selects from the packages of `layer` that `base` lacks.
    ///
    /// `archives` are those kept in the layer; `forgotten` are packages that the administrator wants left
    /// out, `NAME:ARCHITECTURE` each.
    public init(
        base: PackageDatabase, layer: PackageDatabase, newBase: PackageDatabase,
        archives: [PackageArchive], forgotten: Set<String> = []
    ) {
        self.newBase = newBase
        var kept: [PackageName: PackageArchive] = [:]
        for archive in archives where layer[archive.id]?.version == archive.version {
            kept[archive.id] = archive
        }
        self.archives = kept
        held = Set(
            layer.packages.values.filter { $0.isHeld && base.counterpart(of: $0.id)?.isHeld != true }.map(
                \.id))
        let added = layer.sorted.filter { base.counterpart(of: $0.id) == nil }
        var reasons: [PackageName: PackageReason] = [:]
        for package in added {
            if forgotten.contains(package.id.description) { continue }
            if let there = newBase.counterpart(of: package.id) {
                items.append(
                    PackageItem(
                        package.id, package.version, .inBase,
                        there.version == package.version ? "" : "in version \(there.version)",
                        isAutomatic: !package.isManual))
            } else if kept[package.id] == nil {
                reasons[package.id] = .noArchive
            } else {
                chosen[package.id] = package
            }
        }
        dropUnusable(&reasons)
        dropUnneeded()
        for package in added {
            if let reason = reasons[package.id], package.isManual {
                items.append(PackageItem(package.id, package.version, .missing, "\(reason)"))
            } else if chosen[package.id] == nil, !package.isManual, !forgotten.contains("\(package.id)"),
                newBase.counterpart(of: package.id) == nil
            {
                items.append(
                    PackageItem(
                        package.id, package.version, .unneeded, reasons[package.id]?.description ?? "",
                        isAutomatic: true))
            }
        }
        noteBase(base, layer)
    }

    // MARK: What can be installed

    /// Drops packages whose relations do not hold in the new base with the others, until no more have to go.
    private mutating func dropUnusable(_ reasons: inout [PackageName: PackageReason]) {
        var universe = PackageUniverse(newBase, chosen)
        while true {
            var found: [PackageName: PackageReason] = [:]
            for (id, package) in chosen {
                if let reason = universe.problem(of: package, beside: newBase) { found[id] = reason }
            }
            if found.isEmpty { return }
            for (id, reason) in found {
                chosen[id] = nil
                reasons[id] = reason.explained(by: reasons)
            }
            universe = PackageUniverse(newBase, chosen)
        }
    }

    /// Drops what was installed for others alone, unless one of the chosen packages needs it here.
    private mutating func dropUnneeded() {
        let universe = PackageUniverse(newBase, chosen)
        let bare = PackageUniverse(newBase, [:])
        var needed = Set(chosen.values.filter(\.isManual).map(\.id))
        var queue = Array(needed)
        while let id = queue.popLast() {
            guard let package = chosen[id] else { continue }
            for relation in package.preDepends + package.depends + package.recommends
            where !bare.satisfies(relation, for: package) {
                for other in universe.providers(of: relation, for: package) where chosen[other] != nil {
                    if needed.insert(other).inserted { queue.append(other) }
                }
            }
        }
        chosen = chosen.filter { needed.contains($0.key) }
    }

    /// Notes packages of the bases that the administrator had removed or renewed.
    private mutating func noteBase(_ base: PackageDatabase, _ layer: PackageDatabase) {
        for package in base.sorted {
            guard let new = newBase.counterpart(of: package.id) else { continue }
            guard let ours = layer.counterpart(of: package.id) else {
                items.append(
                    PackageItem(new.id, new.version, .returned, "it was removed, and the new base has it"))
                continue
            }
            if ours.isHeld, !package.isHeld, new.version != ours.version {
                items.append(PackageItem(ours.id, ours.version, .held, "the new base has \(new.version)"))
            } else if ours.version != package.version, new.version < ours.version {
                items.append(
                    PackageItem(ours.id, ours.version, .older, "the new base has \(new.version)"))
            }
        }
    }

    // MARK: What is to be done

    /// The archives of the chosen packages, in order.
    public var chosenArchives: [PackageArchive] { chosen.keys.sorted().compactMap { archives[$0] } }

    /// The packages to install in a layer that has `target`, in sets that need nothing of each other. rpm
    /// alone knows what its packages need: they are one set.
    public func sets(in target: PackageDatabase) -> [Set<PackageName>] {
        var left = Set(chosen.values.filter { target[$0.id]?.version != $0.version }.map(\.id))
        if manager == .rpm { return left.isEmpty ? [] : [left] }
        let universe = PackageUniverse(newBase, chosen)
        var neighbours: [PackageName: Set<PackageName>] = [:]
        for id in left {
            guard let package = chosen[id] else { continue }
            for relation in package.preDepends + package.depends + package.recommends {
                for other in universe.providers(of: relation, for: package) where left.contains(other) {
                    neighbours[id, default: []].insert(other)
                    neighbours[other, default: []].insert(id)
                }
            }
        }
        var sets: [Set<PackageName>] = []
        for id in left.sorted() where left.contains(id) {
            var set: Set<PackageName> = []
            var queue = [id]
            while let next = queue.popLast() {
                guard left.remove(next) != nil else { continue }
                set.insert(next)
                queue += neighbours[next] ?? []
            }
            sets.append(set)
        }
        return sets
    }

    /// The packages of the new layer that an earlier run installed, and that the old layer has no more; with
    /// rpm, also those that it has in another version, which would be beside the present one.
    public func surplus(in target: PackageDatabase) -> [PackageName] {
        target.sorted.filter { package in
            guard newBase.counterpart(of: package.id) == nil else { return false }
            guard let wanted = chosen[package.id] else { return true }
            return manager == .rpm && wanted.version != package.version
        }.map(\.id)
    }

    /// The packages of a layer that has `target`, or gets these `added` ones, that the administrator held in
    /// the old layer.
    public func holds(in target: PackageDatabase, adding added: Set<PackageName> = []) -> [PackageName] {
        held.filter { id in
            guard let there = target.counterpart(of: id) else { return added.contains(id) }
            return !there.isHeld
        }.sorted()
    }

    /// Which packages of `set` are to blame if their installation failed, each with the reason: `output` is
    /// what the package manager said, `reason` that in a few words. `problems` are those of other packages.
    /// Nobody is to blame if rpm does not tell.
    public func blamed(
        _ set: Set<PackageName>, for reason: String, _ output: String, besides problems: [PackageName: String]
    ) -> [PackageName: String] {
        guard manager == .rpm else {
            return Dictionary(uniqueKeysWithValues: set.map { ($0, reason) })
        }
        let others = problems.map { ($0.key.name, $0.value) }
        let missing = items.filter(\.outcome.needsLook).map { ($0.name, $0.detail) }
        return RPMOutput.blamed(
            set.compactMap { archives[$0] }.sorted { $0.id < $1.id }, in: output,
            missing: Dictionary(missing + others, uniquingKeysWith: { first, _ in first }))
    }

    /// The archives of `set` in runs of dpkg(1): what a package needs before it is unpacked is in a run
    /// before.
    public func runs(of set: Set<PackageName>) -> [[PackageArchive]] {
        let universe = PackageUniverse(newBase, chosen)
        func providers(_ relations: [PackageRelation], _ package: Package) -> Set<PackageName> {
            Set(relations.flatMap { universe.providers(of: $0, for: package) }).intersection(set)
        }
        var rank: [PackageName: Int] = [:]
        // No chain is longer than the set; a circle ends with it.
        for _ in set {
            var changed = false
            for id in set {
                guard let package = chosen[id] else { continue }
                let before = providers(package.preDepends, package).map { (rank[$0] ?? 0) + 1 }.max() ?? 0
                let with = providers(package.depends, package).map { rank[$0] ?? 0 }.max() ?? 0
                // Whatever comes before another has what it depends on in the same run or earlier.
                for other in providers(package.depends, package) where (rank[other] ?? 0) > (rank[id] ?? 0) {
                    rank[id] = rank[other]
                    changed = true
                }
                let wanted = min(max(before, with, rank[id] ?? 0), set.count)
                if wanted != rank[id] ?? 0 {
                    rank[id] = wanted
                    changed = true
                }
            }
            if !changed { break }
        }
        return Dictionary(grouping: set.sorted(), by: { rank[$0] ?? 0 }).sorted { $0.key < $1.key }
            .map { $0.value.compactMap { archives[$0] } }
    }

    /// What the package manager said of packages of `set` that it installed in spite of it.
    public func remarks(_ set: Set<PackageName>, _ output: String) -> [PackageName: String] {
        manager == .rpm ? RPMOutput.remarks(set.compactMap { archives[$0] }, in: output) : [:]
    }

    /// The room that the packages of `set` may need when they are installed.
    public func room(for set: Set<PackageName>) -> Bytes {
        let kibibytes = set.reduce(UInt64(0)) { sum, id in
            min(sum + min(chosen[id]?.kibibytes ?? 0, 1 << 40), 1 << 50)
        }
        // Indexes and databases.
        return Bytes((kibibytes << 10) + (16 << 20))
    }
}

/// Why an added package is not in the new layer.
public enum PackageReason: Hashable, Sendable, CustomStringConvertible {
    /// Its archive is not kept.
    case noArchive
    /// This relation holds neither in the new base nor with other added packages; the new base may have the
    /// package in another version.
    case needs(PackageRelation, has: String?)
    /// It cannot be beside this package of the new base.
    case conflicts(with: String)
    /// Another added package, which it needs, is not there, for this reason.
    case needsMissing(String, String)

    /// The reason with that of the package that is missing.
    fileprivate func explained(by reasons: [PackageName: PackageReason]) -> PackageReason {
        guard case .needs(let relation, nil) = self else { return self }
        for alternative in relation.alternatives {
            let others = reasons.filter { $0.key.name == alternative.name }.sorted { $0.key < $1.key }
            if let other = others.first { return .needsMissing(other.key.name, "\(other.value)") }
        }
        return self
    }

    /// The reason, in a few words.
    public var description: String {
        switch self {
        case .noArchive: "no archive of it is kept"
        case .needs(let relation, nil): "it needs '\(relation.text)', which the new base does not have"
        case .needs(let relation, let version?):
            "it needs '\(relation.text)', and the new base has \(version)"
        case .conflicts(let other): "it cannot be beside '\(other)' of the new base"
        case .needsMissing(let name, let reason): "it needs '\(name)': \(reason)"
        }
    }
}
