import ImgbasedCore
import ImgbasedHostCore
import Testing

/// Cuts the power after every step of every command, and runs the command again.
@Suite struct PowerCutTests {
    enum Stage: String, CaseIterable, Sendable {
        case layout, firstBase, firstLayer, secondLayer, secondBase, layerOnSecondBase

        func run(_ machine: inout FakeMachine) throws {
            switch self {
            case .layout: try machine.initialize()
            case .firstBase, .secondBase: try machine.addBase()
            case .firstLayer, .secondLayer, .layerOnSecondBase: try machine.addLayer()
            }
        }
    }

    /// A machine after all stages before `stage`.
    private func machine(before stage: Stage) throws -> FakeMachine {
        var machine = FakeMachine()
        for earlier in Stage.allCases.prefix(while: { $0 != stage }) {
            try earlier.run(&machine)
            machine.clock += 1
        }
        machine.stepsDone = 0
        return machine
    }

    @Test(arguments: Stage.allCases)
    func convergesWhereverThePowerGoes(stage: Stage) throws {
        let start = try machine(before: stage)
        try PowerCuts.expectConvergence(from: start) { try stage.run(&$0) }
    }

    @Test func doneTwiceIsDoneOnce() throws {
        var machine = FakeMachine()
        try machine.initialize()
        let once = machine
        try machine.initialize()
        #expect(machine == once)
    }

    @Test func theLayoutIsWhatWasMeant() throws {
        var machine = FakeMachine()
        for stage in Stage.allCases {
            try stage.run(&machine)
            machine.clock += 1
        }
        let layout = Layout(machine.state.volumes, group: "HostVG")
        #expect(
            layout.lines(booted: nil) == ["Base-0", " +- Base-0.1", " +- Base-0.2", "Base-1", " +- Base-1.1"])
        #expect(layout.latest?.name == "Base-1.1")
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-0.1", tries: 3))
        #expect(BootPlanner.entries(machine.state.boot).map(\.layer) == ["Base-1.1", "Base-0.2", "Base-0.1"])
        let fstab = String(decoding: machine.state.config.fstab, as: UTF8.self)
        #expect(fstab.hasSuffix("/dev/HostVG/Config /config ext4 defaults,nofail,discard 0 2\n"))
    }
}
