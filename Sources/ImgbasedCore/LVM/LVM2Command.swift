/// The commands of lvm(8) for volumes that our own code does not activate.
public enum LVM2Command {
    /// Activates `volume` of `group` as an initramfs must: without daemons, even if a flag says to skip it.
    public static func activate(_ volume: String, of group: String, readOnly: Bool) -> [String] {
        var arguments = ["lvchange", "--yes", "--ignoreactivationskip", "--activate", "y", "--sysinit"]
        if readOnly {
            arguments += ["--config", "activation{read_only_volume_list=[\"\(group)/\(volume)\"]}"]
        }
        return arguments + ["\(group)/\(volume)"]
    }

    /// Writes the metadata of the group of `selector` to `file`: one command per candidate, likeliest first.
    public static func metadata(_ selector: GroupSelector, to file: String) -> [[String]] {
        let groups =
            switch selector {
            case .named(let name): [name]
            case .default: ["@" + Tag.volumeGroup, VolumeName.defaultGroup]
            }
        return groups.map { ["vgcfgbackup", "--ignorelockingfailure", "--file", file, $0] }
    }

    /// Undoes `activate`.
    public static func deactivate(_ volume: String, of group: String) -> [String] {
        ["lvchange", "--yes", "--activate", "n", "--ignorelockingfailure", "\(group)/\(volume)"]
    }
}
