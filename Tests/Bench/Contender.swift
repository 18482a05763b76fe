/// A way to activate one layer.
struct Contender {
    /// The name, for people.
    let name: String
    /// The command, as the guest's stopwatch runs it.
    let command: String
    /// Whether thin_check checks the pool's metadata on the way.
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

    /// The pairs to compare, by their places in `all`.
    static let pairs = [(ours: 0, other: 1), (ours: 0, other: 2), (ours: 3, other: 4)]
}
