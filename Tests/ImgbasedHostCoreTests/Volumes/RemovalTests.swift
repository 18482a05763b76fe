import ImgbasedCore
import ImgbasedHostCore
import Testing

/// Removal of layers and bases: refusals, the record, and power cuts at every step.
@Suite struct RemovalTests {
    static let otherKernel = BootFiles(
        version: "6.2", linux: "/boot/vmlinuz-6.2", initrd: "/boot/initrd.img-6.2",
        digest: String(repeating: "b", count: 64), size: Bytes(60 << 20))

    static func path(_ name: String) -> VolumePath { VolumePath(group: "HostVG", name: name) }

    /// Two bases with two layers each; the default is Base-0.1, and Base-1.1 has its own kernel.
    static func machine(_ loader: BootLoader = .grub(directory: "/boot/grub")) throws -> FakeMachine {
        var machine = FakeMachine()
        machine.state.boot.loader = loader
        try machine.initialize()
        for kernel in [FakeMachine.kernel, otherKernel] {
            machine.kernel = kernel
            try machine.addBase()
            machine.clock += 1
            for _ in 0..<2 {
                try machine.addLayer()
                machine.clock += 1
            }
        }
        machine.settle(on: "Base-0.1")
        return machine
    }

    static let loaders: [BootLoader] = [.grub(directory: "/boot/grub"), .systemdBoot]

    private func reason(_ target: RemovalPlanner.Target, _ state: HostState, isForced: Bool = false)
        -> HostReason?
    {
        do throws(HostRefusal) {
            _ = try RemovalPlanner(target, isForced: isForced).plan(state, names: FakeMachine.names)
            return nil
        } catch {
            return error.reason
        }
    }

    // MARK: power cuts

