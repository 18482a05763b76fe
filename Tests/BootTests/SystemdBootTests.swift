import Foundation
import TestMachine
import Testing

/// The layers on a host with systemd-boot, from the same entries.
@Suite struct SystemdBootTests {
    @Test(
        "systemd-boot counts tries; a good layer becomes the default, and a bad layer gives way to it")
    func trial() throws {
        try Artefacts.machineForSystemdBoot("systemd-boot").run { vm in
            try vm.waitForGuest()
            try vm.turnIntoSystemdBootHost()
            try vm.check(
                """
                set -e
                imgbase boot --install
                imgbase boot --set-default Base-0.1
                imgbase boot --verify >&2
                imgbase boot --try Base-1.1
                """)
            #expect(try vm.entryFiles() == Self.files("Base-0.1", "Base-0.2", "Base-1.1+3"))

            try vm.restartFromDisk()
            try vm.expectStatus("Base-1.1", "trial", byGRUB: false)
            #expect(try vm.loaderVariable("LoaderBootCountPath")?.hasSuffix("Base-1.1+2-1.conf") == true)
            #expect(try vm.entryFiles() == Self.files("Base-0.1", "Base-0.2", "Base-1.1"))
            try vm.expect("Base-1.1", from: "imgbase boot --get-default")

            try vm.check(
                """
                imgbase boot --args-add Base-0.2 rdinit=/bin/false
                imgbase boot --try Base-0.2 --tries 2
                """)
            try vm.restartFromDisk()
            for _ in 1...2 { try vm.expect("Kernel panic", within: .minutes(4)) }
            try vm.expectStatus(
                "Base-1.1", nil,
                warnings: [
                    "layer 'Base-0.2' did not come up in 2 of 2 tries: "
                        + "2 ended in the boot loader, the kernel or the initramfs"
                ], byGRUB: false)
            #expect(try vm.entryFiles() == Self.files("Base-0.1", "Base-0.2+0-2", "Base-1.1"))

            try vm.check("imgbase boot --once Base-0.1")
            try vm.restartFromDisk()
            try vm.waitForGuest()
            try vm.expect("You are on Base-0.1", from: "imgbase w")
            try vm.expect("Base-1.1", from: "imgbase boot --get-default")
            try vm.check("systemctl is-system-running --wait")
            try vm.expect("timeout 5", from: "imgbase boot --uninstall && cat /boot/loader/loader.conf")
        }
    }

    @Test(
        "systemd-boot tries the first layer and returns to the old system if the layer does not come up",
        .checkAll)
    func firstLayer() throws {
        try Artefacts.rescueSystemWithUEFI("systemd-boot-first").run { vm in
            try vm.waitForGuest()
            try vm.turnIntoSystemdBootHostWithoutLayers()
            try vm.expect("Base-0.1", from: "imgbase layer --add", within: .minutes(5))
            try vm.check(
                """
                set -e
                lvchange -ay HostVG/Base-0.1
                mount /dev/HostVG/Base-0.1 /mnt
                sed -i '/^LABEL=boot /d' /mnt/etc/fstab
                echo 'LABEL=ESP /boot vfat umask=0077 0 2' >>/mnt/etc/fstab
                umount /mnt
                """)
            // Before the layers are in the menu, or while the default is another entry, no layer is tried.
            #expect(try vm.entryFiles() == ["debian.conf", "imgbased-Base-0.1+0.conf"])
            try vm.check(
                "! imgbase boot --verify && sed -i '1i default debian.conf' /boot/loader/loader.conf")
            try vm.check(
                """
                set -e
                imgbase boot --install 2>&1 | grep -F "says 'default debian.conf'"
                sed -i 1d /boot/loader/loader.conf
                imgbase boot --install
                imgbase boot --verify >&2
                imgbase boot --args-add Base-0.1 rdinit=/bin/false
                imgbase boot --try Base-0.1 --tries 2
                """)
            #expect(try vm.entryFiles() == ["debian.conf", "imgbased-Base-0.1+2.conf"])
            #expect(
                try vm.check("imgbase status").contains(
                    """
                    booted:     not from a layer
                    default:    what the boot loader has besides layers, until one has come up healthy
                    next boot:  Base-0.1 (trial, 2 tries left)
                    """))
            try vm.restartFromDisk()
            for _ in 1...2 { try vm.expect("Kernel panic", within: .minutes(4)) }

            try vm.waitForGuest(within: .minutes(6))
            try vm.expect("/dev/vdb", from: "findmnt -no SOURCE /; mount /dev/vda2 /boot")
            #expect(try vm.loaderVariable("LoaderEntrySelected") == "debian.conf")
            #expect(try vm.entryFiles() == ["debian.conf", "imgbased-Base-0.1+0-2.conf"])
            let status = try JSONDecoder().decode(
                StatusReport.self, from: Data(vm.check("imgbase status --json").utf8))
            #expect(status.booted == nil && status.next == nil && status.default == nil)
            #expect(
                status.warnings == [
                    "layer 'Base-0.1' did not come up in 2 of 2 tries: "
                        + "2 ended in the boot loader, the kernel or the initramfs"
                ])
            try vm.check("imgbase boot --verify && ! imgbase boot --get-default")

            try vm.check(
                """
                set -e
                imgbase boot --args-remove Base-0.1 rdinit=/bin/false
                imgbase boot --set-default Base-0.1
                """)
            #expect(try vm.entryFiles() == ["debian.conf", "imgbased-Base-0.1+3.conf"])
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "trial", byGRUB: false)
            #expect(try vm.entryFiles() == ["debian.conf", "imgbased-Base-0.1.conf"])
            try vm.expect("Base-0.1", from: "imgbase boot --get-default")
            // systemd's own service finds its work done.
            try vm.check("imgbase boot --verify && systemctl is-active systemd-bless-boot.service")
            try vm.expect("default imgbased-*\ntimeout 5", from: "cat /boot/loader/loader.conf")
            try vm.expect("timeout 5", from: "imgbase boot --uninstall && cat /boot/loader/loader.conf")
        }
    }

    private static func files(_ names: String...) -> [String] {
        names.map { "imgbased-\($0).conf" }
    }
}
