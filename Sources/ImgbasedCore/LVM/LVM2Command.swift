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

    /// Undoes `activate`.
    public static func deactivate(_ volume: String, of group: String) -> [String] {
        ["lvchange", "--yes", "--activate", "n", "--ignorelockingfailure", "\(group)/\(volume)"]
    }
}
