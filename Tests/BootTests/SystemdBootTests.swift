import TestMachine
import Testing

/// The layers on a host with systemd-boot, from the same entries.
@Suite struct SystemdBootTests {
    @Test(
        "systemd-boot counts the tries of a trial: a good one becomes the default, a bad one gives way to it")
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

    private static func files(_ names: String...) -> [String] {
        names.map { "imgbased-\($0).conf" }
    }
}
