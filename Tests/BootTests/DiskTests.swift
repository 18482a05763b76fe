import TestMachine
import Testing

/// Volume groups on several disks.
@Suite struct DiskTests {
    @Test("a physical volume on an encrypted disk, which dracut opens when somebody types the passphrase")
    func encrypted() throws {
        let layer = "rd.imgbased.layer=Base-0.2"
        try Artefacts.machine("luks", booting: layer, disks: [.blank(mebibytes: 1024)]).run { vm in
            try vm.waitForGuest()
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
