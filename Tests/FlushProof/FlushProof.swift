import Foundation
public import TestMachine
import TestRandom

/// Proves that a power cut during a command leaves the state before or after the command.
///
/// Records each write and flush, then makes and judges each possible state of the disk.
public struct FlushProof {
    let directory: String
    let extent: Extent
    /// The path of the helper that plans the devices.
    let helper: String
    /// Called with each action and result.
    let report: (String) -> Void

    /// Makes a proof with its files in `directory`; if `helper` is `nil`, the built helper plans the devices.
    public init(
        in directory: String, _ extent: Extent, helper: String? = nil, report: @escaping (String) -> Void
    ) {
        (self.directory, self.extent, self.report) = (directory, extent, report)
        self.helper = helper ?? BuildDirectory.project + "/build/imgbase-initrd"
    }

    /// The key of the results for `recording`: its identifier, the extent, and a digest of the helper.
    func key(of recording: Recording) throws -> String {
        let digest = try HostCommand.run("sha256sum", helper).prefix(64)
        return "\(recording.identifier) \(extent.description) \(digest)"
    }

    /// Judges the states of `scenario` on `host`, whose second disk has the image of a base.
    ///
    /// States that were judged before with the same key are not judged again.
    public func run(_ scenario: Scenario, on host: Machine) throws -> [Tally] {
        let recording = try Recording.current(of: scenario, on: host, in: directory)
        let place = "\(directory)/\(scenario.name)"
        let journal = try Journal(
            place + "/journal", key: try key(of: recording))
        var replay = try Replay(recording, helper: helper, in: place + "/state")
        defer { replay.remove() }
        var tallies: [Tally] = []
        for number in recording.steps.indices {
            let step = recording.steps[number]
            var tally = Tally(scenario: scenario.name, step: step.script)
            let ends = try replay.ends(of: step)
            for finding in [ends.old, ends.new] {
                let verdict = Verdict(finding, old: ends.old, new: ends.new)
                if case .third = verdict { throw MachineError.unexpected("'\(step.script)': \(verdict)") }
            }
            var generator = SeededGenerator(seed: extent.seed &+ UInt64(number) << 32)
            for interval in Interval.all(of: replay.log.entries, in: step.begin..<step.settled) {
                let remnants = replay.remnants(of: interval, extent, using: &generator)
                let name = "\(number) \(interval.end)"
                if let known = journal[name] {
                    known.forEach { tally.add($0) }
                    try replay.advance(to: interval.end)
                    continue
                }
                if extent.end?.hasPassed ?? false {
                    tally.isComplete = false
                    break
                }
                var states: [Journal.State] = []
                for remnant in remnants {
                    let finding = try replay.with(remnant) { try replay.look(step) }
                    let verdict = Verdict(
                        finding, old: ends.old, new: ends.new, isShutDown: step.comparesConfiguration)
                    states.append(
                        Journal.State(
                            remnant: remnant, verdict: verdict, isBoundary: false,
                            isRewritten: finding.boot.isRewritten))
                }
                try replay.advance(to: interval.end)
                let finding = try replay.look(step)
                states.append(
                    Journal.State(
                        remnant: nil,
                        verdict: Verdict(
                            finding, old: ends.old, new: ends.new, isShutDown: step.comparesConfiguration),
                        isBoundary: true, isRewritten: finding.boot.isRewritten))
                for (index, state) in states.enumerated() {
                    if case .third(let kind, _) = state.verdict, !tally.has(kind) {
                        report("  \(scenario.name) \(name) \(index): \(state.verdict)")
                    }
                    tally.add(state)
                }
                try journal.add(name, states)
            }
            report(tally.description)
            tallies.append(tally)
            if !tally.isComplete { break }
        }
        return tallies
    }

    /// Judges one state again, by its reported name.
    ///
    /// Leaves the disk and the findings in a directory, and returns a text with the path of the directory.
    public func show(_ name: String, on host: Machine) throws -> String {
        let words = name.split(separator: " ")
        guard words.count == 4, let scenario = Scenario.all.first(where: { $0.name == words[0] }) else {
            throw MachineError.unexpected("'\(name)' is not SCENARIO STEP INTERVAL NUMBER")
        }
        let recording = try Recording.current(of: scenario, on: host, in: directory)
        let place = "\(directory)/\(scenario.name)"
        let journal = try Journal(place + "/journal", key: try key(of: recording))
        guard
            let found = journal.places.first(where: {
                "\($0.step) \($0.interval) \($0.number)" == words[1...].joined(separator: " ")
            })
        else { throw MachineError.unexpected("no state '\(name)' was judged with this seed") }
        var replay = try Replay(recording, helper: helper, in: place + "/shown")
        let step = recording.steps[found.step]
        let ends = try replay.ends(of: step)
        let disk = place + "/shown.raw"
        let remnant = found.state.remnant
        try replay.advance(to: max(step.begin, remnant == nil ? found.interval : found.start))
        let finding = try replay.with(remnant ?? Interval.Remnant(whole: [], torn: nil, sectors: [])) {
            try replay.export(to: disk)
            return try replay.look(step)
        }
        return """
            \(Verdict(finding, old: ends.old, new: ends.new))
            of '\(step.script)', \(remnant.map { "\($0)" } ?? "whole"); the disk: \(disk)
            \(finding)
            """
    }
}
