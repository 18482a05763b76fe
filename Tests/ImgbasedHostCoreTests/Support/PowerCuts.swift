import ImgbasedCore
import ImgbasedHostCore
import Testing

/// Cuts the power of a machine after every step.
enum PowerCuts {
    /// Expects that `run`, cut at any step and repeated, ends like an uncut run.
    ///
    /// The repetition is cut at any step as well. The boot menu must never offer anything incomplete.
    static func expectConvergence(
        from start: FakeMachine, _ run: (inout FakeMachine) throws -> Void
    ) throws {
        let whole = try done(start, run)
        try cutEverywhere(start, run, run) { recovered, comment in
            #expect(recovered == whole, comment)
        }
    }

    /// Expects that `recover` leads from any cut of `run` to the state before or after `run`.
    ///
    /// `recover` must do so even if cut itself.
    static func expectRecovery(
        from start: FakeMachine, _ run: (inout FakeMachine) throws -> Void,
        by recover: (inout FakeMachine) throws -> Void
    ) throws {
        let whole = try done(start, run)
        let before = try done(start) { _ in }
        try cutEverywhere(start, run, recover) { recovered, comment in
            #expect(recovered == before || recovered == whole, comment)
        }
    }

    private static func cutEverywhere(
        _ start: FakeMachine, _ run: (inout FakeMachine) throws -> Void,
        _ rerun: (inout FakeMachine) throws -> Void, _ expect: (FakeMachine, Comment) throws -> Void
    ) throws {
        var counting = start
        counting.stepsDone = 0
        try run(&counting)
        #expect(counting.stepsDone > 1)
        for steps in 0..<counting.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try run(&cut) }
            try expectBootable(cut, after: steps)
            // Cut again during the recovery, at every step.
            var recovered = cut
            recovered.power = .max
            recovered.stepsDone = 0
            try rerun(&recovered)
            let recovery = recovered.stepsDone
            let end = try done(recovered) { _ in }
            try expect(end, "cut after \(steps)")
            for again in 0..<recovery {
                var second = cut
                second.power = again
                #expect(throws: PowerCut.self) { try rerun(&second) }
                try expectBootable(second, after: again)
                second.power = .max
                #expect(try done(second, rerun) == end, "cut after \(steps) and \(again)")
            }
        }
    }

    /// The machine after `run`, without the traces of how it got there.
    private static func done(
        _ machine: FakeMachine, _ run: (inout FakeMachine) throws -> Void
    ) throws -> FakeMachine {
        var machine = machine
        try run(&machine)
        (machine.power, machine.stepsDone) = (0, 0)
        machine.state.volumes.sort { NaturalOrder.precedes($0.name, $1.name) }
        (machine.hookRuns, machine.journal) = ([], [])
        return machine
    }

    /// Expects that all menu entries are complete.
    ///
    /// Each has a sealed layer with its own file system, and a stored kernel.
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
        let menus = [machine.state.boot.menu, machine.state.boot.fullMenu, machine.state.boot.loaderScript]
        for word in menus.compactMap({ $0 }).flatMap({ $0.split(separator: "/") }) where word.utf8.count == 64
        {
            #expect(
                machine.state.boot.digests.contains(String(word)),
                "no kernel for the menu, cut after \(steps)")
        }
        for line in (machine.state.boot.menu ?? "").split(separator: "\n") where line.hasPrefix("menuentry") {
            let name = String(line.split(separator: "'")[1].prefix { $0 != " " })
            #expect(machine.state.boot.entries[name] != nil, "menu without entry, cut after \(steps)")
        }
        for volume in layers + Layout(machine.state.volumes, group: "HostVG").bases {
            #expect(machine.contents[volume.path]?.isWhole == true)
            #expect(machine.contents[volume.path]?.isWritable == !volume.isBase)
        }
    }
}
