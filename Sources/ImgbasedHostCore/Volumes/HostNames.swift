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

    /// The given group and pool; if not given, the only one with our tag; otherwise that of the booted layer,
    /// or the default.
    public init(group: String?, pool: String?, in state: HostState) {
        let tagged = state.groups.filter { $0.tags.contains(Tag.volumeGroup) }
        self.group =
            group ?? (tagged.count == 1 ? tagged[0].name : state.booted?.group ?? VolumeName.defaultGroup)
        let groupName = self.group
        let pools = state.volumes.filter { $0.path.group == groupName && $0.tags.contains(Tag.pool) }
        self.pool = pool ?? (pools.count == 1 ? pools[0].name : HostNames.defaultPool)
    }

    /// The given names, or the default ones, of a group to be made.
    public init(newGroup: String?, pool: String?) {
        group = newGroup ?? VolumeName.defaultGroup
        self.pool = pool ?? HostNames.defaultPool
    }

    /// The path of the pool.
    public var poolPath: VolumePath { VolumePath(group: group, name: pool) }
}
