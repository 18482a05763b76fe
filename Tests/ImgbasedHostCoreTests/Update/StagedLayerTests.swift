import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A layer that waits for its first boot: changes until then, and the way back.
@Suite struct StagedLayerTests {
    @Test(arguments: UpdateTests.loaders) func lateChangesAreCarried(loader: BootLoader) throws {
        var machine = try UpdateTests.machine(loader)
        try machine.updateHost()
        let record = machine.state.boot.record
        machine.contents[UpdateTests.path("Base-0.1")]?.edits = 5
        try machine.completeUpdate()
        #expect(machine.contents[UpdateTests.path("Base-1.1")]?.carried == 5)
        #expect(machine.state.boot.record == record)
        let done = machine
        try machine.completeUpdate()
        #expect(machine.state == done.state)
        #expect(machine.contents == done.contents)
    }

    @Test func whatIsCarriedByHandIsNotTheLast() throws {
        var machine = try UpdateTests.machine()
        try machine.updateHost()
        let staged = try #require(StagedLayer(machine.state, names: FakeMachine.names))
        try machine.completeUpdate(isLast: false)
        #expect(StagedLayer(machine.state, names: FakeMachine.names) == staged)
    }

    /// The kernel's arguments and the initramfs belong to the layer as much as its files.
    @Test(arguments: UpdateTests.loaders) func theEntrySaysWhatWasCarriedLate(loader: BootLoader) throws {
        var machine = try UpdateTests.machine(loader)
        try machine.updateHost()
        try machine.change(.arguments(of: "Base-1.1", add: ["debug"], remove: []))
        let record = machine.state.boot.record
        machine.arguments = "late"
        machine.kernel.digest = String(repeating: "b", count: 64)
        machine.stepsDone = 0
        let start = machine
        try machine.completeUpdate()
        let entry = try #require(BootPlanner.entry(of: "Base-1.1", machine.state.boot))
        #expect(entry.options.foreign.words == ["late", "debug"])
        #expect(entry.initrd.contains(machine.kernel.digest))
        #expect(machine.state.boot.record == record)
        for steps in 0..<machine.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try cut.completeUpdate() }
            cut.power = .max
            try cut.completeUpdate()
            #expect(cut.state == machine.state, "cut after \(steps)")
        }
    }

    @Test(arguments: UpdateTests.loaders) func cutWhileTheyAreCarriedTheOldLayerBoots(loader: BootLoader)
        throws
    {
        var start = try UpdateTests.machine(loader)
        try start.updateHost()
        start.contents[UpdateTests.path("Base-0.1")]?.edits = 5
        start.stepsDone = 0
        var whole = start
        try whole.completeUpdate()
        for steps in 0..<whole.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try cut.completeUpdate() }
            let next = try #require(UpdateTests.next(cut))
            let carried = cut.contents[UpdateTests.path("Base-1.1")]?.carried
            if next == "Base-1.1" {
                // Before any change, or after the last one.
                #expect(
                    carried == 5 || cut.state.boot.record == start.state.boot.record, "cut after \(steps)")
            } else {
                #expect(next == "Base-0.1")
                #expect(HostStatus(cut.state, names: FakeMachine.names).staged == "Base-1.1")
            }
            cut.power = .max
            try cut.completeUpdate()
            #expect(UpdateTests.next(cut) == "Base-1.1")
            #expect(cut.contents[UpdateTests.path("Base-1.1")]?.carried == 5)
            #expect(cut.state.boot.record.staged == nil)
            #expect(cut.state.boot.record.trial == BootRecord.Trial(layer: "Base-1.1", tries: 3))
        }
    }

    @Test func aLayerThatWasBootedIsItsOwn() throws {
        var machine = try UpdateTests.machine()
        try machine.updateHost()
        machine.state.booted = UpdateTests.path("Base-1.1")
        let status = HostStatus(machine.state, names: FakeMachine.names)
        #expect(status.leftBehind == "Base-0.1")
        try machine.change(.started)
        #expect(machine.state.volume(UpdateTests.path("Base-1.1"))?.carriedFrom == nil)
        // The layer's lack of late changes stays known.
        try machine.change(.good)
        let warnings = HostStatus(machine.state, names: FakeMachine.names).warnings
        #expect(
            warnings.count == 1 && warnings.first?.contains("'Base-0.1' after the update were not") == true)
        (machine.state.leftBehind, machine.state.carried) = (nil, nil)
        #expect(
            HostStatus(machine.state, names: FakeMachine.names).warnings == [
                "'/var/lib/imgbased/carried.json' cannot be read: look there for conflicts of the last update"
            ])
        machine.state.booted = UpdateTests.path("Base-0.1")
        #expect(StagedLayer(machine.state, names: FakeMachine.names) == nil)
    }

    /// If the old layer is booted after all, the update is still to come, and later changes belong to it.
    @Test(arguments: UpdateTests.loaders) func whereTheOldLayerBootsAgainItsChangesAreCarriedAsWell(
        loader: BootLoader
    )
        throws
    {
        var machine = try UpdateTests.machine(loader)
        try machine.updateHost()
        try machine.completeUpdate()
        #expect(machine.state.volume(UpdateTests.path("Base-1.1"))?.isSettled == true)
        try machine.change(.started)
        #expect(machine.state.volume(UpdateTests.path("Base-1.1"))?.isSettled == false)
        #expect(try Self.way(machine) == .takeBack("Base-1.1"))
        machine.contents[UpdateTests.path("Base-0.1")]?.edits = 7
        try machine.completeUpdate()
        #expect(machine.contents[UpdateTests.path("Base-1.1")]?.carried == 7)
        machine.state.booted = UpdateTests.path("Base-1.1")
        #expect(HostStatus(machine.state, names: FakeMachine.names).leftBehind == nil)
        try machine.change(.started)
        #expect(machine.state.volume(UpdateTests.path("Base-1.1"))?.isSettled == false)
        #expect(machine.state.volume(UpdateTests.path("Base-1.1"))?.carriedFrom == nil)
    }

    /// A layer that a person boots by hand is no longer waited for.
    @Test func aLayerThatIsBootedByHandIsNotStaged() throws {
        var machine = try UpdateTests.machine()
        try machine.updateHost()
        let staged = try #require(StagedLayer(machine.state, names: FakeMachine.names))
        try machine.perform(try staged.opening(machine.state))
        #expect(machine.state.boot.roles(of: "Base-1.1") == ["to be tried when it is complete"])
        machine.state.booted = UpdateTests.path("Base-1.1")
        try machine.change(.started)
        #expect(machine.state.boot.record.staged == nil)
        #expect(machine.state.leftBehind == "Base-0.1")
    }

    /// A layer that cannot be completed is not booted without the late changes.
    @Test func whatCannotBeCompletedIsNotBooted() throws {
        var machine = try UpdateTests.machine()
        try machine.updateHost()
        let staged = try #require(StagedLayer(machine.state, names: FakeMachine.names))
        let before = machine.state.boot.environment
        try machine.perform(try staged.opening(machine.state))
        #expect(UpdateTests.next(machine) == "Base-0.1")
        machine.state.carryFailure = "cannot complete it"
        #expect(
            HostStatus(machine.state, names: FakeMachine.names).warnings == [
                "layer 'Base-1.1' is not complete, and is not booted until it is: cannot complete it"
            ])
        // Not even the record could be written.
        machine.state.boot.environment = before
        #expect(
            HostStatus(machine.state, names: FakeMachine.names).warnings == [
                "layer 'Base-1.1' was not completed: cannot complete it"
            ])
        // The failure does not concern another update.
        machine.clock += 1
        try machine.updateHost()
        #expect(machine.state.carryFailure == nil)
    }

    /// A kernel installed while a layer waits for completion is not tried before or instead of the layer.
    @Test(arguments: UpdateTests.loaders) func aNewKernelDoesNotEndTheWait(loader: BootLoader) throws {
        var machine = try UpdateTests.machine(loader)
        try machine.updateHost()
        let staged = try #require(StagedLayer(machine.state, names: FakeMachine.names))
        try machine.perform(try staged.opening(machine.state))
        var files = FakeMachine.kernel
        files.digest = String(repeating: "d", count: 64)
        try machine.perform(
            try RefreshPlanner.plan(files, from: .running, machine.state, names: FakeMachine.names))
        #expect(machine.state.boot.record.staged == "Base-1.1")
        // A trial set by hand comes after the layer, too.
        try machine.change(.trial("Base-0.1", tries: 2))
        try machine.completeUpdate()
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-1.1", tries: 3))
    }

    @Test func howManyTriesItHasIsKept() throws {
        var machine = try UpdateTests.machine()
        try machine.updateHost()
        machine.state.boot.environment = try BootPlanner.block(
            {
                var record = machine.state.boot.record
                record.trial = BootRecord.Trial(layer: "Base-1.1", tries: 1)
                return record
            }(), machine.state.boot)
        let staged = try #require(StagedLayer(machine.state, names: FakeMachine.names))
        try machine.perform(try staged.opening(machine.state))
        #expect(machine.state.boot.record.trial == nil)
        try machine.completeUpdate()
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-1.1", tries: 1))
        #expect(machine.state.boot.record.stagedTries == nil)
    }

    /// A layer whose kernel failed or that was taken back gets the later changes when it is tried again.
    @Test(arguments: UpdateTests.loaders) func whatIsTriedAgainIsCompletedAgain(loader: BootLoader) throws {
        let layer = UpdateTests.path("Base-1.1")
        for isTakenBack in [false, true] {
            var machine = try UpdateTests.machine(loader)
            try machine.updateHost()
            try machine.completeUpdate()
            if isTakenBack {
                try machine.perform(try RollbackPlanner.takeBack("Base-1.1", machine.state).0)
            } else {
                var record = machine.state.boot.record
                record.trial?.triesLeft = 0
                machine.state.boot.environment = try BootPlanner.block(record, machine.state.boot)
            }
            try machine.change(.started)
            #expect(StagedLayer(machine.state, names: FakeMachine.names) == nil)
            #expect(machine.state.volume(layer)?.isSettled == false)
            machine.contents[UpdateTests.path("Base-0.1")]?.edits = 9
            // Picked in the menu now, the layer reports that it lacks changes.
            var picked = machine
            picked.state.booted = layer
            #expect(HostStatus(picked.state, names: FakeMachine.names).leftBehind == "Base-0.1")
            let plan = try BootPlanner.plan(
                .trial("Base-1.1", tries: 3), machine.state, names: FakeMachine.names)
            #expect(plan.steps.contains(.startUnit(StagedLayer.unit)))
            try machine.perform(plan)
            try machine.completeUpdate()
            #expect(machine.contents[layer]?.carried == 9)
            machine.state.booted = layer
            #expect(HostStatus(machine.state, names: FakeMachine.names).leftBehind == nil)
        }
    }

    private static func way(
        _ machine: FakeMachine, to layer: String? = nil, carriesConfiguration: Bool = false
    ) throws -> RollbackPlanner.Way {
        try RollbackPlanner.way(
            to: layer, carriesConfiguration: carriesConfiguration, machine.state, names: FakeMachine.names)
    }

    @Test func beforeItsFirstBootAnUpdateIsTakenBack() throws {
        var machine = try UpdateTests.machine()
        let before = machine.state.boot.record
        try machine.updateHost()
        try machine.change(.setDefault("Base-1.1"))
        #expect(try Self.way(machine) == .takeBack("Base-1.1"))
        #expect(
            reason { _ = try Self.way(machine, carriesConfiguration: true) }
                == .nothingToCarry(from: "Base-1.1"))
        let (plan, next) = try RollbackPlanner.takeBack("Base-1.1", machine.state)
        try machine.perform(plan)
        #expect(next == "Base-0.1")
        #expect(machine.state.boot.record == before)
        #expect(StagedLayer(machine.state, names: FakeMachine.names) == nil)
    }

    @Test func afterwardsTheLayerBeforeIsTried() throws {
        var machine = try UpdateTests.machine()
        machine.clock += 1
        // A layer that was never booted exists as well.
        try machine.addLayer()
        machine.clock += 1
        try machine.updateHost()
        machine.state.booted = UpdateTests.path("Base-1.1")
        try machine.change(.started)
        try machine.change(.good)
        #expect(try Self.way(machine) == .tryLayer("Base-0.1"))
        #expect(try Self.way(machine, to: "Base-0.2") == .tryLayer("Base-0.2"))
        #expect(reason { _ = try Self.way(machine, to: "Base-1.1") } == .isBooted("Base-1.1"))
        #expect(reason { _ = try Self.way(machine, to: "Base-1") } == .notALayer("Base-1"))
        machine.state.booted = UpdateTests.path("Base-0.1")
        #expect(reason { _ = try Self.way(machine) } == .noOlderLayer(than: "Base-0.1"))
    }
}
