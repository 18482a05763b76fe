/// A root tree of a release of Debian, made by `mmdebstrap` from the distribution's packages: a tar file. Its kernel is the one
/// for virtual machines: it is unpacked by LZ4, and looks for less, which makes a boot from GRUB under emulation a fifth shorter.
public enum DebianTree: String, Sendable {
    /// Debian 12: what the machines of the tests are. lvm2 2.03.16, dracut 059, systemd 252, Linux 6.1.
    case bookworm
    /// Debian 13: its modules are compressed. lvm2 2.03.31, dracut 106, systemd 257, Linux 6.12.
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

    private var packages: [String] {
        DebianTree.packages + [self == .bookworm ? "libssl3" : "libssl3t64"]
    }

    /// The name of an artefact of this release that is called `kind` where it is Debian 12's.
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
