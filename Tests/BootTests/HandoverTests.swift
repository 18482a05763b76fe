import TestMachine
import Testing

/// Layers that our own code leaves to lvm2.
@Suite struct HandoverTests {
    @Test(
        "lvm2 in the initramfs activates a layer if the helper refuses it or the command line asks lvm2 to",
        .checkAll)
    func lvm2() throws {
        let disks: [Disk] = [.blank(mebibytes: 2048)]
        try Artefacts.host("handover", disks: disks).run { vm in
            try vm.check(Self.preparation, within: .minutes(10))
            try vm.restart("rd.imgbased.layer=Base-0.8", .lvm)
            var report = try vm.expectBooted("Base-0.8", on: "Base-0", activatedBy: "lvm")
            let refusal = try #require(report.refusal)
            #expect(refusal == "volume 'HostVG/Base-0.8' has a segment of type 'raid1'")
            try vm.expectActive("Base-0.8")

            // A backup's snapshot is activated as lvm2 does it, and keeps the layer's old content.
            try vm.restart("rd.imgbased.layer=Base-0.9")
            report = try vm.expectBooted("Base-0.9", on: "Base-0")
            try vm.expectActive("Base-0.9")
            try vm.check("dd if=/dev/urandom of=/root/new bs=1M count=8 conv=fsync status=none")
            try vm.expect(
                "active", from: "lvs --noheadings -o lv_active HostVG/before | xargs")
            try vm.check(
                "set -- $(dmsetup status HostVG-before); [ $3 = snapshot ] && [ ${4%/*} -ge 16384 ]")
            try vm.check(
                "mount -o ro,noload /dev/HostVG/before /mnt && ! [ -e /mnt/root/new ] && umount /mnt")
            try vm.check("lvremove -y -q HostVG/before")

            try vm.restart("rd.imgbased.layer=Base-0.2 rd.imgbased.activate=lvm", .lvm)
            report = try vm.expectBooted("Base-0.2", on: "Base-0", activatedBy: "lvm")
            #expect(report.refusal == nil)
            try vm.expectVolumesOfLVM(layer: "Base-0.2")
            try vm.expectStateOfUdev(layer: "Base-0.2")

            try vm.restart(
                "rd.imgbased.layer=Base-0.8 rd.imgbased.activate=native rd.shell=0", .lvm)
            try vm.expectHalt(after: "cannot boot layer 'Base-0.8': " + refusal)
        }
    }

    /// Two layers that are no thin volumes: one mirrored on two disks, one with an old snapshot.
    private static let preparation = """
        set -e
        pvcreate -q /dev/vdb
        vgextend -q HostVG /dev/vdb
        tags='--addtag imgbased:layer --addtag imgbased:of=Base-0'
        lvcreate -y -q -W n --type raid1 -m 1 -L 448M -n Base-0.8 $tags HostVG
        lvcreate -y -q -W n -L 448M -n Base-0.9 $tags HostVG /dev/vdb
        lvchange -q -K -ay HostVG/Base-0
        for layer in Base-0.8 Base-0.9; do
            dd if=/dev/HostVG/Base-0 of=/dev/HostVG/$layer bs=1M count=352 oflag=direct status=none
            e2fsck -fy /dev/HostVG/$layer || [ $? = 1 ]
            tune2fs -U random /dev/HostVG/$layer
            mount /dev/HostVG/$layer /mnt
            sed -i "s,^[^ ]* / ,/dev/HostVG/$layer / ," /mnt/etc/fstab
            umount /mnt
        done
        lvcreate -y -q -s -L 64M -n before HostVG/Base-0.9
        """
}

extension VM {
    /// Expects that lvm2 reports `volume` as active and in use.
    fileprivate func expectActive(_ volume: String) throws {
        try expect(
            "active open", from: "lvs --noheadings -o lv_active,lv_device_open HostVG/\(volume) | xargs")
    }
}
