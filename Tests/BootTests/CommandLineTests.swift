import TestMachine
import Testing

/// Kernel arguments that an administrator types in GRUB's editor.
@Suite struct CommandLineTests {
    @Test("rd.imgbased.layer= edited in GRUB overrides root=, and lvm2 sees the volumes as its own")
    func editedLayer() throws {
        try Artefacts.machine("command-line").run { vm in
            try vm.menu().boot("Base-1.1", editing: { $0.naming("Base-0.2", insteadOf: "Base-1.1") })
            try vm.expectBooted("Base-0.2", on: "Base-0")
            let line = try vm.check("cat /proc/cmdline")
            #expect(line.contains("root=/dev/HostVG/Base-1.1 "))
            #expect(line.contains("rd.imgbased.layer=Base-0.2 "))

            try vm.expectVolumesOfLVM(layer: "Base-0.2")
            try vm.expectStateOfUdev(layer: "Base-0.2")
        }
    }

    @Test("A missing layer is reported in one line, and the administrator gets a shell")
    func missingLayer() throws {
        try Artefacts.machine("missing").run { vm in
            try vm.menu().boot(
                "Base-0.1", editing: { $0.naming("Base-7.7", insteadOf: "Base-0.1") })
            let asked = try vm.expect("Press Enter for maintenance", within: .minutes(3))
            #expect(asked.complaints == ["imgbase-initrd: " + Self.missing])
            // Wait for the end of the question; earlier keys are lost.
            try vm.expect("to continue): ", within: .seconds(30))
            try vm.type("\r")
            try vm.expect("# ", within: .minutes(1))
            try vm.type("echo shell-$((6 * 7))\r")
            try vm.expect("shell-42", within: .minutes(1))
        }
    }

    private static let missing =
        "there is no layer 'Base-7.7' in volume group 'HostVG'; it has Base-0.1, Base-0.2, Base-1.1"
}

extension String {
    /// GRUB's `linux` line with only `rd.imgbased.layer=` changed.
    fileprivate func naming(_ layer: String, insteadOf other: String) -> String {
        replacing("rd.imgbased.layer=\(other)", with: "rd.imgbased.layer=\(layer)")
    }
}
