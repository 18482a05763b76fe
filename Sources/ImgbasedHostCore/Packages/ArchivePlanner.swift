public import ImgbasedCore

/// An archive that a package manager is about to unpack, or has just unpacked.
public struct OfferedArchive: Hashable, Sendable {
    /// Its path in the running system.
    public var path: String
    /// The archive, as its control file describes it.
    public var archive: PackageArchive
    /// Whether its package is installed for the first time; `nil` if the database still tells that.
    public var isNew: Bool?

    /// The archive at `path`.
    public init(path: String, _ archive: PackageArchive, isNew: Bool? = nil) {
        (self.path, self.archive, self.isNew) = (path, archive, isNew)
    }
}

/// `imgbase packages keep`: which archives a layer keeps, so that updates can install its packages again.
///
/// The layer's base is not read. A package that is installed already without a kept archive is the base's,
/// which the next base has again: only others are kept.
public enum ArchivePlanner {
    /// The goal for messages: `cannot …`.
    public static let goal = "keep the archives of packages"

    /// The plan that keeps the `offered` archives in a layer whose database has `installed`.
    ///
    /// Of the archives in `kept`, those of packages that are not there any more, or in another version, go.
    /// If all are larger than `limit`, the oldest go, and this is told.
    public static func plan(
        _ offered: [OfferedArchive], installed: PackageDatabase, kept: [PackageArchive], limit: Bytes,
        record: PackageRecord?
    ) -> Plan {
        var plan = Plan(goal: goal)
        let known = Set(kept.map(\.id))
        let forgotten = Set(record?.forgotten ?? [])
        var wanted: [PackageName: OfferedArchive] = [:]
        for offer in offered {
            let id = offer.archive.id
            if offer.isNew ?? (installed.counterpart(of: id) == nil) || known.contains(id)
                || forgotten.contains(id.description)
            {
                wanted[id] = offer
            }
        }
        // An interrupted installation is repeated with the same archives.
        let staying = kept.filter { archive in
            if let offer = wanted[archive.id] {
                // The present version is needed if the new one fails.
                return offer.archive.version != archive.version
                    && installed[archive.id]?.version == archive.version
            }
            // The next update tries a package again that the last one could not install.
            return installed[archive.id]?.version == archive.version || installed.broken.contains(archive.id)
                || record?.missing.contains { $0.id == archive.id } == true
        }
        let new = wanted.values.map(\.archive).sorted { $0.id < $1.id }
        let (remaining, excess) = fitting(new, staying, limit)
        let names = Set(remaining.map(\.fileName))
        for archive in kept where !names.contains(archive.fileName) {
            plan.prepare.append(.removeFile(archive.path))
        }
        for archive in new where names.contains(archive.fileName) {
            guard let offer = wanted[archive.id], offer.path != archive.path else { continue }
            plan.prepare.append(.keepArchive(from: offer.path, as: archive))
        }
        if let record, !forgotten.isDisjoint(with: new.map(\.id.description)) {
            plan.prepare.append(.recordPackages(record.remembering(Set(new.map(\.id)))))
        }
        if !excess.isEmpty { plan.cleanup = [.tell([message(excess, limit)], motd: nil)] }
        return plan
    }

    /// The archives within `limit`, the newest first, and the others.
    private static func fitting(
        _ new: [PackageArchive], _ old: [PackageArchive], _ limit: Bytes
    ) -> (remaining: [PackageArchive], excess: [PackageArchive]) {
        var (remaining, excess): ([PackageArchive], [PackageArchive]) = ([], [])
        var left = limit.count
        for archive in new + old.sorted(by: { ($0.kept, $1.id) > ($1.kept, $0.id) }) {
            if archive.size.count <= left {
                left -= archive.size.count
                remaining.append(archive)
            } else {
                excess.append(archive)
            }
        }
        return (remaining, excess)
    }

    private static func message(_ excess: [PackageArchive], _ limit: Bytes) -> JournalMessage {
        let names = excess.map(\.id.name).sorted().joined(separator: ", ")
        return JournalMessage(
            .warning, layer: nil,
            "an update will not install these packages again, since 'packages-limit' in "
                + "'\(Settings.path)' (\(limit.formatted)) leaves no room for their archives: \(names)")
    }

    /// The plan that forgets `ids`: their archives and what is told of them.
    public static func forget(
        _ names: [String], kept: [PackageArchive], record: PackageRecord
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: "forget packages")
        var ids: Set<PackageName> = []
        for name in names {
            let found = (kept.map(\.id) + record.missing.map(\.id)).filter {
                $0.name == name || $0.description == name
            }
            if found.isEmpty { throw HostRefusal("forget package '\(name)'", .noSuchPackage(name)) }
            ids.formUnion(found)
        }
        plan.commit = [.recordPackages(record.forgetting(ids))]
        plan.cleanup = kept.filter { ids.contains($0.id) }.map { .removeFile($0.path) }
        return plan
    }
}
