import TestMachine
import Testing

/// Removal of layers and bases, with lvm2's own answers.
@Suite struct RemovalTests {
    @Test(
        "A layer or base is removed with entry, kernel and space, unless the host needs it or a hook objects"
    )
    func removal() throws {
        try Artefacts.host("removal").run { vm in
            let refused = try vm.run("imgbase layer --remove Base-0.1 --force")
            #expect(refused.status == 2)
            #expect(
                refused.output
                    == "imgbase: cannot remove layer 'Base-0.1': this system runs from 'Base-0.1'; boot another layer first"
            )
            #expect(try vm.run("imgbase base --remove Base-0 --force").status == 2)
            try vm.check("imgbase base --pin Base-1")
            #expect(try vm.check("imgbase layout").contains("Base-1 (pinned)"))
            #expect(try vm.run("imgbase base --remove Base-1").status == 2)
            try vm.check("imgbase base --unpin Base-1")

            // The layer's own data are freed.
            try vm.check(
                "lvchange -ay HostVG/Base-1.1 && mount /dev/HostVG/Base-1.1 /mnt && head -c 32M /dev/urandom >/mnt/root/fill && sync"
            )
            #expect(try vm.run("imgbase layer --remove Base-1.1").status == 2, "it is mounted")
            try vm.check("umount /mnt")
            try vm.check(
                """
                mkdir -p /etc/imgbased/hooks.d/pre-layer-removed
                printf '#!/bin/sh\\nexit 1\\n' >/etc/imgbased/hooks.d/pre-layer-removed/10-no
                chmod +x /etc/imgbased/hooks.d/pre-layer-removed/10-no
                """)
            #expect(try vm.run("imgbase layer --remove Base-1.1").status == 1, "a hook is against it")
            #expect(try vm.check("imgbase layer --latest") == "Base-1.1")
            try vm.check("ln -sf /dev/null /etc/imgbased/hooks.d/pre-layer-removed/10-no")
            let freed = try vm.check(
                "imgbase layer --remove Base-1.1 --json | sed -n 's/.*\"freed\" : //p' | tr -d ,")
            #expect((Int(freed) ?? 0) >= 32 << 20, "\(freed)")
            #expect(try vm.run("lvs HostVG/Base-1.1").status != 0)
            #expect(try vm.check("ls /boot/loader/entries").contains("Base-1.1") == false)
            try vm.check("imgbase base --remove Base-1 && imgbase boot --verify >&2")
            try vm.expect("[\n\n]", from: "imgbase recover --list --json")
        }
    }

    @Test("imgbase recover finishes a removal that a power cut interrupted after its mark")
    func interrupted() throws {
        try Artefacts.host("removal-cut").run { vm in
            try vm.check("lvchange --addtag imgbased:removing HostVG/Base-1 && sync")
            vm.cutPower()
            try vm.powerOn()
            try vm.expectStatus("Base-0.1", "default")
            try vm.expect(
                "the removal of 'HostVG/Base-1' was not finished", from: "imgbase recover --list")
            try vm.check("imgbase recover && imgbase boot --verify >&2")
            try vm.expect("Base-0", from: "imgbase layout --bases")
        }
    }
}
