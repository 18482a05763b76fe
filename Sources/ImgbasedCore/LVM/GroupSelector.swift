/// The volume group that a request means.
public enum GroupSelector: Hashable, Sendable, CustomStringConvertible {
    /// The group of this name.
    case named(String)
    /// The group tagged as ours or, if none is, the group of the usual name.
    case `default`

    /// The requested group, worded as the object of a sentence.
    public var description: String {
        switch self {
        case .named(let name): "volume group '\(name)'"
        case .default: "a volume group tagged '\(Tag.volumeGroup)' or named '\(VolumeName.defaultGroup)'"
        }
    }

    /// The groups among `groups` that the selector means.
    func selected(from groups: [VolumeGroup]) -> [VolumeGroup] {
        switch self {
        case .named(let name):
            return groups.filter { $0.name == name }
        case .default:
            let tagged = groups.filter { $0.tags.contains(Tag.volumeGroup) }
            return tagged.isEmpty ? groups.filter { $0.name == VolumeName.defaultGroup } : tagged
        }
    }
}

/// The state of a volume group, judged by the disks seen so far.
public enum GroupState: Hashable, Sendable {
    /// No disk has the group.
    case absent
    /// At least one disk has its metadata.
    case found(LocatedGroup)
    /// Several groups have this name, and at least one belongs to a host with a system id.
    ///
    /// lvm2 knows the system id of this host, and takes the only group not owned by another host. On a host
    /// without a system id, this group is `unowned`, the only one without an owner.
    case contested(String, unowned: LocatedGroup?, Refusal)
    /// Which group is meant cannot be decided.
    case refused(Refusal)
}
