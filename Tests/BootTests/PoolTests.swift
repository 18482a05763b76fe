import TestMachine
import Testing

/// Damaged and full thin pools.
@Suite struct PoolTests {
    private static let layer = "rd.imgbased.layer=Base-0.2"

    /// Changes of the metadata, and the resulting messages.
    private static let damages: [(filter: String, reason: String)] = [
        (
            #"sed '1 s/ transaction="[0-9]*"/ transaction="99"/'"#,
            "the thin pool has transaction id 99, expected "
        ),
        (
            // Volumes that share blocks take all free metadata except the kernel's reserve.
            """
            sed '$d'
            for id in $(seq 100 112); do
                echo "<device dev_id='$id' mapped_blocks='16500' transaction='0' creation_time='0' snap_time='0'>"
                echo "<range_mapping origin_begin='0' data_begin='0' length='16500' time='0'/></device>"
            done
            echo '</superblock>'
            """,
            "the thin pool has no free metadata; extend it with 'lvextend --poolmetadatasize'"
        ),
    ]

    @Test("A layer of an unhealthy pool boots, and the pool does not change")
    func degraded() throws {
        for damage in Self.damages {
            try Artefacts.rescueSystem("pool").run { vm in
                let digest = try vm.rewritePool(damage.filter)
                try vm.restart(Self.layer)
                try vm.expectDegraded("Base-0.2", damage.reason, metadata: digest)
            }
        }
    }

    @Test("A pool that needs a check boots writable if the check finds it sound, as with lvm2", .checkAll)
    func unchecked() throws {
        try Artefacts.rescueSystem("pool-unchecked").run { vm in
            let digest = try vm.rewritePool(#"sed 's/ flags="0"/ flags="1"/'"#)
            try vm.restart(Self.layer + " rd.imgbased.thincheck=never")
            try vm.expectDegraded(
                "Base-0.2",
                "the metadata of the thin pool needs a check; repair it with 'lvconvert --repair'",
                metadata: digest)

            try vm.restart(Self.layer)
            let report = try vm.expectBooted("Base-0.2", on: "Base-0")
            #expect(report.degraded == nil)
            try vm.check("touch /root/kept && ! dmsetup status HostVG-ImagePool-tpool | grep needs_check")
        }
    }

    @Test(
        "A pool without free data space boots a layer writable only if the layer needs no more space",
        .checkAll)
    func full() throws {
        try Artefacts.rescueSystem("pool-full").run { vm in
            let digest = try vm.fillPool(owning: "Base-0.2")

            try vm.restart("rd.imgbased.layer=Base-0.1")
            try vm.expectDegraded(
                "Base-0.1", "the thin pool has no free data space; extend it with 'lvextend'",
                metadata: digest)

            try vm.restart(Self.layer)
            try vm.expectBooted("Base-0.2", on: "Base-0")
            try vm.check("dd if=/dev/urandom of=/root/kept bs=1M count=16 conv=fsync status=none")
        }
    }

    @Test("A pool with damaged metadata is activated only if its check is switched off")
    func damaged() throws {
        try Artefacts.rescueSystem("pool-damaged").run { vm in
            try vm.damagePool()

            try vm.restart(Self.layer + " rd.shell=0")
            try vm.expectHalt(
                after: "cannot boot layer 'Base-0.2': thin_check found the metadata of the thin pool "
                    + "damaged; repair it with 'lvconvert --repair'")

            try vm.restart(Self.layer + " rd.imgbased.thincheck=never")
            try vm.expectBooted("Base-0.2", on: "Base-0")

            // An empty file is no program.
            try Initramfs.ordinary.adding("", at: "usr/sbin/thin_check") { initramfs in
                vm.cutPower()
                try vm.powerOn(
                    Artefacts.image.boot(
                        Self.layer + " rd.imgbased.thincheck=always rd.shell=0", initramfs: initramfs))
                try vm.expectHalt(
                    after: "cannot boot layer 'Base-0.2': rd.imgbased.thincheck=always, "
                        + "and the initramfs has no thin_check")
            }
        }
    }

    /// Each `base --add`, `layer --add` and `update` passes through the moment before the message.
    @Test(
        "Layers boot after lvcreate or lvremove is killed before its message to the pool, and lvm2 completes the change",
        .checkAll
    )
    func interrupted() throws {
        try Artefacts.host("pool-interrupted").run { vm in
            let said = "a change of thin pool 'HostVG/ImagePool' is not complete; lvm2 completes it"
            try vm.check(
                "lvcreate -y -q -V 64M -T HostVG/ImagePool -n removed; lvchange -q -an HostVG/removed")
            let words = try vm.transactionIDs().split(separator: " ")
            let before = try #require(words.first.flatMap { Int($0) })
            #expect(words == ["\(before)", "\(before)"])

            try vm.interruptAtMessage("lvremove -y -q HostVG/removed")
            #expect(try vm.transactionIDs() == "\(before + 1) \(before)")
            try vm.restart(Self.layer)
            var report = try vm.expectBooted("Base-0.2", on: "Base-0")
            #expect(report.warnings == [said])
            #expect(report.degraded == nil)
            // Activating any volume in the pool sends the message.
            try vm.check("lvcreate -y -q -V 64M -T HostVG/ImagePool -n probe; lvremove -y -q HostVG/probe")
            #expect(try Set(vm.transactionIDs().split(separator: " ")).count == 1)
            try vm.check("vgcfgbackup -q -f /run/vg HostVG && ! grep message1 /run/vg")

            // The volume itself is missing: the next layer gets its turn. lvm2 cannot make the volume either
            // until told again, and complains at each activation of all volumes. Removing the volume is
            // enough.
            try vm.interruptAtMessage(
                "lvcreate -y -q -s -kn -n Base-0.7 --addtag imgbased:layer --addtag imgbased:of=Base-0 HostVG/Base-0"
            )
            let numbers = try vm.transactionIDs().split(separator: " ").compactMap { Int($0) }
            #expect(numbers.count == 2 && numbers[0] == numbers[1] + 1)
            try vm.restart("rd.imgbased.layer=Base-0.7 rd.imgbased.fallback=Base-0.2")
            try vm.waitForGuest()
            report = try vm.bootReport()
            #expect(report.layer == "Base-0.2")
            #expect(
                report.fallbacks.map(\.reason) == [
                    "cannot boot layer 'Base-0.7': the volume is not in the thin pool yet: "
                        + "lvm2 was interrupted and must finish"
                ])
            try vm.check("lvremove -y -q HostVG/Base-0.7")
            #expect(try Set(vm.transactionIDs().split(separator: " ")).count == 1)

            // The state after a power cut during `layer --add`: the next command that writes removes the
            // layer.
            try vm.interruptAtMessage(
                "lvcreate -y -q -s -kn -n Base-0.8 --addtag imgbased:building HostVG/Base-0")
            try vm.restart(Self.layer)
            try vm.waitForGuest()
            report = try vm.bootReport()
            #expect(report.layer == "Base-0.2")
            #expect(report.warnings == [said])
            try vm.check("imgbase recover")
            try vm.check("! lvs HostVG/Base-0.8")
            #expect(try Set(vm.transactionIDs().split(separator: " ")).count == 1)
            try vm.check("vgcfgbackup -q -f /run/vg HostVG && ! grep message1 /run/vg")
            try vm.restart(Self.layer)
            report = try vm.expectBooted("Base-0.2", on: "Base-0")
            #expect(report.warnings.isEmpty)
        }
    }

