/// A root tree of a Debian release as a tar file, made by `mmdebstrap` from Debian's packages.
///
/// The kernel is Debian's for virtual machines. LZ4 unpacks it, and it probes fewer devices: under emulation,
/// a boot from GRUB takes a fifth less time.
public enum DebianTree: String, Sendable {
    /// Debian 12, the system of the test machines: lvm2 2.03.16, dracut 059, systemd 252, Linux 6.1.
    case bookworm
    /// Debian 13, with compressed modules: lvm2 2.03.31, dracut 106, systemd 257, Linux 6.12.
    case trixie

    private static let packages = [
        "linux-image-cloud-amd64", "systemd", "systemd-sysv", "udev", "dbus", "kmod", "lvm2",
        "thin-provisioning-tools",
        "dmsetup", "cryptsetup-bin", "dracut", "dracut-core", "e2fsprogs", "xfsprogs", "dosfstools", "fdisk",
        "util-linux",
        "grub-pc-bin", "grub-efi-amd64-bin", "grub2-common", "grub-common", "libkmod2",
        "systemd-boot", "systemd-boot-efi", "libdevmapper1.02.1", "libstdc++6", "zstd", "gzip", "cpio",
        "squashfs-tools", "umoci", "gpgv",
    ]

    private static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/debian-tree"
    /// The path of the script that both kinds of trees get their package archives from.
    static let sources = BuildDirectory.project + "/build-aux/debian-sources"

    private var packages: [String] {
        DebianTree.packages + [self == .bookworm ? "libssl3" : "libssl3t64"]
    }

    /// The kind of this release's artefact: `kind` itself for Debian 12.
    func kind(_ kind: String) -> String {
        self == .bookworm ? kind : "\(kind).\(rawValue)"
    }

    func artefact() throws -> Artefact {
        let key = try Digest.of([rawValue] + packages + [Digest.ofFile(DebianTree.script)])
        return Artefact(kind: kind("tree"), key: key) { directory in
            try HostCommand.run(
                [DebianTree.script, rawValue, directory + "/tree.tar", packages.joined(separator: ",")],
                within: .minutes(15), environment: ["LC_ALL": "C"])
        }
    }
}
