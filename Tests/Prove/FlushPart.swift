import FlushProof
import Foundation
import TestMachine

/// `make prove PARTS=flush`.
struct FlushPart {
    private let settings: Settings
    private let proof: FlushProof
    private let host: Machine
    private let scenarios: [Scenario]
    private static let directory = BuildDirectory.project + "/.build-prove/flush"

    init(_ settings: Settings) throws {
        self.settings = settings
        let hours: Double? = try settings.number("HOURS")
        let extent = Extent(
            drawn: try settings.number("DRAWN") ?? 40, seed: try settings.number("SEED") ?? 1,
            end: hours.map { Deadline(within: .seconds($0 * 3600)) })
        proof = FlushProof(in: FlushPart.directory, extent, report: say)
        let names = settings["SCENARIOS"]?.split(separator: ",").map(String.init)
        scenarios = Scenario.all.filter { names?.contains($0.name) ?? true }
        if let unknown = names?.first(where: { name in !Scenario.all.contains { $0.name == name } }) {
            let known = Scenario.all.map(\.name).joined(separator: ", ")
            throw ProofError(description: "no scenario '\(unknown)'; there are \(known)")
        }
        let saved = try SavedMachine.current(
            Machine(name: "host", disks: [.overlay(of: InstalledDisk.current().disk)]))
        host = saved.machine(name: "prove", disks: [.overlay(of: try RootImage.current().image)])
    }

    /// Whether nothing was found.
    func run() throws -> Bool {
        if let state = settings["STATE"] {
            say(try proof.show(state, on: host))
            return true
        }
        var isWell = true
        for trial in try proof.tryJudge(Scenario.all[0], on: host) {
            say("\(trial.isNoticed ? "noticed" : "NOT NOTICED"): \(trial.damage): \(trial.answer)")
            isWell = isWell && trial.isNoticed
        }
        var summary = Summary(seed: try settings.number("SEED") ?? 1)
        var again: Int = try settings.number("RERUN") ?? 0
        for (index, scenario) in scenarios.enumerated() {
            say("= \(scenario.name)")
            summary.add(try proof.run(scenario, on: host))
            let share = again / (scenarios.count - index)
            again -= share
            if share > 0 { summary.add(try proof.rerun(scenario, on: host, count: share)) }
            try summary.text.write(
                toFile: FlushPart.directory + "/summary.md", atomically: true, encoding: .utf8)
        }
        say(summary.text)
        return isWell && summary.isWell
    }
}
