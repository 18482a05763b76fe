import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A host that was laid out by oVirt's imgbased: its volumes have no more than their roles as tags, and its
/// boot entries are another program's.
@Suite struct OVirtTests {
    private static let layer = VolumePath(group: "HostVG", name: "node-4.5.1-1+1")

    private static func machine() throws -> FakeMachine {
        var machine = FakeMachine()
        try machine.initialize()
        func add(_ name: String, _ tags: Set<String>, origin: String? = nil) {
            var volume = Volume(
                path: VolumePath(group: "HostVG", name: name), size: Bytes(1 << 30), tags: tags,
                created: machine.clock, segmentType: "thin", pool: "ImagePool")
            volume.origin = origin
            machine.state.volumes.append(volume)
            machine.contents[volume.path] = FakeMachine.Contents(uuid: "layer-uuid")
        }
        add("root", ["imgbased:init"])
        add("node-4.5.1-1", [Tag.layer], origin: "root")
        machine.clock += 1
        add("node-4.5.1-1+1", [Tag.layer], origin: "node-4.5.1-1")
        machine.contents[VolumePath(group: "HostVG", name: "node-4.5.1-1")]?.isWritable = false
        machine.clock += 1
        machine.state.booted = layer
        machine.state.boot.runningArguments =
            "BOOT_IMAGE=/node-4.5.1-1+1/vmlinuz-6.1 ro root=/dev/HostVG/node-4.5.1-1+1 crashkernel=auto "
            + "rd.lvm.lv=HostVG/node-4.5.1-1+1 rd.lvm.lv=HostVG/swap boot=UUID=b rootflags=discard "
            + "img.bootid=node-4.5.1-1+1"
        return machine
    }

    @Test func itsVolumesAreKnown() throws {
        let machine = try Self.machine()
        #expect(
            Layout(machine.state.volumes, group: "HostVG").lines(booted: Self.layer) == [
                "node-4.5.1-1", " +- node-4.5.1-1+1 (booted)",
            ])
        let findings = BootAudit(machine.state, names: FakeMachine.names, BootAudit.Findings()).problems
        #expect(!findings.contains { $0.contains("node-4.5.1-1+1") })
    }

    /// The entry that booted the host stays the way back.
    @Test func anUpdateIsTriedBesidesItsEntry() throws {
        var machine = try Self.machine()
        try machine.updateHost()
        let record = machine.state.boot.record
        #expect(record.trial == BootRecord.Trial(layer: "Base-0.1", tries: 3))
        #expect(record.leavesDefault && record.defaultLayer == nil)
        #expect(
            machine.state.volume(VolumePath(group: "HostVG", name: "Base-0.1"))?.carriedFrom
                == Self.layer.name)
        let entry = try #require(BootPlanner.entries(machine.state.boot).first)
        #expect(entry.options.words.suffix(3) == ["ro", "crashkernel=auto", "boot=UUID=b"])
        // However many bases are to be kept, another program's entry boots this one.
        machine.state.booted = VolumePath(group: "HostVG", name: "Base-0.1")
        machine.state.boot.runningArguments = "rd.imgbased.reason=trial"
        try machine.change(.started)
        try machine.change(.good)
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.1", good: "Base-0.1"))
        let names = FakeMachine.names
        #expect(KeepPolicy(keep: 1).removals(machine.state, names: names, adding: true).isEmpty)
    }

    @Test func itsLayerGetsAnEntryOfOurs() throws {
        var machine = try Self.machine()
        let names = FakeMachine.names
        try machine.perform(
            try RefreshPlanner.plan(FakeMachine.kernel, from: .running, machine.state, names: names))
        let entry = try #require(BootPlanner.entries(machine.state.boot).first)
        #expect(entry.layer == Self.layer.name)
        #expect(entry.options.words.prefix(3) == BootArguments.own(layer: Self.layer).prefix(3))
        #expect(!entry.options.words.contains { $0.contains("img.bootid") })
        // It changes nothing in what boots next.
        #expect(machine.state.boot.record.leavesDefault && machine.state.boot.record.trial == nil)
        #expect(machine.status.next == nil)
        let again = try RefreshPlanner.plan(FakeMachine.kernel, from: .running, machine.state, names: names)
        #expect(again.steps.isEmpty)
        try machine.updateHost()
        #expect(machine.state.boot.record.leavesDefault)
        #expect(machine.state.boot.record.trial?.layer == "Base-0.1")
        // A layer of ours gets no entry by this: its own was removed.
        machine.state.booted = VolumePath(group: "HostVG", name: "Base-0.1")
        machine.state.boot.entries["Base-0.1"] = nil
        #expect(
            reason {
                _ = try RefreshPlanner.plan(FakeMachine.kernel, from: .running, machine.state, names: names)
            } == .noEntry("Base-0.1"))
    }

    @Test func anInterruptedUpdateConverges() throws {
        var whole = try Self.machine()
        let start = whole
        try whole.updateHost()
        for power in 0..<(whole.stepsDone - start.stepsDone) {
            var cut = start
            cut.power = power
            #expect(throws: PowerCut.self) { try cut.updateHost() }
            cut.power = .max
            try cut.updateHost()
            (cut.power, cut.stepsDone) = (whole.power, whole.stepsDone)
            #expect(cut == whole, "cut after \(power)")
        }
    }
}
