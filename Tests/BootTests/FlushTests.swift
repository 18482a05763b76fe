import FlushProof
import TestMachine
import Testing

/// A slice of `make prove PARTS=flush`: what a power cut leaves, at each flush and between two of them, without cutting it.
@Suite(.serialized) struct FlushTests {
    private let proof = FlushProof(in: BuildDirectory.path + "/flush", Extent(exhaustive: 2, drawn: 2)) { _ in
    }

    @Test("whoever judges that notices when a disk is damaged", .checkAll)
    func judge() throws {
        let trials = try proof.tryJudge(Scenario.slice, on: Artefacts.updatable("flush"))
        #expect(trials.count > 11)
        for trial in trials { #expect(trial.isNoticed, "\(trial.damage): \(trial.answer)") }
    }

    @Test("what a power cut leaves of a command boots what was booted before it or what is booted after it")
    func slice() throws {
        let tallies = try proof.run(Scenario.slice, on: Artefacts.updatable("flush"))
        #expect(tallies.map(\.boundaries.total).allSatisfy { $0 > 0 })
        // The menu, the record and the helper were mended, and not judged whole since: this goes with the first run of
        // 'make prove PARTS=flush' that finds nothing.
        withKnownIssue("a power cut can leave something else", isIntermittent: true) {
            for tally in tallies {
                #expect(tally.boundaries.third.isEmpty, "\(tally)")
                #expect(tally.between.third.isEmpty, "\(tally)")
            }
        }
    }
}
