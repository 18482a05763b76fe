import TestMachine
import Testing

/// Layers on trial in an unattended machine: each ends on a good layer.
@Suite struct TrialTests {
    @Test("A healthy layer becomes the default, and a layer with a failed check gives way to it")
    func health() throws {
        try Artefacts.host("health").run { vm in
            try vm.check("imgbase boot --try Base-1.1")
            try vm.reboot()
            try vm.expectStatus("Base-1.1", "trial")
            try vm.expect("Base-1.1", from: "imgbase boot --get-default")

            // A check of the administrator, and another party's check on the same target.
            try vm.check("imgbase boot --try Base-0.2 && \(Self.addCheck(to: "Base-0.2", "exit 1"))")
            try vm.reboot()
            let story = "layer 'Base-0.2' was tried and is bad: check '50-service' failed with status 1"
            try vm.expectStatus("Base-1.1", "default", warnings: [story])
            try vm.expect(
                "warning:    " + story, from: "cat /run/motd.d/imgbased | grep warning")
            let id = "a8bad25b20421a3fbf824824002d32e9"
            try vm.expect(story, from: "journalctl -b -o cat MESSAGE_ID=\(id)")
            try vm.check(
                "journalctl --update-catalog; journalctl -b -x MESSAGE_ID=\(id) | grep -q 'until it is settled'"
            )

            // The administrator boots the bad layer anyway. The host went back once; now it stays in the
            // layer until the next boot.
            try vm.check("imgbase boot --set-default Base-0.2")
            try vm.reboot()
            try vm.expectStatus(
                "Base-0.2", "default", health: "bad", next: "Base-1.1",
                warnings: ["layer 'Base-0.2' is bad: check '50-service' failed with status 1"])
        }
    }

    @Test(
        "Tries that end in a kernel panic or in an initramfs without a root are counted, and the good layer returns",
        .checkAll)
    func kernel() throws {
        try Artefacts.host("trial").run { vm in
            try vm.check(
                """
                imgbase boot --args-add Base-1.1 rdinit=/bin/false
                imgbase boot --try Base-1.1 --tries 2
                """)
            try vm.reboot()
            for _ in 1...2 {
                try vm.expect("Loading layer Base-1.1", within: .minutes(2))
                try vm.expect("Kernel panic", within: .minutes(2))
            }
            try vm.expectStatus(
                "Base-0.1", "default",
                warnings: [
                    "layer 'Base-1.1' did not come up in 2 of 2 tries: "
                        + "2 ended in the boot loader, the kernel or the initramfs"
                ])

            try vm.check(
                """
                dd if=/dev/zero of=/dev/HostVG/Base-0.2 bs=64K count=1 conv=fsync status=none
                imgbase boot --try Base-0.2 --tries 1
                """)
            try vm.reboot()
            try vm.expect("cannot boot layer 'Base-0.2'", within: .minutes(3))
            try vm.expectStatus(
                "Base-0.1", "default",
                warnings: [
                    "layer 'Base-0.2' did not come up in 1 of 1 tries: "
                        + "1 ended in the boot loader, the kernel or the initramfs"
                ])

            // A layer that is not on trial gives way at once, to the last good layer.
            try vm.check("imgbase boot --once Base-0.2")
            try vm.reboot()
            try vm.waitForGuest(after: "Loading layer Base-0.2")
            #expect(try vm.bootReport().chosenBy == "rd.imgbased.fallback=Base-0.1")
            try vm.check(
                "imgbase status >&2; imgbase status | grep \"not booted: cannot boot layer 'Base-0.2'\"")
        }
    }

    @Test("A system that ends in emergency mode gives way to the good layer, unattended", .checkAll)
    func emergency() throws {
        try Artefacts.host("emergency").run { vm in
            try vm.check(
                """
                mount /dev/HostVG/Base-1.1 /mnt
                echo 'LABEL=nowhere /srv ext4 x-systemd.device-timeout=5s 0 0' >>/mnt/etc/fstab
                umount /mnt
                imgbase boot --try Base-1.1
                """)
            try vm.reboot()
            try vm.expect("Loading layer Base-1.1", within: .minutes(2))
            try vm.expectStatus(
                "Base-0.1", "default",
                warnings: ["layer 'Base-1.1' was tried and is bad: it ended in emergency mode"])
        }
    }

    @Test("Power cuts use up tries, and a system that hangs is ended and reported apart from them")
    func powerCuts() throws {
        try Artefacts.host("power-cuts").run { vm in
            try vm.check(Self.addCheck(to: "Base-1.1", "exec sleep infinity"))
            try vm.check("imgbase boot --try Base-1.1 --tries 2")
            try vm.reboot()
            try vm.expect("Loading layer Base-1.1", within: .minutes(2))
            vm.cutPower()
            try vm.powerOn()
            // The layer comes up, and its check hangs until a time limit. The test does not wait so long.
            try vm.expect("Loading layer Base-1.1", within: .minutes(2))
            try vm.waitForGuest()
            try vm.check("systemctl start imgbase-started; systemctl is-active imgbase-late.timer")
            // The limit starts after disks are found and checked.
            try vm.check(
                """
                since() { systemctl show -P ActiveEnterTimestampMonotonic $1; }
                systemctl is-active local-fs.target && [ $(since imgbase-late.timer) -ge $(since local-fs.target) ]
                """)
            try vm.expect(
                "OnActiveUSec=15min",
                from: "systemctl show -P TimersMonotonic imgbase-late.timer | grep -o 'OnActiveUSec=15min'")
            try vm.check("systemctl --no-block start imgbase-late.service")
            try vm.expectStatus(
                "Base-0.1", "default",
                warnings: [
                    "layer 'Base-1.1' was tried and is bad: boot-complete.target was not reached in time; "
                        + "1 of 2 tries ended in the boot loader, the kernel or the initramfs"
                ])
            // A layer that is not on trial has unlimited time.
            try vm.expect("inactive", from: "systemctl is-active imgbase-late.timer || true")
            try vm.expect("infinity", from: "systemctl show -P JobTimeoutUSec boot-complete.target")
        }
    }

    @Test("With a damaged record the newest good layer boots, and the record is mended")
    func damagedRecord() throws {
        try Artefacts.host("record").run { vm in
            let record = "/boot/grub/imgbased.env"
            try vm.check(
                "imgbase boot --set-default Base-1.1; head -c 1024 /dev/zero | tr '\\0' '\\377' >\(record); sync"
            )
            try vm.reboot()
            try vm.expectStatus("Base-0.1", "best")
            try vm.expect("1024", from: "stat -c %s \(record)")
        }
    }

    /// Commands that give `layer` a required check.
    private static func addCheck(to layer: String, _ script: String) -> String {
        """
        mount /dev/HostVG/\(layer) /mnt
        printf '#!/bin/sh\\n%s\\n' '\(script)' >/mnt/etc/imgbased/health.d/required/50-service
        chmod +x /mnt/etc/imgbased/health.d/required/50-service
        umount /mnt
        """
    }
}
