import ImgbasedCore
import Testing

/// Cuts the power after every step of every command, and runs the command again.
@Suite struct HostPowerCutTests {
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

    /// A machine on which everything before `stage` was done.
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
        var whole = start
        try stage.run(&whole)
        #expect(whole.stepsDone > 2)
        for steps in 0..<whole.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try stage.run(&cut) }
            try expectBootable(cut, after: steps)
            // And once more during the recovery, at every place that has.
            var recovered = cut
            recovered.power = .max
            recovered.stepsDone = 0
            try stage.run(&recovered)
            let recovery = recovered.stepsDone
            expectSame(recovered, whole, "cut after \(steps)")
            for again in 0..<recovery {
                var second = cut
                second.power = again
                #expect(throws: PowerCut.self) { try stage.run(&second) }
                try expectBootable(second, after: again)
                second.power = .max
                try stage.run(&second)
                expectSame(second, whole, "cut after \(steps) and \(again)")
            }
        }
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
        #expect(machine.state.boot.record.standard == "Base-0.1")
        #expect(BootPlanner.entries(machine.state.boot).map(\.layer) == ["Base-1.1", "Base-0.2", "Base-0.1"])
        let fstab = String(decoding: machine.state.config.fstab, as: UTF8.self)
        #expect(fstab.hasSuffix("/dev/HostVG/Config /config ext4 defaults,nofail,discard 0 2\n"))
    }

    private func expectSame(_ a: FakeMachine, _ b: FakeMachine, _ comment: Comment) {
        var (a, b) = (a, b)
        for key in [\FakeMachine.power, \FakeMachine.stepsDone] {
            a[keyPath: key] = 0
            b[keyPath: key] = 0
        }
        #expect(Set(a.state.volumes) == Set(b.state.volumes), comment)
        a.state.volumes = []
        b.state.volumes = []
        #expect(a == b, comment)
    }

    /// What the menu offers is complete: a sealed layer with its own file system, and a kernel that is there.
    private func expectBootable(_ machine: FakeMachine, after steps: Int) throws {
        let layers = Layout(machine.state.volumes, group: "HostVG").layers
        for (name, text) in machine.state.boot.entries {
            let entry = try #require(BootEntry(layer: name, text: text))
            let layer = try #require(
                layers.first { $0.name == name }, "entry without layer, cut after \(steps)")
            #expect(machine.contents[layer.path]?.uuid == "layer-uuid")
            #expect(machine.contents[layer.path]?.isWhole == true)
            #expect(entry.linux == "/imgbased/\(FakeMachine.kernel.digest)/linux")
            #expect(machine.state.boot.digests.contains(FakeMachine.kernel.digest))
        }
        for line in (machine.state.boot.menu ?? "").split(separator: "\n") where line.hasPrefix("menuentry") {
            let name = String(line.split(separator: "'")[1].prefix { $0 != " " })
            #expect(machine.state.boot.entries[name] != nil, "menu without entry, cut after \(steps)")
        }
        for volume in layers + Layout(machine.state.volumes, group: "HostVG").bases {
            #expect(machine.contents[volume.path]?.isWhole == true)
        }
    }
}
