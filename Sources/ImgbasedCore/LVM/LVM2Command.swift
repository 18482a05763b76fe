/// What lvm(8) is asked to do where our own code does not activate.
public enum LVM2Command {
    /// Activates `volume` of `group`, as an initramfs has to: without daemons, whatever its flags for activation are.
    public static func activate(_ volume: String, of group: String, readOnly: Bool) -> [String] {
        var arguments = ["lvchange", "--yes", "--ignoreactivationskip", "--activate", "y", "--sysinit"]
        if readOnly {
            arguments += ["--config", "activation{read_only_volume_list=[\"\(group)/\(volume)\"]}"]
        }
        return arguments + ["\(group)/\(volume)"]
    }

    /// Writes the metadata of the group that `selector` means to `file`: which of a few groups that can be, from the likeliest on.
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
