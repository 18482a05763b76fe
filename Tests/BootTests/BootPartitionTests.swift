import TestMachine
import Testing

/// File systems for `/boot`: GRUB finds the record, even after a power cut.
@Suite struct BootPartitionTests {
    @Test(
        "With /boot on XFS, a new default survives a power cut, and tries are counted"
    )
    func xfs() throws {
        try Artefacts.host("boot-xfs").run { vm in
            try vm.check(Self.makeXFS, within: .minutes(5))
            // Only imgbase itself synchronizes.
            try vm.check("imgbase boot --set-default Base-1.1 && imgbase boot --verify")
            try vm.expect("Base-1.1", from: "imgbase boot --get-default")
            try vm.check("imgbase boot --try Base-0.2 --tries 1")
            vm.cutPower()
            try vm.powerOn()
            try vm.expect("Loading layer Base-0.2", within: .minutes(2))
            vm.cutPower()
            try vm.powerOn()
            try vm.expectStatus(
                "Base-1.1", "default",
                warnings: [
                    "layer 'Base-0.2' did not come up in 1 of 1 tries: "
                        + "1 ended in the boot loader, the kernel or the initramfs"
                ])
        }
    }

    /// Puts `/boot` on XFS in place of ext4, in every layer; GRUB on the disk learns to read it.
    private static let makeXFS = """
        set -e
        cp -a /boot /run/boot
        umount /boot
        mkfs.xfs -q -f -L boot --unsupported /dev/vda3
        for layer in Base-0.1 Base-1.1; do
            root=
            [ $layer = Base-0.1 ] || { root=/mnt; mount /dev/HostVG/$layer /mnt; }
            sed -i 's,^LABEL=boot /boot ext4,LABEL=boot /boot xfs,' $root/etc/fstab
            [ -z "$root" ] || umount $root
        done
        systemctl daemon-reload
        systemctl start boot.mount
        cp -a /run/boot/. /boot/
        grub-install --target=i386-pc --boot-directory=/boot /dev/vda
        sync
        """
}
