/// The packages that can serve a relation: those of the new base, and others that are to join them.
struct PackageUniverse {
    private var byName: [String: [Package]] = [:]
    private var providers: [String: [(package: Package, version: DebianVersion?)]] = [:]
    /// What packages of the base cannot be beside, by the name that they mean.
    private var forbidden: [String: [(owner: PackageName, meant: PackageRelation.Alternative)]] = [:]
    private let native: String?

    init(_ database: PackageDatabase, _ added: [PackageName: Package]) {
        native = database.native
        for package in database.packages.values where added[package.id] == nil { add(package) }
        for package in added.values { add(package) }
        for package in database.packages.values {
            for alternative in (package.conflicts + package.breaks).flatMap(\.alternatives) {
                forbidden[alternative.name, default: []].append((package.id, alternative))
            }
        }
    }

    private mutating func add(_ package: Package) {
        byName[package.id.name, default: []].append(package)
        for relation in package.provides {
            for alternative in relation.alternatives {
                providers[alternative.name, default: []].append((package, alternative.version))
            }
        }
    }

    /// Whether `relation` of `package` holds.
    func satisfies(_ relation: PackageRelation, for package: Package) -> Bool {
        relation.alternatives.contains { !matches($0, for: package).isEmpty }
    }

    /// The packages that make `relation` of `package` hold.
    func providers(of relation: PackageRelation, for package: Package) -> [PackageName] {
        relation.alternatives.flatMap { matches($0, for: package) }
    }

    private func matches(_ wanted: PackageRelation.Alternative, for package: Package) -> [PackageName] {
        var found: [PackageName] = []
        for other in byName[wanted.name] ?? []
        where serves(other, wanted, for: package) && wanted.allows(other.version.debian) {
            found.append(other.id)
        }
        for (other, version) in providers[wanted.name] ?? []
        where serves(other, wanted, for: package) && wanted.allows(version) { found.append(other.id) }
        return found
    }

    /// Whether the architecture of `other` serves `package`: packages for all architectures count as native.
    private func serves(
        _ other: Package, _ wanted: PackageRelation.Alternative, for package: Package
    ) -> Bool {
        if let qualifier = wanted.qualifier {
            return qualifier == "any"
                ? other.allowsAny || other.isForeign : other.id.architecture == qualifier
        }
        if other.isForeign { return true }
        func architecture(_ package: Package) -> String {
            package.id.architecture == "all" ? native ?? "all" : package.id.architecture
        }
        return architecture(other) == architecture(package)
    }

    /// Why `package` cannot be installed beside the packages of `base`; `nil` if it can.
    func problem(of package: Package, beside base: PackageDatabase) -> PackageReason? {
        for relation in package.preDepends + package.depends where !satisfies(relation, for: package) {
            let has = relation.alternatives.count == 1 ? byName[relation.alternatives[0].name]?.first : nil
            return .needs(relation, has: has?.version.text)
        }
        for relation in package.conflicts + package.breaks {
            for alternative in relation.alternatives {
                if let other = opponent(alternative, to: package, base) { return .conflicts(with: other) }
            }
        }
        let provided = package.provides.flatMap(\.alternatives).map { ($0.name, $0.version) }
        let owners = ([(package.id.name, package.version.debian)] + provided).flatMap { name, version in
            (forbidden[name] ?? []).filter { $0.meant.allows(version) }.map(\.owner)
        }
        if let other = owners.filter({ $0.name != package.id.name }).min() {
            return .conflicts(with: other.name)
        }
        return nil
    }

    /// The package of `base` that `alternative` of a conflict of `package` means.
    private func opponent(
        _ alternative: PackageRelation.Alternative, to package: Package, _ base: PackageDatabase
    ) -> String? {
        let named = (byName[alternative.name] ?? []).filter { alternative.allows($0.version.debian) }
        let virtual = (providers[alternative.name] ?? []).filter { alternative.allows($0.version) }
        return (named + virtual.map(\.package)).map(\.id).filter {
            $0.name != package.id.name && base[$0] != nil
        }.min()?.name
    }
}

extension PackageDatabase {
    /// The package with this name for the same architecture, or for all; `nil` if there is none.
    public func counterpart(of id: PackageName) -> Package? {
        if let same = self[id] { return same }
        if id.isForAll {
            return names[id.name].flatMap { $0.min() }.flatMap { self[$0] }
        }
        return self[PackageName(id.name, "all")] ?? self[PackageName(id.name, "noarch")]
    }
}
