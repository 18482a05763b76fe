import TestMachine
import Testing

/// The mount of a layer, by `rd.imgbased.mode=`, `ro` and `rw`.
@Suite struct ModeTests {
    private static let layer = "rd.imgbased.layer=Base-0.2"

    @Test("The modes ro and volatile write nothing to the layer, not even after a power cut")
    func modes() throws {
        try Artefacts.host("modes").run { vm in
            // The cut leaves the second file in the journal.
            try vm.check(
                """
                set -e
                mount /dev/HostVG/Base-0.2 /mnt
                echo kept >/mnt/root/kept
                umount /mnt
                mount /dev/HostVG/Base-0.2 /mnt
                echo more >/mnt/var/more
                sync /mnt/var/more
                """)
            try vm.restart(Self.layer + " rd.imgbased.mode=volatile")
            try vm.expectBooted("Base-0.2", on: "Base-0", mode: "volatile")
            let digest = try vm.check(Self.digest)
            try vm.check("rm /root/kept && echo forgotten >/root/forgotten && cp /bin/ls /usr/bin/another")
            try vm.expectNothingWritten("Base-0.2")
            try vm.shutDown()

            try vm.restart(Self.layer + " rd.imgbased.mode=ro")
            try vm.expectBooted("Base-0.2", on: "Base-0", mode: "ro")
            try vm.expect(digest, from: Self.digest)
            try vm.expect("kept", from: "ls /root")
            try vm.expect("ro", from: "findmnt -no OPTIONS / | cut -d , -f 1")
            #expect(try vm.run("touch /root/written").status != 0)
            try vm.expectNothingWritten("Base-0.2")
        }
    }

    @Test(
        "ro and rw decide the first mount of the layer, and a layer without a change boots in mode ro",
        .checkAll)
    func firstMount() throws {
        try Artefacts.machine("first-mount", booting: Self.layer + " ro").run { vm in
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.expect("yes", from: Self.wasMountedReadOnly)

            try vm.restart(Self.layer + " rw")
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.expect("no", from: Self.wasMountedReadOnly)

            // A layer that was never written to has everything needed for this mode.
            try vm.restart("rd.imgbased.layer=Base-1.1 rd.imgbased.mode=ro")
            try vm.expectBooted("Base-1.1", on: "Base-1", mode: "ro")
            try vm.expect("/config", from: "findmnt -no TARGET /config")
        }
    }

    @Test("A layer on XFS boots, and volatile mode writes nothing to it after a power cut", .checkAll)
    func xfs() throws {
        try Artefacts.host("xfs").run { vm in
            try vm.check(Self.makeXFS, within: .minutes(10))

            try vm.restart("rd.imgbased.layer=Base-0.9")
            try vm.expectBooted("Base-0.9", on: "Base-0")
            try vm.expect("xfs", from: "findmnt -no FSTYPE /")
            try vm.check("echo kept >/root/kept && sync && rm /root/kept && sync /root")

            try vm.restart("rd.imgbased.layer=Base-0.9 rd.imgbased.mode=volatile")
            try vm.expectBooted("Base-0.9", on: "Base-0", mode: "volatile")
            try vm.check("echo forgotten >/root/forgotten && sync")
            try vm.expectNothingWritten("Base-0.9")
        }
    }

    /// A layer like the others, but on XFS.
    private static let makeXFS = """
        set -e
        lvcreate -y -q -V 1G -T HostVG/ImagePool -n Base-0.9 --addtag imgbased:layer --addtag imgbased:of=Base-0
        mkfs.xfs -q /dev/HostVG/Base-0.9
        mount /dev/HostVG/Base-0.9 /mnt
        cp -ax /. /mnt
        sed -i 's,^[^ ]* / ext4 ,/dev/HostVG/Base-0.9 / xfs ,' /mnt/etc/fstab
        umount /mnt
        """

    /// systemd checks the root at startup if it was mounted read-only, and only then.
    private static let wasMountedReadOnly = "systemctl show -P ConditionResult systemd-fsck-root.service"

    /// A digest of the whole volume as it is on the disk, bypassing memory.
    private static let digest = "dd if=/dev/HostVG/Base-0.2 bs=4M iflag=direct status=none | md5sum"
}

extension VM {
    /// Expects that no sector of `layer` was written since the volume was activated.
    fileprivate func expectNothingWritten(_ layer: String) throws {
        // Linux: Documentation/block/stat.rst.
        try expect(
            "0", from: "awk '{ print $7 }' /sys/class/block/$(basename $(realpath /dev/HostVG/\(layer)))/stat"
        )
    }
}
