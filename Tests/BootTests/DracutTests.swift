import TestMachine
import Testing

/// The helper in dracut's other kinds of initramfs.
@Suite struct DracutTests {
    @Test(
        "An initramfs without systemd boots the layer with compressed modules; a failure ends in a shell or a halt",
        .checkAll)
    func plain() throws {
        try Artefacts.machine("plain", booting: "rd.imgbased.layer=Base-0.2 ro", .plain).run { vm in
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.expectVolumesOfLVM(layer: "Base-0.2")
            try vm.expectStateOfUdev(layer: "Base-0.2")

            try vm.restart("rd.imgbased.layer=Base-7.7 rd.shell=0", .plain)
            // Debian's halt(8) is systemd's and does nothing without systemd: dracut's init program ends.
            try vm.expectHalt(after: Self.missing, end: "Attempted to kill init")

            // The administrator names another layer and leaves the shell: the boot goes on.
            try vm.restart("rd.imgbased.layer=Base-7.7", .plain)
            let asked = try vm.expect("dracut:/#", within: .minutes(3))
            #expect(asked.complaints == ["imgbase-initrd: " + Self.missing])
            try vm.type("echo rd.imgbased.layer=Base-0.1 >/run/c; mount -o bind /run/c /proc/cmdline; exit\r")
            try vm.expectBooted("Base-0.1", on: "Base-0")
        }
    }

    @Test("lvm2 in the initramfs leaves the layer to the helper and does its other tasks")
    func lvm() throws {
        let layer = "root=/dev/HostVG/Base-0.1 rd.lvm.lv=HostVG/Base-0.1 rd.imgbased.layer=Base-0.2"
        try Artefacts.machine("lvm", booting: layer + " rd.info", .lvm).run { vm in
            try vm.expectBooted("Base-0.2", on: "Base-0")
            let messages =
                "journalctl -b -o cat -t dracut-cmdline -t dracut-initqueue | grep -E '^(rd.lvm|Scanning)'"
            try vm.expect("rd.lvm=0: removing LVM activation", from: messages)
            try vm.expectVolumesOfLVM(layer: "Base-0.2")
            try vm.expectStateOfUdev(layer: "Base-0.2")
        }
    }

    @Test("lvm2 in the initramfs activates other volumes even if the helper uses the disk before udev")
    func lvmSecond() throws {
        // A udev rule can wait only by a program, and the initramfs has none that waits for a file. udev ends
        // the program after 180 s.
        let rule = """
            KERNEL=="vda4", PROGRAM="/bin/sh -c 'until [ -e /run/imgbased/boot.json ]; do sleep 0.1; done'"
            """
        try Initramfs.lvm.adding(rule, at: "etc/udev/rules.d/00-late.rules") { initramfs in
            var machine = try Artefacts.machine("lvm-second")
            machine.boot = try Artefacts.image.boot(
                "rd.lvm.lv=HostVG/Base-0.1 rd.lvm.lv=HostVG/Config rd.info", initramfs: initramfs)
            try machine.run { vm in
                try vm.expectBooted("Base-0.1", on: "Base-0", chosenBy: "rd.lvm.lv=HostVG/Base-0.1")
                // dracut waits for both volumes; it reports a volume that it gives up.
                try vm.expect(
                    "Scanning devices vda4  for LVM logical volumes HostVG/Base-0.1",
                    from: "journalctl -b -o cat -t dracut-initqueue | grep -E '^Scanning|timeout|Not all'")
                try vm.check("test -b /dev/HostVG/Config")
                try vm.expectStateOfUdev(layer: "Base-0.1")
            }
        }
    }

    @Test("The helper does not wait for events that udev is still handling")
    func busy() throws {
        let rule = """
            SUBSYSTEM=="mem", KERNEL=="null", PROGRAM="/bin/sh -c \
            'until [ -e /run/imgbased/boot.json ]; do sleep 0.1; done; echo udev ended >/dev/kmsg'"
            """
        try Initramfs.ordinary.adding(rule, at: "etc/udev/rules.d/00-busy.rules") { initramfs in
            var machine = try Artefacts.machine("busy")
            machine.boot = try Artefacts.image.boot("rd.imgbased.layer=Base-0.1", initramfs: initramfs)
            try machine.run { vm in
                try vm.expectBooted("Base-0.1", on: "Base-0")
                try vm.expect("udev ended", from: "journalctl -b -k -o cat -g '^udev ended'")
            }
        }
    }

    @Test("A hostonly initramfs made in a layer boots that layer and another one", .checkAll)
    func hostonly() throws {
        try Artefacts.host("hostonly").run { vm in
            try vm.check(
                "dracut --quiet --hostonly --force --compress 'zstd -1' /boot/hostonly.img && umount /boot",
                within: .minutes(10))
            vm.cutPower()
            try vm.powerOn(.firstDisk)
            try vm.menu().boot("Base-0.1", initramfs: "/hostonly.img")
            try vm.expectBooted("Base-0.1", on: "Base-0")

            // dracut's notes about the system it ran in, such as the root, do not matter.
            vm.cutPower()
            try vm.powerOn()
            try vm.menu().boot(
                "Base-1.1", editing: { $0.replacing("root=/dev/HostVG/Base-1.1 ", with: "") },
                initramfs: "/hostonly.img")
            try vm.expectBooted("Base-1.1", on: "Base-1")
        }
    }

    private static let missing =
        "there is no layer 'Base-7.7' in volume group 'HostVG'; it has Base-0.1, Base-0.2, Base-1.1"
}
