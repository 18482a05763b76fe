import Foundation
import TestMachine
import Testing

/// The first layer of a host that runs from no layer.
@Suite struct FirstLayerTests {
    @Test(
        "The first layer is tried, and the host returns to its old system if the layer does not come up",
        .checkAll)
    func road() throws {
        try Artefacts.rescueSystem("first-layer").run { vm in
            // The system on the second disk becomes bootable by GRUB, with a pool and a base, and without
            // layers.
            try vm.check(
                """
                set -e
                mount /dev/vda3 /boot
                cp /boot/imgbased/*/linux /boot/imgbased/*/initrd /boot
                printf 'menuentry "Old system" {\\n linux /linux %s\\n initrd /initrd\\n}\\n' "$(cat /proc/cmdline)" \\
                    >/boot/grub/custom.cfg
                lvremove -q -q -y HostVG/Base-0.1 HostVG/Base-0.2 HostVG/Base-1.1 HostVG/Base-1
                rm -r /boot/loader/entries/* /boot/grub/imgbased.* /boot/imgbased/*
                """)
            try vm.expect("Base-0.1", from: "imgbase layer --add", within: .minutes(5))
            #expect(
                try vm.check("imgbase status").contains(
                    """
                    booted:     not from a layer
                    default:    what the boot loader has besides layers, until one has come up healthy
                    next boot:  Base-0.1 (trial, 3 tries left)
                    """))
            try vm.check("! imgbase boot --get-default && imgbase boot --verify")
            try vm.expectReturnAndThenTrial(of: "Base-0.1")
        }
    }
}

extension VM {
    /// Expects that the host returns to its old root, /dev/vdb, from a trial of its first `layer` that ends
    /// in a panic, and that a second trial makes the layer the default.
    func expectReturnAndThenTrial(of layer: String) throws {
        try check(
            """
            imgbase boot --args-add \(layer) rdinit=/bin/false
            imgbase boot --try \(layer) --tries 1
            """)
        cutPower()
        try powerOn(.firstDisk)
        try expect("Loading layer \(layer)", within: .minutes(3))
        try expect("Kernel panic", within: .minutes(3))

        try waitForGuest(within: .minutes(6))
        try expect("/dev/vdb", from: "findmnt -no SOURCE /; mount /dev/vda3 /boot")
        let story =
            "layer '\(layer)' did not come up in 1 of 1 tries: "
            + "1 ended in the boot loader, the kernel or the initramfs"
        let status = try JSONDecoder().decode(
            StatusReport.self, from: Data(check("imgbase status --json").utf8))
        #expect(status.booted == nil && status.next == nil && status.default == nil)
        #expect(status.warnings == [story])

        try check(
            """
            imgbase boot --args-remove \(layer) rdinit=/bin/false
            imgbase boot --set-default \(layer)
            """)
        try reboot()
        try expectStatus(layer, "trial")
        try expect(layer, from: "imgbase boot --get-default")
    }
}
