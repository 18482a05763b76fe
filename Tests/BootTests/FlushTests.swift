import FlushProof
import TestMachine
import Testing

/// A slice of `make prove PARTS=flush`: judges states at and between flushes, without power cuts.
@Suite struct FlushTests {
    private func proof(in directory: String) -> FlushProof {
        FlushProof(in: BuildDirectory.path + "/" + directory, Extent(exhaustive: 2, drawn: 2)) { _ in }
    }

    @Test("The judge of the states at flushes notices a damaged disk", .checkAll)
    func judge() throws {
        let trials = try proof(in: "flush-judge").tryJudge(
            Scenario.slice, on: Artefacts.updatable("flush-judge"))
        #expect(trials.count > 10)
        for trial in trials { #expect(trial.isNoticed, "\(trial.damage): \(trial.answer)") }
    }

    @Test("After a power cut, the host boots as before the command or as after it")
    func slice() throws {
        let tallies = try proof(in: "flush").run(Scenario.slice, on: Artefacts.updatable("flush"))
        #expect(tallies.map(\.boundaries.total).allSatisfy { $0 > 0 })
        for tally in tallies {
            #expect(tally.boundaries.third.isEmpty && tally.between.third.isEmpty, "\(tally)")
        }
    }

    /// lvm2 writes the heads of both metadata areas without a flush between them and their texts.
    @Test("A change by lvm2 that is torn in both metadata areas is undone", .checkAll)
    func tornChange() throws {
        try Artefacts.updatable("torn").run { vm in
            try vm.check(
                """
                set -e
                lvchange -q --addtag torn HostVG/Base-0.2
                pvck --dump headers /dev/vda4 | awk '/mda_header_[12] at/ { area = $3 }
                    /raw_locn.0..offset/ { print (area + $2) / 512 + 1 }' >/run/texts
                test "$(wc -l </run/texts)" = 2
                while read -r sector; do
                    dd if=/dev/zero of=/dev/vda4 bs=512 seek=$sector count=1 oflag=direct \
                        conv=notrunc status=none
                done </run/texts
                # lvm2 no longer sees the group.
                ! vgs HostVG
                """)
            try vm.reset()
            try vm.waitForGuest()
            try vm.check("systemctl is-system-running --wait || { systemctl --failed; false; }")
            try vm.check("grep -q 'as the newest whole one' /run/imgbased/boot.json")
            try vm.check("journalctl -b -u imgbase-started | grep -q 'the newest whole one, is brought back'")
            #expect(try vm.check("lvs --noheadings -o lv_name -S 'tags=torn' HostVG").isEmpty)
            try vm.check("pvck --dump headers /dev/vda4 | { ! grep -E 'CHECK|WARNING'; }")
            try vm.check("mountpoint -q /config && imgbase layer --add Base-1 && imgbase boot --verify")
            #expect(try vm.check("imgbase recover --list").isEmpty)
        }
    }
}
