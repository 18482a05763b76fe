import TestMachine
import Testing

/// Thin pools that are not what they should be.
@Suite struct PoolTests {
    private static let layer = "rd.imgbased.layer=Base-0.2"

    /// What is wrong, as a change of the metadata, and what is said of it.
    private static let damages: [(filter: String, reason: String)] = [
        (
            #"sed 's/ flags="0"/ flags="1"/'"#,
            "the metadata of the thin pool needs a check; repair it with 'lvconvert --repair'"
        ),
        (
            #"sed '1 s/ transaction="[0-9]*"/ transaction="99"/'"#,
            "the thin pool has transaction id 99, expected "
        ),
    ]

    @Test("a pool that must not be written: the layer boots all the same, and the pool does not change")
    func degraded() throws {
        let machine = try Machine(
            name: "pool", disks: [.overlay(of: Artefacts.disk.disk), .overlay(of: Artefacts.image.image)],
            boot: VM.rescue)
        try machine.run { vm in
            for damage in Self.damages {
                try vm.waitForGuest()
                let digest = try vm.rewritePool(damage.filter)

                try vm.restart(Self.layer)
                try vm.waitForGuest()
                let report = try vm.bootReport()
                #expect(report.layer == "Base-0.2")
                #expect(report.mode == "volatile")
                #expect(report.activatedBy == "native")
                #expect(report.fallbacks.isEmpty)
                let reason = try #require(report.degraded)
                #expect(reason.hasPrefix(damage.reason))
                let said =
                    "imgbase-initrd: nothing that is written to layer 'Base-0.2' will be kept: " + reason
                #expect(vm.transcript.complaints == [said])
                try vm.expect(said, from: "journalctl -b -o cat -t imgbase-initrd | grep kept")
                try vm.check("echo forgotten >/root/forgotten && sync")
                #expect(try vm.digestOfPoolMetadata() == digest)

                vm.cutPower()
                try vm.powerOn(VM.rescue)
            }
        }
    }
}
