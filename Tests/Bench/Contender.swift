/// A way to activate one layer.
struct Contender {
    /// The name in reports.
    let name: String
    /// The command that the guest's stopwatch runs.
    let command: String
    /// Whether the contender runs thin_check on the pool's metadata.
    let checksMetadata: Bool
    /// Whether the command also mounts the layer at `/sysroot`.
    var mounts = false

    static let layer = "Base-0.1"

    private static let lvm = "/usr/sbin/lvm lvchange -K -ay --sysinit HostVG/\(layer)"

    static let all = [
        Contender(
            name: "imgbase-initrd", command: "/usr/lib/imgbased/imgbase-initrd boot", checksMetadata: false,
            mounts: true),
        Contender(
            name: "lvm lvchange --sysinit", command: lvm + " --config 'global/thin_check_executable=\"\"'",
            checksMetadata: false),
        Contender(name: "C, tables hard-coded", command: "/run/tools/hardcoded", checksMetadata: false),
        Contender(
            name: "imgbase-initrd + thin_check", command: "/usr/lib/imgbased/imgbase-initrd boot",
            checksMetadata: true, mounts: true),
        Contender(name: "lvm lvchange --sysinit + thin_check", command: lvm, checksMetadata: true),
    ]

    /// The pairs to compare, as indices in `all`.
    static let pairs = [(ours: 0, other: 1), (ours: 0, other: 2), (ours: 3, other: 4)]
}
