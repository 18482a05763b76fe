import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A kernel that the package manager installs in the booted layer, on a machine with two layers.
@Suite struct RefreshTests {
    private static let new = BootFiles(
        version: "6.2", linux: "/boot/vmlinuz-6.2", initrd: "/boot/initrd.img-6.2",
        digest: String(repeating: "b", count: 64), size: Bytes(60 << 20))

    private static func machine(booted: String = "Base-0.1") throws -> FakeMachine {
        var machine = try FakeMachine.host(layers: 2)
        machine.settle(on: "Base-0.1")
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: booted)
        return machine
    }

    private static func plan(_ machine: FakeMachine, _ files: BootFiles = new) throws -> Plan {
        try RefreshPlanner.plan(files, from: .running, machine.state, names: FakeMachine.names)
    }

    @Test func theEntryFollows() throws {
        var machine = try Self.machine()
        let before = machine.state.boot.entries
        try machine.perform(Self.plan(machine))
        let text = try #require(machine.state.boot.entries["Base-0.1"])
        let entry = try #require(BootEntry(layer: "Base-0.1", text: text))
        #expect(entry.version == "6.2")
        #expect(entry.linux == "/imgbased/\(Self.new.digest)/linux")
        #expect(entry.initrd == "/imgbased/\(Self.new.digest)/initrd")
        #expect(machine.state.boot.menu?.contains(Self.new.digest) == true)
        #expect(machine.state.boot.entries["Base-0.2"] == before["Base-0.2"])
        // The other layer has the old kernel.
        #expect(machine.state.boot.digests == [Self.new.digest, FakeMachine.kernel.digest])
        // The layer is the default, with a kernel that has never booted.
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-0.1", tries: 3))
        #expect(try Self.plan(machine).steps.isEmpty)
        // Removed again.
        try machine.perform(Self.plan(machine, FakeMachine.kernel))
        #expect(machine.state.boot.entries == before)
        #expect(machine.state.boot.digests == [FakeMachine.kernel.digest])
    }

    /// A power cut came after the entry was exchanged; there is nothing else to do.
    @Test func whatAnInterruptedRunLeftGoes() throws {
        var machine = try Self.machine()
        try machine.perform(Self.plan(machine))
        machine.state.boot.leftovers = ["/boot/imgbased/.staging/imgbased.cfg"]
        let removal = Step.removeBootFiles([".staging/imgbased.cfg"], directory: "/boot/imgbased")
        #expect(try Self.plan(machine).steps == [removal])
        let record = try BootPlanner.plan(.setDefault("Base-0.1"), machine.state, names: FakeMachine.names)
        #expect(record.steps.contains(removal))
    }

    @Test func aLayerThatIsNotTheDefaultIsNotTried() throws {
        var machine = try Self.machine(booted: "Base-0.2")
        try machine.perform(Self.plan(machine))
        #expect(machine.state.boot.record.trial == nil)
    }

    /// A trial with uncounted tries is not begun, and would not test the kernel.
    @Test func whereTriesAreNotCountedItIsNotTried() throws {
        var machine = try Self.machine()
        machine.state.boot.fileSystem = "btrfs"
        try machine.perform(Self.plan(machine))
        #expect(machine.state.boot.entries["Base-0.1"]?.contains(Self.new.digest) == true)
        #expect(machine.state.boot.record.trial == nil)
    }

    @Test func whatIsThrownAwayGetsNoKernel() throws {
        var machine = try Self.machine()
        machine.state.earlyBoot = HostStatus.EarlyBoot(
            layer: "Base-0.1", mode: .volatile, degraded: nil, fallbacks: [])
        #expect(try Self.plan(machine).steps.map(\.verb) == ["tell"])
    }

    /// Cut at any step, the entry boots an existing kernel, and the next run ends like an uncut one.
    @Test func aPowerCutLosesNothing() throws {
        var whole = try Self.machine()
        try whole.perform(Self.plan(whole))
        for steps in 0..<(try Self.steps) {
            var machine = try Self.machine()
            machine.power = steps
            #expect(throws: PowerCut.self) { try machine.perform(Self.plan(machine)) }
            for (layer, text) in machine.state.boot.entries {
                let linux = try #require(BootEntry(layer: layer, text: text)).linux
                #expect(machine.state.boot.digests.contains { linux.contains($0) })
            }
            machine.power = .max
            try machine.perform(Self.plan(machine))
            #expect(machine.state.boot.entries == whole.state.boot.entries)
            #expect(machine.state.boot.menu == whole.state.boot.menu)
            #expect(machine.state.boot.digests == whole.state.boot.digests)
        }
    }

    private static var steps: Int {
        get throws { try plan(machine()).steps.count }
    }

    @Test func nothingIsRemovedWhereAnEntryCannotBeRead() throws {
        var machine = try Self.machine()
        machine.state.boot.digests.insert("c")
        machine.state.boot.entries["Base-0.2"] = "title damaged"
        try machine.perform(Self.plan(machine))
        #expect(machine.state.boot.digests.contains("c"))
        machine.state.boot.entries["Base-0.2"] = nil
        try machine.perform(Self.plan(machine))
        #expect(machine.state.boot.digests == [Self.new.digest])
    }

    @Test func refuses() throws {
        var machine = try Self.machine()
        machine.state.boot.free = Bytes(10 << 20)
        #expect(
            throws: HostRefusal(
                RefreshPlanner.goal, .bootFull(free: Bytes(10 << 20), needed: Bytes(61 << 20)))
        ) {
            try Self.plan(machine)
        }
        machine.state.booted = nil
        #expect(throws: HostRefusal(RefreshPlanner.goal, .notOnALayer)) { try Self.plan(machine) }
    }
}