    @Test("A pool that has lost its metadata does not get new metadata", .checkAll)
    func lost() throws {
        try Artefacts.rescueSystem("pool-lost").run { vm in
            let digest = try vm.destroyPool()

            try vm.restart(Self.layer + " rd.imgbased.thincheck=never rd.shell=0")
            try vm.expectHalt(
                after: "cannot boot layer 'Base-0.2': the thin pool has lost its metadata; "
                    + "repair it with 'lvconvert --repair'")

            vm.cutPower()
            try vm.powerOn(VM.rescue)
            try vm.waitForGuest()
            #expect(try vm.digestOfInactivePool() == digest)
        }
    }
}

extension VM {
    /// Expects that `layer` has booted without writing and reports the reason.
    ///
    /// Expects also that the pool's metadata still have the digest `metadata`.
    fileprivate func expectDegraded(_ layer: String, _ prefix: String, metadata: String) throws {
        try waitForGuest()
        let report = try bootReport()
        #expect(report.layer == layer)
        #expect(report.mode == "volatile")
        #expect(report.activatedBy == "native")
        #expect(report.fallbacks.isEmpty)
        let reason = try #require(report.degraded)
        #expect(reason.hasPrefix(prefix))
        let said = "imgbase-initrd: nothing that is written to layer '\(layer)' will be kept: " + reason
        #expect(transcript.complaints == [said])
        try expect(said, from: "journalctl -b -o cat -t imgbase-initrd | grep kept")
        try check("echo forgotten >/root/forgotten && sync")
        #expect(try digestOfPoolMetadata() == metadata)
    }
}
