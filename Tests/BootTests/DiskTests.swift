import TestMachine
import Testing

/// Volume groups on several disks.
@Suite struct DiskTests {
    @Test(
        "A layer boots if its second disk is there or comes back under another name, and fails if it never comes",
        .checkAll)
    func secondDisk() throws {
        let layer = "rd.imgbased.layer=Base-0.2"
        try Artefacts.host("disks", disks: [.blank(mebibytes: 1024), .blank(mebibytes: 64)]).run { vm in
            try vm.check("set -e; pvcreate -q /dev/vdb; \(Self.extendPool(onto: "/dev/vdb"))")
            let id = try vm.check("pvs --noheadings -o pv_uuid /dev/vdb | tr -d ' '")

            try vm.restart(layer)
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.expect("/dev/vda4 /dev/vdb", from: "pvs --noheadings -o pv_name | xargs")
            try vm.expectVolumesOfLVM(layer: "Base-0.2")

            // A disk from another host, with a group of the same name, is there before the layer's disks.
            try vm.check(
                """
                set -e
                # vgcreate takes no name that /dev has already.
                mv /dev/HostVG /dev/moved
                vgcreate -q -y --config 'devices/filter=["a|/dev/vdc|","r|.*|"]' --systemid another-host HostVG /dev/vdc
                mv /dev/moved /dev/HostVG
                sync /dev/vdc
                """)

            // Without the first disk, the second is /dev/vda.
            vm.cutPower()
            vm.unplug(0)
            try vm.powerOn(Artefacts.image.boot(layer + " ignore_loglevel initcall_debug", .ordinary))
            // The kernel reports that the helper has loaded this module. Next, the helper looks for disks.
            try vm.expect("[dm_thin_pool] returned 0", within: .minutes(3))
            let seen = "[vda] 2097152 512-byte logical blocks"
            if !vm.transcript.contains(seen) { try vm.expect(seen, within: .minutes(3)) }
            try vm.pull(1)
            try vm.plug(0)
            try vm.plug(1)
            let report = try vm.expectBooted("Base-0.2", on: "Base-0")
            #expect(
                report.warnings == [
                    "'/dev/vdb' has another volume group 'HostVG', of the host with system id 'another-host'"
                ])
            try vm.pull(2)
            try vm.expect("/dev/vda4 /dev/vdc", from: "pvs --noheadings -o pv_name | xargs")
            try vm.expectVolumesOfLVM(layer: "Base-0.2")

            vm.cutPower()
            vm.unplug(1)
            try vm.powerOn(
                Artefacts.image.boot(layer + " rd.imgbased.timeout=20 rd.shell=0", .ordinary))
            try vm.expectHalt(
                after: "cannot boot layer 'Base-0.2': volume group 'HostVG' lacks physical volume \(id)")
        }
    }

    /// A dead data disk must not cost each boot the time for disks.
    ///
    /// A power cut between lvm2's commits on two disks must not cost the boot.
    @Test("A layer boots although a disk that it does not use is out of date or missing", .checkAll)
    func otherDisk() throws {
        let layer = "rd.imgbased.layer=Base-0.2"
        try Artefacts.host("other-disk", disks: [.blank(mebibytes: 256)]).run { vm in
            try vm.check("pvcreate -q /dev/vdb && vgextend -q HostVG /dev/vdb")
            let id = try vm.check("pvs --noheadings -o pv_uuid /dev/vdb | tr -d ' '")
            // Saves the second disk's metadata before a change and restores them after it, as if the change
            // had reached only the first disk.
            try vm.check(
                """
                set -e
                lvcreate -y -q -W n -L 16M -n data HostVG /dev/vdb
                dd if=/dev/vdb of=/run/area bs=4096 skip=1 count=255 iflag=direct status=none
                vgchange -q --addtag changed HostVG
                dd if=/run/area of=/dev/vdb bs=4096 seek=1 count=255 oflag=direct conv=fsync status=none
                """)
            let newest = try vm.check("vgs --noheadings -o seqno HostVG 2>/dev/null | tr -d ' '")
            let lvm2 = try vm.check("lvs HostVG/Base-0.2 2>&1 >/dev/null")
            #expect(
                lvm2.contains(
                    "ignoring metadata seqno \((Int(newest) ?? 0) - 1) on /dev/vdb for seqno \(newest)"))

            try vm.restart(layer)
            var report = try vm.expectBooted("Base-0.2", on: "Base-0")
            #expect(
                report.warnings == [
                    "'/dev/vdb' has change \((Int(newest) ?? 0) - 1) of the metadata of volume group 'HostVG', "
                        + "which is out of date: \(newest) is the newest"
                ])
            try vm.expect(
                "imgbase-initrd: " + report.warnings.joined(),
                from: "journalctl -b -o cat -t imgbase-initrd | grep 'out of date'")
            try vm.check("vgck --updatemetadata HostVG")

            vm.cutPower()
            vm.unplug(1)
            try vm.powerOn(Artefacts.image.boot(layer, .ordinary))
            report = try vm.expectBooted("Base-0.2", on: "Base-0")
            #expect(report.warnings == ["volume group 'HostVG' lacks physical volume \(id)"])
            // Shorter than the 90 s for disks; longer, under emulation, than the 3 s without a change.
            let disks = try #require(report.timings["disks"])
            #expect(disks > 3000 && disks < 30000)
            try vm.expect("active", from: "lvs --noheadings -o lv_active HostVG/Base-0.2 2>/dev/null | xargs")
        }
    }

    @Test(
        "A layer on an encrypted disk boots after the passphrase is typed",
        .checkAll)
    func encrypted() throws {
        let layer = "rd.imgbased.layer=Base-0.2"
        try Artefacts.host("luks", disks: [.blank(mebibytes: 1024)]).run { vm in
            try vm.check(
                """
                set -e
                printf secret | cryptsetup luksFormat -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 /dev/vdb -
                printf secret | cryptsetup open /dev/vdb secrets -
                pvcreate -q /dev/mapper/secrets
                \(Self.extendPool(onto: "/dev/mapper/secrets"))
                """)
            let id = try vm.check("blkid -s UUID -o value /dev/vdb")

            try vm.restart(layer + " rd.luks.uuid=\(id)", .crypt)
            try vm.typePassphrase("secret")
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.expect("/dev/mapper/luks-\(id) /dev/vda4", from: "pvs --noheadings -o pv_name | xargs")
            try vm.expectVolumesOfLVM(layer: "Base-0.2")
        }
    }

    /// Commands that put a part of the pool on another physical volume.
    private static func extendPool(onto disk: String) -> String {
        "vgextend -q HostVG \(disk); lvextend -y -q -L +512M HostVG/ImagePool \(disk); sync"
    }
}
