import ImgbasedCore
import Testing

/// Cuts the power of a machine at every place there is.
enum PowerCuts {
    /// Expects that `run`, cut after any of its steps, and again after any of those that finish it, ends as if it had not
    /// been; and that the boot menu offers nothing that is not complete, at any time.
    static func expectConvergence(
        from start: FakeMachine, _ run: (inout FakeMachine) throws -> Void
    ) throws {
        try expectConvergence(from: start, run, by: run)
    }

    /// The same, where `rerun` finishes it; it may as well find nothing to do where nothing was done.
    static func expectConvergence(
        from start: FakeMachine, _ run: (inout FakeMachine) throws -> Void,
        by rerun: (inout FakeMachine) throws -> Void
    ) throws {
        var whole = start
        whole.stepsDone = 0
        try run(&whole)
        #expect(whole.stepsDone > 1)
        for steps in 0..<whole.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try run(&cut) }
            try expectBootable(cut, after: steps)
            // And once more during the recovery, at every place that has.
            var recovered = cut
            recovered.power = .max
            recovered.stepsDone = 0
            try rerun(&recovered)
            let recovery = recovered.stepsDone
            let expected = isUntouched(cut, start) && recovery == 0 ? start : whole
            expectSame(recovered, expected, "cut after \(steps)")
            for again in 0..<recovery {
                var second = cut
                second.power = again
                #expect(throws: PowerCut.self) { try rerun(&second) }
                try expectBootable(second, after: again)
                second.power = .max
                try rerun(&second)
                expectSame(second, whole, "cut after \(steps) and \(again)")
            }
        }
    }

    private static func isUntouched(_ cut: FakeMachine, _ start: FakeMachine) -> Bool {
        var cut = cut
        (cut.power, cut.stepsDone) = (start.power, start.stepsDone)
        return cut == start
    }

    static func expectSame(_ a: FakeMachine, _ b: FakeMachine, _ comment: Comment) {
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
    static func expectBootable(_ machine: FakeMachine, after steps: Int) throws {
        let layers = Layout(machine.state.volumes, group: "HostVG").layers
        for (name, text) in machine.state.boot.entries {
            let entry = try #require(BootEntry(layer: name, text: text))
            let layer = try #require(
                layers.first { $0.name == name }, "entry without layer, cut after \(steps)")
            #expect(machine.contents[layer.path]?.uuid == "layer-uuid")
            #expect(machine.contents[layer.path]?.isWhole == true)
            let digest = try #require(entry.linux.split(separator: "/").dropFirst().first.map(String.init))
            #expect(entry.linux == "/imgbased/\(digest)/linux")
            #expect(machine.state.boot.digests.contains(digest), "no kernel for \(name), cut after \(steps)")
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
