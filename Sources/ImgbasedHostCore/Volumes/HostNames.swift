import ImgbasedCore

/// The volume group and the pool a command is about.
public struct HostNames: Hashable, Sendable {
    /// The pool where none is named or tagged.
    public static let defaultPool = "ImagePool"
    /// The volume mounted at `/config`.
    public static let config = "Config"

    /// The volume group.
    public var group: String
    /// The pool.
    public var pool: String

    /// Group and pool as named; else those tagged as ours, where there is just one; else the defaults.
    public init(group: String?, pool: String?, in state: HostState) {
        let tagged = state.groups.filter { $0.tags.contains(Tag.volumeGroup) }
        self.group = group ?? (tagged.count == 1 ? tagged[0].name : VolumeName.defaultGroup)
        let groupName = self.group
        let pools = state.volumes.filter { $0.path.group == groupName && $0.tags.contains(Tag.pool) }
        self.pool = pool ?? (pools.count == 1 ? pools[0].name : HostNames.defaultPool)
    }

    /// Where the pool is.
    public var poolPath: VolumePath { VolumePath(group: group, name: pool) }
}

extension HostState {
    /// The volume at `path`.
    func volume(_ path: VolumePath) -> Volume? {
        volumes.first { $0.path == path }
    }

    /// The group named `name`.
    func group(_ name: String) throws(HostReason) -> Group {
        guard let group = groups.first(where: { $0.name == name }) else { throw .noGroup(name) }
        return group
    }

    /// The thin pool that volumes are made in, complete.
    func pool(_ names: HostNames) throws(HostReason) -> Volume {
        _ = try group(names.group)
        guard let pool = volume(names.poolPath), !pool.isBuilding else { throw .noPool(names.poolPath) }
        guard pool.segmentType == "thin-pool" else {
            throw .wrongKind(pool.path, is: pool.segmentType, wanted: "thin pool")
        }
        return pool
    }

    /// What removes the debris of interrupted runs; without steps where there is none.
    public func cleaning(_ names: HostNames) -> Plan {
        var plan = Plan(goal: "remove what an interrupted run left")
        plan.prepare = debris(names).map { .removeVolume($0.path) }
        // A kernel that an unlisted layer is to have is in the store before its entry is.
        if LayerPlanner.unfinished(self, names: names).isEmpty {
            plan.prepare += BootPlanner.removalOfUnreferenced(boot)
        }
        plan.isContinued = true
        return plan
    }

    /// The host as it will be without that debris.
    public func cleaned(_ names: HostNames) -> HostState {
        if cleaning(names).steps.isEmpty { return self }
        let debris = Set(debris(names).map(\.path))
        var state = self
        state.volumes.removeAll { debris.contains($0.path) }
        return state.afterRemoval(names)
    }

    /// The host without what `removals` are about.
    public func without(_ removals: [Removal]) -> HostState {
        let paths = Set(removals.flatMap(\.volumes).map(\.path))
        var state = self
        state.volumes.removeAll { paths.contains($0.path) }
        for path in paths { state.boot.entries[path.name] = nil }
        return state
    }

    /// The host where some volumes and entries are there no more. How full the pool is then, and how much room there is in `/boot`
    /// for another kernel, only looking again can tell.
    public func afterRemoval(_ names: HostNames) -> HostState {
        var state = self
        for index in state.volumes.indices where state.volumes[index].path == names.poolPath {
            state.volumes[index].usage = nil
        }
        let unreferenced = BootPlanner.unreferenced(boot)
        if LayerPlanner.unfinished(self, names: names).isEmpty, !unreferenced.isEmpty {
            state.boot.digests.subtract(unreferenced)
            state.boot.free = Bytes(UInt64.max)
        }
        return state
    }

    /// What earlier runs left incomplete in the pool: theirs alone, never another kind of volume. A base whose update was
    /// not completed is that too, unless its layer is.
    func debris(_ names: HostNames) -> [Volume] {
        let ours = volumes.filter {
            $0.path.group == names.group && $0.segmentType == "thin" && $0.pool == names.pool
        }
        let bases = Set(ours.filter(\.isLayer).compactMap(\.baseName))
        return ours.filter { $0.isBuilding || ($0.isUpdating && !bases.contains($0.name)) }
    }
}
