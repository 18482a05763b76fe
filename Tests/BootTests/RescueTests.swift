import TestMachine
import Testing

/// A layer opened for inspection from the menu stays unchanged.
@Suite struct RescueTests {
    @Test("An older layer booted for rescue asks for root's password, and its volume does not change")
    func rescue() throws {
        try Artefacts.host("rescue").run { vm in
            try vm.check(
                """
                set -e
                mount /dev/HostVG/Base-0.2 /mnt
                echo root:secret | chpasswd -R /mnt
                umount /mnt
                """)
            let digest = try vm.check(Self.digest, within: .minutes(5))
            try vm.reboot()

            let menu = try vm.menu()
            try menu.open("Rescue: look at a layer, change nothing in it")
            try menu.waitForEntries(InstalledDisk.layers.count)
            #expect(menu.names == InstalledDisk.layers.reversed().map(\.name))
            try menu.boot("Base-0.2")
            try vm.expect("to continue): ", within: .minutes(4))
            try Self.logIn(vm)
            try vm.type("echo forgotten >/root/forgotten; sync; imgbase w; imgbase status | head -n 1\r")
            try vm.expect("You are on Base-0.2", within: .minutes(1))
            try vm.expect("Base-0.2 (for rescue, volatile)", within: .minutes(1))
            try vm.type("systemctl reboot\r")

            try vm.expectStatus("Base-0.1", "default")
            try vm.expect(digest, from: Self.digest, within: .minutes(5))
        }
    }

    /// sulogin(8) drops input until it listens, a moment after its prompt.
    private static func logIn(_ vm: VM) throws {
        for _ in 1...3 {
            try vm.type("secret\r")
            if (try? vm.expect("root@imgbased-test:~#", within: .seconds(30))) != nil { return }
        }
        try vm.expect("root@imgbased-test:~#", within: .seconds(30))
    }

    private static let digest = "md5sum </dev/HostVG/Base-0.2"
}
