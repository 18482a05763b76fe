import TestMachine
import Testing

/// The same disk on UEFI, with the same GRUB and menu.
@Suite struct UEFITests {
    @Test("On UEFI the default layer boots unattended, and another layer boots from the menu")
    func grub() throws {
        try Artefacts.machine("uefi", firmware: .uefi).run { vm in
            try vm.expectBooted("Base-0.1", on: "Base-0")
            try vm.check("test -d /sys/firmware/efi")

            try vm.reboot()
            let menu = try vm.menu()
            #expect(menu.names == InstalledDisk.layers.reversed().map(\.name) + ["Rescue:"])
            #expect(menu.highlighted?.hasPrefix("Base-0.1 ") == true)
            try menu.boot("Base-1.1")
            try vm.expectBooted("Base-1.1", on: "Base-1")
        }
    }
}