    @Test(arguments: loaders) func aLayerGoes(loader: BootLoader) throws {
        let start = try Self.machine(loader)
        try PowerCuts.expectConvergence(from: start) { try $0.remove(.layer("Base-0.2")) }
        var machine = start
        try machine.remove(.layer("Base-0.2"))
        #expect(
            Layout(machine.state.volumes, group: "HostVG").layers.map(\.name) == [
                "Base-0.1", "Base-1.1", "Base-1.2",
            ])
        #expect(Set(machine.state.boot.entries.keys) == ["Base-0.1", "Base-1.1", "Base-1.2"])
        #expect(machine.state.boot.digests.count == 2)
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
    }

    @Test(arguments: loaders) func aBaseGoesWithItsLayersAndTheirKernel(loader: BootLoader) throws {
        let start = try Self.machine(loader)
        try PowerCuts.expectConvergence(from: start) { try $0.remove(.base("Base-1")) }
        var machine = start
        try machine.remove(.base("Base-1"))
        let layout = Layout(machine.state.volumes, group: "HostVG")
        #expect(layout.lines(booted: nil) == ["Base-0", " +- Base-0.1", " +- Base-0.2"])
        #expect(machine.state.boot.digests == [FakeMachine.kernel.digest])
    }

    @Test(arguments: loaders) func whatIsRecordedGoesByForce(loader: BootLoader) throws {
        var start = try Self.machine(loader)
        try start.change(.once("Base-0.2"))
        try start.change(.trial("Base-0.1", tries: 3))
        start.state.booted = Self.path("Base-0.2")
        try start.change(.good)
        start.state.booted = Self.path("Base-1.1")
        try PowerCuts.expectConvergence(from: start) { try $0.remove(.base("Base-0"), isForced: true) }
        var machine = start
        try machine.remove(.base("Base-0"), isForced: true)
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-1.2"))
    }

    @Test func aBaseWithoutLayers() throws {
        var start = try Self.machine()
        try start.addBase()
        try PowerCuts.expectConvergence(from: start) { try $0.remove(.base("Base-2")) }
    }

    @Test func theDefaultIsTheGoodOneWhereThatIsLeft() throws {
        var machine = try Self.machine()
        machine.state.booted = Self.path("Base-0.2")
        try machine.change(.good)
        try machine.remove(.layer("Base-0.1"), isForced: true)
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.2", good: "Base-0.2"))
    }

    // MARK: half-removed bases

    @Test func nothingNewIsMadeOfWhatGoes() throws {
        var machine = try Self.machine()
        // The check of the menu, and the mark.
        machine.power = 4
        #expect(throws: PowerCut.self) { try machine.remove(.base("Base-1")) }
        machine.power = .max
        #expect(machine.state.volumes.filter(\.isMarkedForRemoval).map(\.name) == ["Base-1"])
        let layout = Layout(machine.state.volumes, group: "HostVG")
        #expect(
            layout.lines(booted: nil) == [
                "Base-0", " +- Base-0.1", " +- Base-0.2", "Base-1 (being removed)",
                " +- Base-1.1 (being removed)",
                " +- Base-1.2 (being removed)",
            ])
        #expect(layout.latestBase?.name == "Base-0")
        #expect(layout.latestLayer?.name == "Base-0.2")
        #expect(layout.latest?.name == "Base-0.2")
        func refusal(_ body: () throws(HostRefusal) -> Void) -> HostReason? {
            do throws(HostRefusal) {
                try body()
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(
            refusal { () throws(HostRefusal) in
                _ = try LayerPlanner(source: "Base-1.1", uuid: "u").begin(
                    machine.state, names: FakeMachine.names)
            } == .isBeingRemoved("Base-1.1"))
        for change in [BootChange.setDefault("Base-1.1"), .once("Base-1.1"), .trial("Base-1.1", tries: 1)] {
            #expect(
                refusal { () throws(HostRefusal) in
                    _ = try BootPlanner.plan(change, machine.state, names: FakeMachine.names)
                } == .isBeingRemoved("Base-1.1"))
        }
        // If the layer was booted meanwhile, its system can still report that it is good.
        machine.state.booted = Self.path("Base-1.1")
        try machine.change(.good)
        #expect(machine.state.boot.record.good == "Base-1.1")
        #expect(reason(.base("Base-1"), machine.state, isForced: true) == .isBooted("Base-1.1"))
    }

    // MARK: refusals

    @Test func refusesWhatIsNeeded() throws {
        var machine = try Self.machine()
        machine.state.booted = Self.path("Base-1.1")
        try machine.change(.good)
        try machine.change(.once("Base-0.2"))
        try machine.change(.trial("Base-1.2", tries: 1))
        let state = machine.state
        for isForced in [false, true] {
            #expect(reason(.layer("Base-1.1"), state, isForced: isForced) == .isBooted("Base-1.1"))
            #expect(reason(.base("Base-1"), state, isForced: isForced) == .isBooted("Base-1.1"))
        }
        #expect(reason(.layer("Base-0.1"), state) == .isNeeded("Base-0.1", as: ["the default"]))
        #expect(reason(.layer("Base-0.2"), state) == .isNeeded("Base-0.2", as: ["to be booted once"]))
        #expect(reason(.layer("Base-1.2"), state) == .isNeeded("Base-1.2", as: ["on trial"]))
        #expect(reason(.base("Base-0"), state) == .isNeeded("Base-0.1", as: ["the default"]))
        for target in [RemovalPlanner.Target.layer("Base-0.1"), .layer("Base-1.2"), .base("Base-0")] {
            #expect(reason(target, state, isForced: true) == nil)
        }
        machine.state.booted = Self.path("Base-0.2")
        #expect(reason(.layer("Base-1.1"), machine.state) == .isNeeded("Base-1.1", as: ["the last good one"]))
        // A trial that is over needs nothing.
        machine.state.booted = Self.path("Base-1.2")
        try machine.change(.bad())
        machine.state.booted = Self.path("Base-1.1")
        #expect(reason(.layer("Base-1.2"), machine.state) == nil)
    }

    @Test func refusesWhatIsNotThere() throws {
        let state = try Self.machine().state
        #expect(reason(.layer("Base-9.1"), state) == .unknown("Base-9.1"))
        #expect(reason(.layer("Base-0"), state) == .notALayer("Base-0"))
        #expect(reason(.layer("Config"), state) == .unknown("Config"))
        #expect(reason(.layer("ImagePool"), state) == .unknown("ImagePool"))
        #expect(reason(.base("Base-0.1"), state) == .notABase("Base-0.1"))
        #expect(reason(.base("Base-9"), state) == .unknown("Base-9"))
    }

    @Test func refusesWhatIsPinnedInUseOrAnOrigin() throws {
        var state = try Self.machine().state
        func set(_ name: String, _ change: (inout Volume) -> Void) {
            for index in state.volumes.indices where state.volumes[index].name == name {
                change(&state.volumes[index])
            }
        }
        set("Base-1") { $0.tags.insert(Tag.pinned) }
        #expect(reason(.base("Base-1"), state) == .isPinned("Base-1"))
        #expect(reason(.layer("Base-1.1"), state) == .isPinned("Base-1"))
        #expect(reason(.base("Base-1"), state, isForced: true) == nil)
        set("Base-1.1") { $0.isOpen = true }
        #expect(reason(.base("Base-1"), state, isForced: true) == .isOpen(Self.path("Base-1.1")))
        #expect(reason(.layer("Base-1.1"), state, isForced: true) == .isOpen(Self.path("Base-1.1")))
        // An administrator's snapshot in the same pool is independent; one outside is not.
        var snapshot = Volume(
            path: Self.path("mine"), size: Bytes(1), segmentType: "thin", pool: "ImagePool",
            origin: "Base-0.2")
        state.volumes.append(snapshot)
        #expect(reason(.layer("Base-0.2"), state) == nil)
        snapshot.segmentType = "linear"
        snapshot.pool = nil
        state.volumes[state.volumes.count - 1] = snapshot
        for isForced in [false, true] {
            #expect(
                reason(.layer("Base-0.2"), state, isForced: isForced)
                    == .isOrigin(Self.path("Base-0.2"), of: ["mine"]))
        }
        snapshot.segmentType = "thin"
        snapshot.pool = "OtherPool"
        state.volumes[state.volumes.count - 1] = snapshot
        #expect(reason(.layer("Base-0.2"), state) == .isOrigin(Self.path("Base-0.2"), of: ["mine"]))
    }

    @Test func refusesWhereBootIsNotMounted() throws {
        var state = try Self.machine().state
        state.boot.isMissing = true
        #expect(reason(.layer("Base-0.2"), state) == .bootNotMounted)
    }

    // MARK: pins

    @Test func pinsABase() throws {
        var machine = try Self.machine()
        func refusal(_ name: String, isPinned: Bool) -> HostReason? {
            do throws(HostRefusal) {
                _ = try PinPlanner.plan(name, isPinned: isPinned, machine.state, names: FakeMachine.names)
                return nil
            } catch {
                return error.reason
            }
        }
        func pin(_ isPinned: Bool) throws -> Plan {
            let plan = try PinPlanner.plan(
                "Base-1", isPinned: isPinned, machine.state, names: FakeMachine.names)
            try machine.perform(plan)
            return plan
        }
        #expect(try pin(false).steps.isEmpty)
        #expect(
            try pin(true).lines().last == "    + /usr/sbin/lvchange --addtag imgbased:pinned HostVG/Base-1")
        #expect(try pin(true).steps.isEmpty)
        let layout = Layout(machine.state.volumes, group: "HostVG")
        #expect(layout.lines(booted: nil).contains("Base-1 (pinned)"))
        #expect(try pin(false).steps == [.unpin(Self.path("Base-1"))])
        #expect(refusal("Base-1.1", isPinned: true) == .notABase("Base-1.1"))
        #expect(refusal("Base-7", isPinned: false) == .unknown("Base-7"))
    }

    // MARK: the plan

    @Test func theOrderIsMarkRecordMenuEntryKernelVolume() throws {
        let state = try Self.machine().state
        let plan = try RemovalPlanner(.base("Base-1"), isForced: false).plan(state, names: FakeMachine.names)
            .0
        #expect(
            plan.steps.map(\.verb) == [
                "checkScript", "checkScript", "checkScript", "beginRemoval", "replaceFile", "replaceFile",
                "replaceFile", "removeEntry",
                "removeEntry", "removeBootFiles", "removeVolume", "removeVolume", "removeVolume",
            ])
        #expect(plan.commit == [.beginRemoval(Self.path("Base-1"))])
        #expect(
            plan.cleanup.suffix(3) == ["Base-1.1", "Base-1.2", "Base-1"].map { .removeVolume(Self.path($0)) })
        let lines = plan.lines()
        #expect(lines.contains("    + /usr/sbin/lvchange --addtag imgbased:removing HostVG/Base-1"))
        #expect(lines.contains("    rm /boot/loader/entries/imgbased-Base-1.1.conf"))
        #expect(lines.contains("    flush the file system of /boot/loader/entries"))
        #expect(lines.contains("    + /usr/sbin/lvremove --yes HostVG/Base-1.1"))
    }
}
