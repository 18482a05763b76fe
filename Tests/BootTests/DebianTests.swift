import TestMachine
import Testing

/// Debian releases other than that of the test machines.
@Suite struct DebianTests {
    @Test(
        "A layer of Debian 13 boots natively and with lvm2 in the initramfs",
        .checkAll)
    func trixie() throws {
        let image = try RootImage.current(.trixie)
        try Artefacts.host("debian13", disks: [.overlay(of: image.image)]).run { vm in
            try vm.check(
                "imgbase base --add --size 1G /dev/vdb && imgbase layer --add Base-2 && imgbase boot --try Base-2.1",
                within: .minutes(5))
            try vm.reboot()
            try vm.expectStatus("Base-2.1", "trial")
            try vm.expect("VERSION_CODENAME=trixie", from: "grep VERSION_CODENAME /etc/os-release")
            var report = try vm.bootReport()
            #expect(report.activatedBy == "native")
            #expect(report.warnings == [])
            #expect(report.chosenBy == "rd.imgbased.layer=Base-2.1")
            try vm.expect("running", from: "systemctl is-system-running || systemctl --failed")
            try vm.expectVolumesOfLVM(layer: "Base-2.1")
            try vm.expectStateOfUdev(layer: "Base-2.1")
            try vm.check("imgbase boot --verify")
            // A unit that needs the device of root= would wait for three minutes: the device is not active.
            try vm.check("lvchange -q -an HostVG/Base-2")
            vm.cutPower()
            try vm.powerOn(
                image.boot("root=/dev/HostVG/Base-2 rd.info", initramfs: Initramfs.lvm.file(.trixie)))
            report = try vm.expectBooted("Base-2.1", on: "Base-2", chosenBy: "root=/dev/HostVG/Base-2")
            #expect(report.warnings == [])
            try vm.expect(
                "", from: "journalctl -b -o cat -t dracut-initqueue | grep -iE 'timeout|does not exist'")
            try vm.expectVolumesOfLVM(layer: "Base-2.1")
            try vm.expectStateOfUdev(layer: "Base-2.1")

            vm.cutPower()
            try vm.powerOn(
                image.boot(
                    "rd.imgbased.layer=Base-2.1 rd.imgbased.activate=lvm",
                    initramfs: Initramfs.lvm.file(.trixie)))
            try vm.expectBooted("Base-2.1", on: "Base-2", activatedBy: "lvm")
            try vm.expectStateOfUdev(layer: "Base-2.1")

            // A root that does not exist: dracut's shell, whose hooks do not mention the device in root=.
            vm.cutPower()
            try vm.powerOn(
                image.boot(
                    "root=/dev/HostVG/Base-7.7 rd.imgbased.timeout=30 rd.shell=0", initramfs: image.initramfs)
            )
            try vm.expectHalt(
                after: "there is no layer 'Base-7.7' in volume group 'HostVG'; "
                    + "it has Base-0.1, Base-0.2, Base-1.1, Base-2.1", end: "reboot: Power down")
            #expect(!vm.transcript.contains("does not exist"))
        }
    }
}
