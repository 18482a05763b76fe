import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The first layers of a host that runs from no layer: the host's former boot stays available.
@Suite struct FirstLayerTests {
    /// GRUB's change of the record after `tries` tries.
    private static func use(_ tries: Int, _ machine: inout FakeMachine) throws {
        var record = machine.state.boot.record
        record.trial?.triesLeft -= tries
        machine.state.boot.environment = try BootPlanner.block(record, machine.state.boot)
    }

    private static func boot(_ layer: String, _ machine: inout FakeMachine) throws {
        try use(1, &machine)
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: layer)
        machine.state.boot.runningArguments = "rd.imgbased.reason=trial"
    }

    @Test func isOnTrialAndNotTheDefault() throws {
        let machine = try FakeMachine.host(layers: 2)
        let record = machine.state.boot.record
        #expect(record.trial == BootRecord.Trial(layer: "Base-0.1", tries: 3))
        #expect(record.leavesDefault && record.defaultLayer == nil)
        let status = machine.status
        #expect(status.next == BootChoice(layer: "Base-0.1", reason: .trial))
        #expect(
            status.lines.contains(
                "default:    what the boot loader has besides layers, until one has come up healthy"))
        #expect(machine.state.boot.roles(of: "Base-0.1") == ["on trial"])
        #expect(machine.state.boot.roles(of: "Base-0.2").isEmpty)
    }

    @Test func isTheDefaultWhenItHasComeUp() throws {
        var machine = try FakeMachine.host(layers: 2)
        try Self.boot("Base-0.1", &machine)
        try machine.change(.started)
        try machine.change(.good)
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.1", good: "Base-0.1"))
        #expect(GRUBEnvironment(machine.state.boot.environment ?? [])["imgbased_besides"] == nil)
        // From now on a failing layer gives way to this one.
        #expect(
            BootChoice.order(machine.state.boot.record, BootPlanner.entries(machine.state.boot)).map(\.layer)
                == ["Base-0.1", "Base-0.2"])
    }

    @Test func givesWayToWhatWasThereWhenItsTriesAreUsedUp() throws {
        var machine = try FakeMachine.host(layers: 2)
        try Self.use(3, &machine)
        let status = machine.status
        #expect(status.next == nil)
        #expect(status.defaultLayer == nil)
        #expect(status.lines.contains("next boot:  what the boot loader has besides layers"))
        #expect(
            status.warnings == [
                "layer 'Base-0.1' did not come up in 3 of 3 tries: 3 ended in the boot loader, the kernel or the initramfs"
            ])
        // The next layer is tried, and others only after that.
        try machine.addLayer()
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-0.3", tries: 3))
        try machine.addLayer()
        #expect(machine.state.boot.record.trial?.layer == "Base-0.3")
        try machine.remove(.layer("Base-0.3"), isForced: true)
        #expect(machine.state.boot.record.leavesDefault)
        #expect(machine.status.next == nil)
    }

    @Test func goesBackToWhatWasThereWhenItIsBad() throws {
        var machine = try FakeMachine.host(layers: 1)
        try Self.boot("Base-0.1", &machine)
        let plan = try BootPlanner.plan(
            .bad("check 'x' failed", goesBack: true), machine.state, names: FakeMachine.names)
        #expect(plan.steps.last == .restart)
        #expect(plan.steps.contains { "\($0)".contains("going back to what is booted besides layers") })
        try machine.change(.bad("check 'x' failed"))
        machine.state.booted = nil
        #expect(
            machine.status.warnings == ["layer 'Base-0.1' was tried and is bad: check 'x' failed"])
        #expect(machine.status.next == nil)
    }

    @Test func aDefaultThatIsSetIsTriedFirst() throws {
        var machine = try FakeMachine.host(layers: 2)
        try machine.change(.setDefault("Base-0.2"))
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-0.2", tries: 3))
        #expect(machine.state.boot.record.leavesDefault)
        // If tries cannot be counted, the request counts.
        machine.state.boot.fileSystem = "btrfs"
        try machine.change(.setDefault("Base-0.2"))
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.2"))
        // A system that runs from a layer has already booted one.
        machine = try FakeMachine.host(layers: 2)
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: "Base-0.1")
        try machine.change(.setDefault("Base-0.2"))
        #expect(machine.state.boot.record.defaultLayer == "Base-0.2")
    }
}
