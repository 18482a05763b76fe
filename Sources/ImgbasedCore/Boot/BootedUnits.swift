/// What the helper leaves so that systemd of the booted system leaves the root as it was mounted.
public enum BootedUnits {
    /// Where it belongs: systemd's directory for what lasts until the system goes down (systemd.unit(5)).
    public static let directory = "/run/systemd/system"

    /// Everything that has to be there where the layer was mounted by `mode`.
    ///
    /// A volatile root needs nothing: it can be written, so that it is not checked, and an overlay takes no notice of
    /// the options that fstab(5) has for the root.
    public static func items(mode: BootMode) -> [RootUnits.Item] {
        guard mode == .readOnly else { return [] }
        return [
            // A file system whose journal was not replayed would not pass, on a device that cannot be written.
            .link(path: "systemd-fsck-root.service", target: "/dev/null"),
            // fstab(5) asks for a root that can be written, as a rule. The kernel refuses; what the service does
            // besides is wanted.
            .file(
                path: "systemd-remount-fs.service.d/50-imgbased.conf",
                text: """
                    [Service]
                    SuccessExitStatus=1

                    """),
        ]
    }
}
