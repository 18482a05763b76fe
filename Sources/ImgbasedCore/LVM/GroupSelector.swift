/// Which volume group is wanted.
public enum GroupSelector: Hashable, Sendable, CustomStringConvertible {
    /// The one of that name.
    case named(String)
    /// The one tagged as ours or, where none is, the one of the usual name.
    case `default`

    /// What it asks for, as the object of a sentence.
    public var description: String {
        switch self {
        case .named(let name): "volume group '\(name)'"
        case .default: "a volume group tagged '\(Tag.volumeGroup)' or named '\(VolumeName.defaultGroup)'"
        }
    }

    /// Those of `groups` that are meant.
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

/// What the disks seen so far make of a volume group.
public enum GroupState: Hashable, Sendable {
    /// No disk has it.
    case absent
    /// Some disk has its metadata.
    case found(LocatedGroup)
    /// Several have this name, and some of them belong to the host with a system id. lvm2, which knows that of this host, takes the only one
    /// that is not another host's. Of this host without a system id, that is `unowned`: the only one that has none.
    case contested(String, unowned: LocatedGroup?, Refusal)
    /// It cannot be told which group is meant.
    case refused(Refusal)
}
