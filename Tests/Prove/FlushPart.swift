import FlushProof
import Foundation
import TestMachine

/// The part of `make prove PARTS=flush`: judges the states that a power cut can leave.
struct FlushPart {
    private let settings: Settings
    private let proof: FlushProof
    private let image: RootImage
    private let disk: InstalledDisk
    private let scenarios: [Scenario]
    /// Whether to judge `imgbase layout --init` too.
    private let isLaidOut: Bool
    private static let directory = BuildDirectory.project + "/.build-prove/flush"

    init(_ settings: Settings) throws {
        self.settings = settings
        let hours: Double? = try settings.number("HOURS")
        let extent = Extent(
            exhaustive: try settings.number("EXHAUSTIVE") ?? 9, drawn: try settings.number("DRAWN") ?? 40,
            seed: try settings.number("SEED") ?? 1,
            end: hours.map { Deadline(within: .seconds($0 * 3600)) })
        proof = FlushProof(in: FlushPart.directory, extent, helper: settings["HELPER"], report: say)
        let names = settings["SCENARIOS"]?.split(separator: ",").map(String.init)
        scenarios = Scenario.all.filter { names?.contains($0.name) ?? true }
        isLaidOut = names?.contains(FlushProof.layout) ?? true
        let known = [FlushProof.layout] + Scenario.all.map(\.name)
        if let unknown = names?.first(where: { !known.contains($0) }) {
            let known = known.joined(separator: ", ")
            throw ProofError(description: "no scenario '\(unknown)'; there are \(known)")
        }
        (image, disk) = (try RootImage.current(), try InstalledDisk.current())
    }

    /// The machine for `scenario`: saved while running, with the image of a base on its second disk.
    private func host(of scenario: Scenario) throws -> Machine {
        let machine: Machine
        switch scenario.loader {
        case .grub: machine = Machine(name: "host", disks: [.overlay(of: disk.disk)])
        case .systemdBoot:
            machine = Machine(
                name: "uefi-host", disks: [.overlay(of: disk.disk)],
                boot: try image.boot("rd.imgbased.layer=Base-0.1", .ordinary), firmware: .uefi)
        }
        return try SavedMachine.current(machine).machine(name: "prove", disks: [.overlay(of: image.image)])
    }

    /// Runs the proof. Returns false if it finds a fault.
    func run() throws -> Bool {
        if let state = settings["STATE"] {
            let name = state.split(separator: " ").first ?? ""
            guard let scenario = Scenario.all.first(where: { $0.name == name }) else {
                throw ProofError(description: "no scenario '\(name)'")
            }
            say(try proof.show(state, on: host(of: scenario)))
            return true
        }
        var isWell = true
        for trial in settings["JUDGE"] == "no"
            ? [] : try proof.tryJudge(Scenario.all[0], on: host(of: Scenario.all[0]))
        {
            say("\(trial.isNoticed ? "noticed" : "NOT NOTICED"): \(trial.damage): \(trial.answer)")
            isWell = isWell && trial.isNoticed
        }
        var summary = Summary(seed: try settings.number("SEED") ?? 1)
        var again: Int = try settings.number("RERUN") ?? 0
        if isLaidOut {
            say("= \(FlushProof.layout)")
            let bare = try SavedMachine.current(image.machine(name: "bare"))
                .machine(name: "prove", disks: [proof.blankDisk()])
            summary.add(try proof.runLayout(on: bare))
            let share = again / (scenarios.count + 1)
            again -= share
            if share > 0 { summary.add(try proof.rerunLayout(on: bare, count: share)) }
        }
        for (index, scenario) in scenarios.enumerated() {
            say("= \(scenario.name)")
            let host = try host(of: scenario)
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
