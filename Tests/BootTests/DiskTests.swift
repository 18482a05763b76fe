import TestMachine
import Testing

/// Volume groups on several disks.
@Suite struct DiskTests {
    @Test("a second disk that is there, that comes while the helper waits, and that never comes")
    func secondDisk() throws {
        let layer = "rd.imgbased.layer=Base-0.2"
        try Artefacts.host("disks", disks: [.blank(mebibytes: 1024)]).run { vm in
            try vm.check("set -e; pvcreate -q /dev/vdb; \(Self.extendPool(onto: "/dev/vdb"))")
            let id = try vm.check("pvs --noheadings -o pv_uuid /dev/vdb | tr -d ' '")

            try vm.restart(layer)
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.expect("/dev/vda4 /dev/vdb", from: "pvs --noheadings -o pv_name | xargs")
            try vm.expectVolumesOfLVM(layer: "Base-0.2")

            vm.cutPower()
            vm.unplug(1)
            try vm.powerOn(Artefacts.image.boot(layer + " ignore_loglevel initcall_debug", .ordinary))
            // The kernel says that the helper has loaded this, the last thing it does before it looks for disks.
            try vm.expect("[dm_thin_pool] returned 0", within: .minutes(3))
            try vm.plug(1)
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.expectVolumesOfLVM(layer: "Base-0.2")

            vm.cutPower()
            vm.unplug(1)
            try vm.powerOn(
                Artefacts.image.boot(layer + " rd.imgbased.timeout=5 rd.shell=0", .ordinary))
            try vm.expectHalt(
                after: "cannot boot layer 'Base-0.2': volume group 'HostVG' lacks physical volume \(id)")
        }
    }

    @Test("a physical volume on an encrypted disk, which dracut opens when somebody types the passphrase")
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
            try vm.expect("enter passphrase for disk", within: .minutes(3))
            try vm.type("secret\r")
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
