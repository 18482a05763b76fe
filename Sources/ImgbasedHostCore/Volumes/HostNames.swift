import ImgbasedCore

/// The volume group and the pool that a command uses.
public struct HostNames: Hashable, Sendable {
    /// The pool if none is named or tagged.
    public static let defaultPool = "ImagePool"
    /// The volume mounted at `/config`.
    public static let config = "Config"

    /// The name of the volume group.
    public var group: String
    /// The name of the pool.
    public var pool: String

    /// The given group and pool; if not given, the only one with our tag; otherwise the default.
    public init(group: String?, pool: String?, in state: HostState) {
        let tagged = state.groups.filter { $0.tags.contains(Tag.volumeGroup) }
        self.group = group ?? (tagged.count == 1 ? tagged[0].name : VolumeName.defaultGroup)
        let groupName = self.group
        let pools = state.volumes.filter { $0.path.group == groupName && $0.tags.contains(Tag.pool) }
        self.pool = pool ?? (pools.count == 1 ? pools[0].name : HostNames.defaultPool)
    }

    /// The path of the pool.
    public var poolPath: VolumePath { VolumePath(group: group, name: pool) }
}

extension HostState {
    /// The plan that removes the debris of interrupted runs; without steps if there is none.
    public func cleaning(_ names: HostNames) -> Plan {
        var plan = Plan(goal: "remove what an interrupted run left")
        plan.prepare = debris(names).map { .removeVolume($0.path) }
        // The kernel of an unlisted layer is stored before its entry.
        if LayerPlanner.unfinished(self, names: names).isEmpty {
            plan.prepare += BootPlanner.removalOfUnreferenced(boot)
        }
        plan.isContinued = true
        return plan
    }

    /// The host after the removal of that debris.
    public func cleaned(_ names: HostNames) -> HostState {
        if cleaning(names).steps.isEmpty { return self }
        let debris = Set(debris(names).map(\.path))
        var state = self
        state.volumes.removeAll { debris.contains($0.path) }
        return state.afterRemoval(names)
    }

    /// The host without the volumes and entries of `removals`.
    public func without(_ removals: [Removal]) -> HostState {
        let paths = Set(removals.flatMap(\.volumes).map(\.path))
        var state = self
        state.volumes.removeAll { paths.contains($0.path) }
        for path in paths { state.boot.entries[path.name] = nil }
        return state
    }

    /// The host after volumes and entries were removed. The usage of the pool and the free space in `/boot`
    /// are unknown until read again.
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

    /// The incomplete volumes of earlier runs in the pool, never volumes of another kind. A base whose update
    /// was not completed counts too, unless it has a layer.
    func debris(_ names: HostNames) -> [Volume] {
        let ours = volumes.filter {
            $0.path.group == names.group && $0.segmentType == "thin" && $0.pool == names.pool
        }
        let bases = Set(ours.filter(\.isLayer).compactMap(\.baseName))
        return ours.filter { $0.isBuilding || ($0.isUpdating && !bases.contains($0.name)) }
    }
}
