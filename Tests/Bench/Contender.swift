/// A way to activate one layer.
struct Contender {
    /// For people.
    let name: String
    /// The command, as the guest's stopwatch runs it.
    let command: String
    /// Whether the pool's metadata is checked by thin_check on the way.
    let checksMetadata: Bool
    /// Whether it mounts the layer at `/sysroot` as well.
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

    /// What each is compared with, by their places in `all`.
    static let pairs = [(ours: 0, other: 1), (ours: 0, other: 2), (ours: 3, other: 4)]
}
