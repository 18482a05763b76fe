import Foundation
import TestMachine
import Testing

/// The paths of README.md, by its own lines. Other suites run the lines of the package and of updates.
@Suite struct ReadmeTests {
    @Test("README shows what a host prints, and its lines for a look at it work")
    func host() throws {
        try Artefacts.host("readme").run { vm in
            try vm.expectPictures(ReadmeBlock.pictures)
            let outputs = try vm.follow(ReadmeBlock.look)
            #expect(outputs.count == 4)
            #expect(outputs[0].hasPrefix("booted:     Base-0.1 ("))
            #expect(outputs[1].hasPrefix("ok"), "\(outputs[1])")
            #expect(outputs[2].contains("layer 'Base-0.1' is booted"), "\(outputs[2])")
            #expect(outputs[3].contains("\"layer\":\"Base-0.1\""), "\(outputs[3])")
        }
    }

    @Test("From another system, a layer is mounted as README says")
    func byHand() throws {
        try Artefacts.rescueSystem("readme-by-hand").run { vm in
            try vm.follow(ReadmeBlock.byHand)
            try vm.check("grep -q '^ID=debian' /mnt/etc/os-release")
        }
    }

    @Test("An image is installed on empty disks by README's lines", .checkAll)
    func emptyMachine() throws {
        let disks: [Disk] = [
            .readOnly(try Artefacts.image.image), .blank(mebibytes: 6144), .blank(mebibytes: 1024),
        ]
        // The image is small, and so are the disks.
        let small = "--size 1G --boot-size 256M /dev/vdb"
        try Artefacts.bareSystem("readme-install", disks: disks).run { vm in
            try vm.check(
                """
                mkdir -p files/etc && echo 'an overlay' >files/etc/motd
                echo '\(Self.key)' >id_ed25519.pub
                (umask 077; echo '$6$salt$hash' >hash)
                """)
            try vm.follow(
                ReadmeBlock.install, ["node.img": small, "/dev/sdb": "/dev/vdc"], within: .minutes(10))
            // lvm2's rule for udev activates the new group again.
            try vm.check("udevadm settle; vgchange -q -a n HostVG")
            try vm.follow(
                ReadmeBlock.installWithSettings,
                ["node.img": "--wipe " + small, "/dev/sdb": "/dev/vdc", "/dev/sdc": "/dev/vdd"],
                within: .minutes(10))
            vm.cutPower()
            for other in [0, 1] { vm.unplug(other) }
            try vm.powerOn(.firstDisk)
            try vm.expectBooted("Base-0.1", on: "Base-0")
            try vm.expect("node1\nan overlay", from: "uname -n; cat /etc/motd")
            try vm.check(
                "grep -q '^root:$6$salt$hash:' /etc/shadow && grep -q admin /root/.ssh/authorized_keys")
        }
    }

    @Test("A host with an empty partition gets a layer by README's lines, and keeps its own entry", .checkAll)
    func existingHost() throws {
        let image = Disk.readOnly(try Artefacts.image.image)
        try Artefacts.rescueSystem("readme-existing", disks: [image]).run { vm in
            // A host that has never had imgbased: GRUB boots its system, and a partition is empty.
            try vm.check(
                """
                set -e
                mount /dev/vda3 /boot
                imgbase boot uninstall
                vgchange -q -a n HostVG
                vgremove -q -q -y -f HostVG
                pvremove -q -q -y /dev/vda4
                cp /boot/imgbased/*/linux /boot/imgbased/*/initrd /boot
                rm -rf /boot/loader /boot/imgbased /boot/grub/imgbased.*
                printf 'menuentry "Old system" {\\n linux /linux %s\\n initrd /initrd\\n}\\n' \\
                    "$(cat /proc/cmdline)" >/boot/grub/custom.cfg
                if grep imgbased /boot/grub/grub.cfg; then exit 1; fi
                """)
            try vm.follow(
                ReadmeBlock.existingHost,
                ["/dev/sdb": "/dev/vda4", "node.img": "/dev/vdc", "10G": "1G"], within: .minutes(10))
            try vm.expect("reboot: Restarting system", within: .minutes(3))
            vm.cutPower()
            // As GRUB starts it, and not QEMU.
            try vm.powerOn(.firstDisk)
            let menu = try vm.menu()
            #expect(menu.titles.contains("Old system"), "\(menu.titles)")
            try menu.boot()
            try vm.expectStatus("Base-0.1", "trial")
            try vm.expect("Base-0.1", from: "imgbase boot get-default")
        }
    }

    /// The toolchain comes from this machine; README says where to get it.
    @Test("The package is built in a fresh system by README's lines", .checkAll)
    func build() throws {
        try PackageTree.with(.bookworm) { tree in
            try tree.addSources(to: "/srv/imgbased", toolchain: "/opt/swift")
            let lines = try ReadmeBlock.prerequisites.lines() + ReadmeBlock.build.lines()
            try tree.run((["cd /srv/imgbased"] + lines).joined(separator: "\n"), within: .minutes(90))
            #expect(
                try tree.run("dpkg-deb --field /srv/imgbased/build/deb/imgbased_*.deb Package") == "imgbased")
        }
    }

    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKTKVxr1mDPyOUC6mQgFyYbRBNbGH8BnP2iXYqh9vDR6 admin@example"
}

extension VM {
    /// Runs the commands of a block one by one, and returns their outputs.
    ///
    /// `reboot` restarts the machine without waiting for it.
    @discardableResult
    func follow(
        _ block: ReadmeBlock, _ own: [String: String] = [:], within limit: Duration = .minutes(2)
    ) throws -> [String] {
        try block.commands(own).map { command in
            guard command == "reboot" else { return try check(command, within: limit) }
            try reboot()
            return ""
        }
    }

    /// Expects that the commands after each `#` print on a terminal of 100 columns what follows there.
    ///
    /// Sizes, days and parts of bars may differ.
    fileprivate func expectPictures(_ block: ReadmeBlock) throws {
        var shown: [(command: String, lines: [String])] = []
        for line in try block.lines() {
            if line.hasPrefix("# ") {
                shown.append((String(line.dropFirst(2)), []))
            } else {
                shown[shown.count - 1].lines.append(line)
            }
        }
        #expect(shown.count > 1)
        for (command, lines) in shown {
            let terminal = "stty cols 100; NO_COLOR=1 TERM=xterm LC_ALL=C.UTF-8 exec \(command)"
            let printed = try check("script -qec '\(terminal)' /dev/null | tr -d '\\r'")
            #expect(
                printed.split(separator: "\n").map { Self.form(String($0)) } == lines.map(Self.form),
                "\(printed)")
        }
    }

    /// A line without what differs from host to host.
    private static func form(_ line: String) -> String {
        line.replacing(#/\d{4}-\d\d-\d\d/#, with: "DAY").replacing(#/\d+\.\d\d [KMG]iB/#, with: "SIZE")
            .replacing(#/[█░]+/#, with: "BAR").replacing(#/\d+%/#, with: "PART")
    }
}
