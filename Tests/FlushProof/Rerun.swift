import Foundation
public import TestMachine
import TestRandom

extension FlushProof {
    /// The result of an interrupted command that was repeated after the next start of the machine.
    public struct Rerun: Sendable {
        /// The name of the state: scenario, step, interval, and number in the interval.
        public let state: String
        /// The script that was run again.
        public let script: String
        /// The failure; `nil` if the command succeeded.
        public let failure: String?
    }

    /// Draws `count` judged states of `scenario`, boots each and repeats the interrupted command.
    ///
    /// Afterwards, no debris may be left, and every entry of the menu must be bootable.
    public func rerun(_ scenario: Scenario, on host: Machine, count: Int) throws -> [Rerun] {
        let recording = try Recording.current(of: scenario, on: host, in: directory)
        let place = "\(directory)/\(scenario.name)"
        let journal = try Journal(place + "/journal", key: try key(of: recording))
        var replay = try Replay(recording, helper: helper, in: place + "/rerun")
        defer { replay.remove() }
        var generator = SeededGenerator(seed: extent.seed)
        let drawn = Array(journal.places.shuffled(using: &generator).prefix(count))
        return try drawn.sorted { ($0.interval, $0.number) < ($1.interval, $1.number) }.map { place in
            let step = recording.steps[place.step]
            let script = step.script.hasPrefix("imgbase ") ? step.script : "true"
            try replay.advance(to: max(step.begin, place.start))
            let disk = "\(directory)/\(scenario.name)/rerun.raw"
            defer { try? FileManager.default.removeItem(atPath: disk) }
            if let remnant = place.state.remnant {
                try replay.with(remnant) { try replay.export(to: disk) }
            } else {
                try replay.advance(to: place.interval)
                try replay.export(to: disk)
            }
            let machine = Machine(
                name: "rerun-\(scenario.name)", disks: [.overlay(of: disk)] + host.disks.dropFirst(),
                firmware: host.firmware)
            let failure: String?
            do {
                failure = try machine.run { try FlushProof.failure(of: script, in: $0) }
            } catch {
                failure = "\(error)"
            }
            let name = "\(scenario.name) \(place.step) \(place.interval) \(place.number)"
            report("  again \(name): \(failure ?? "converges")")
            return Rerun(state: name, script: script, failure: failure)
        }
    }

    /// Repeats `script` in a starting machine; returns the failure, or `nil` if the script succeeds.
    private static func failure(of script: String, in vm: VM) throws -> String? {
        try vm.waitForGuest()
        _ = try vm.run("systemctl is-system-running --wait")
        let again = try vm.run(script, within: .minutes(20))
        // The command may refuse to repeat finished work. Status 2 means that it changed nothing.
        guard again.status == 0 || again.status == 2 else { return again.output }
        // Without the layers in the menu, nothing is left to verify.
        let looks =
            ["imgbase recover --list"] + (script.hasSuffix("--uninstall") ? [] : ["imgbase boot --verify"])
        for look in looks {
            let result = try vm.run(look)
            if result.status != 0 || !result.output.isEmpty { return "\(look): \(result.output)" }
        }
        return nil
    }
}
