import Foundation
public import TestMachine

extension FlushProof {
    /// The judge's answer for a disk that was damaged on purpose.
    public struct Trial: Sendable {
        /// The kind of damage.
        public let damage: String
        /// The judge's finding, as text.
        public let answer: String
        /// Whether the judge noticed the damage.
        public let isNoticed: Bool
    }

    /// Damages and judges the disk of `host` in every known way, before the first command of `scenario`.
    public func tryJudge(_ scenario: Scenario, on host: Machine) throws -> [Trial] {
        let recording = try Recording.current(of: scenario, on: host, in: directory)
        let replay = try Replay(recording, helper: helper, in: "\(directory)/\(scenario.name)/state")
        defer { replay.remove() }
        return try replay.tryJudge(recording.steps[0])
    }
}

extension Replay {
    fileprivate func tryJudge(_ step: Recording.Step) throws -> [FlushProof.Trial] {
        let whole = try look(step)
        guard case .new = Verdict(whole, old: whole, new: whole), let start = whole.boot.unattended else {
            throw MachineError.unexpected("the disk is not whole before it is damaged")
        }
        return try Damage.all.map { damage in
            let verdict = try with(damage, start) {
                Verdict(try look(step), old: whole, new: whole)
            }
            var isNoticed = false
            if case .third = verdict { isNoticed = true }
            return FlushProof.Trial(
                damage: damage.name, answer: String("\(verdict)".prefix(300)), isNoticed: isNoticed)
        }
    }
}
