import FlushProof
import TestMachine
import Testing

/// A slice of `make prove PARTS=flush`: what a power cut leaves, at each flush and between two of them, without cutting it.
@Suite struct FlushTests {
    @Test("what a power cut leaves of a command boots what was booted before it or what is booted after it")
    func slice() throws {
        let proof = FlushProof(in: BuildDirectory.path + "/flush", Extent(exhaustive: 3, drawn: 4)) {
            print($0)
        }
        let host = try Artefacts.updatable("flush")
        for scenario in Scenario.slice {
            for tally in try proof.run(scenario, on: host) {
                #expect(tally.boundaries.total > 0)
                #expect(tally.boundaries.third.isEmpty, "\(tally)")
                #expect(tally.between.third.isEmpty, "\(tally)")
            }
        }
    }

    @Test("whoever judges that notices when a disk is damaged")
    func judge() throws {
        let proof = FlushProof(in: BuildDirectory.path + "/flush-judge", Extent()) { print($0) }
        let trials = try proof.tryJudge(Scenario.slice[0], on: Artefacts.updatable("flush-judge"))
        #expect(trials.count > 11)
        for trial in trials { #expect(trial.isNoticed, "\(trial.damage): \(trial.answer)") }
    }
}
