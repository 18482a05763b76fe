/// The units with which the helper makes systemd of the booted system leave the root as it was mounted.
public enum BootedUnits {
    /// Their directory, systemd's for units that last until the system goes down (systemd.unit(5)).
    public static let directory = "/run/systemd/system"

    /// The files and links needed if the layer was mounted in `mode`.
    ///
    /// A volatile root needs none: systemd does not check a root that is writable, and an overlay ignores the
    /// options that fstab(5) has for the root.
    public static func items(mode: BootMode) -> [RootUnits.Item] {
        guard mode == .readOnly else { return [] }
        return [
            // On a read-only device, a file system with an unreplayed journal would fail the check.
            .link(path: "systemd-fsck-root.service", target: "/dev/null"),
            // fstab(5) usually asks for a writable root, which the kernel refuses. The other work of the
            // service is wanted.
            .file(
                path: "systemd-remount-fs.service.d/50-imgbased.conf",
                text: """
                    [Service]
                    SuccessExitStatus=1

                    """),
        ]
    }
}
