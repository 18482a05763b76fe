/// A Debian 12 root tree, made by `mmdebstrap` from the distribution's packages: a tar file. Its kernel is the one for virtual
/// machines: it is unpacked by LZ4, and looks for less, which makes a boot from GRUB under emulation a fifth shorter.
enum DebianTree {
    private static let packages = [
        "linux-image-cloud-amd64", "systemd", "systemd-sysv", "udev", "dbus", "kmod", "lvm2",
        "thin-provisioning-tools",
        "dmsetup", "cryptsetup-bin", "dracut", "dracut-core", "e2fsprogs", "xfsprogs", "dosfstools", "fdisk",
        "util-linux",
        "grub-pc-bin", "grub-efi-amd64-bin", "grub2-common", "grub-common", "libssl3", "libkmod2",
        "systemd-boot", "systemd-boot-efi", "libdevmapper1.02.1", "libstdc++6", "zstd", "gzip", "cpio",
        "squashfs-tools", "umoci", "gpgv",
    ]

    private static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/debian-tree"

    static func artefact() throws -> Artefact {
        let key = try Digest.of(packages + [Digest.ofFile(script)])
        return Artefact(kind: "tree", key: key) { directory in
            try HostCommand.run(
                [script, directory + "/tree.tar", packages.joined(separator: ",")], within: .minutes(15),
                environment: ["LC_ALL": "C"])
        }
    }
}
