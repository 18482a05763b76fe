import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Updates: the layer booted, refusals, and power cuts at every step.
@Suite struct UpdateTests {
    static let loaders: [BootLoader] = [.grub(directory: "/boot/grub"), .systemdBoot]

    static func path(_ name: String) -> VolumePath { VolumePath(group: "HostVG", name: name) }

    /// A machine that runs from Base-0.1, which came up and was changed since.
    static func machine(_ loader: BootLoader = loaders[0]) throws -> FakeMachine {
        var machine = try FakeMachine.host(loader, layers: 1)
        machine.state.booted = path("Base-0.1")
        try machine.change(.good)
        machine.contents[path("Base-0.1")]?.edits = 3
        machine.journal = []
        machine.stepsDone = 0
        return machine
    }

    static func next(_ machine: FakeMachine) -> String? {
        BootChoice.order(machine.state.boot.record, BootPlanner.entries(machine.state.boot)).first?.layer
    }

    /// A trial that the boot loader could not begin or end is refused.
    @Test func whatWouldNotBeTriedIsRefused() throws {
        var machine = try Self.machine()
        machine.state.boot.grubConfig = nil
        let before = machine
        #expect(reason { try machine.updateHost() } == .layersNotInMenu)
        #expect(machine == before)
        machine = try Self.machine()
        machine.state.boot.fileSystem = "btrfs"
        for change in [BootChange.trial("Base-0.1", tries: 3), .once("Base-0.1")] {
            #expect(
                reason { try machine.change(change) } == .triesNotCounted(fileSystem: "btrfs"))
        }
        #expect(reason { try machine.updateHost() } == .triesNotCounted(fileSystem: "btrfs"))
        machine = try Self.machine(.systemdBoot)
        machine.state.boot.loaderConfig = "default debian\n"
        #expect(reason { try machine.updateHost() } == .layersNotDefault)
        try machine.change(.once("Base-0.1"))
    }

    @Test func whereTheRecordWasLostANewLayerIsNotTheDefault() throws {
        var machine = try Self.machine()
        machine.state.boot.environment = nil
        try machine.addLayer()
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
        machine.state.boot.environment = nil
        try machine.updateHost()
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
        #expect(machine.state.boot.record.trial?.layer == "Base-1.1")
        machine.state.boot.environment = nil
        try machine.change(.good)
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.1", good: "Base-0.1"))
    }

    @Test func whatIsCarriedHasToFit() throws {
        var machine = try Self.machine()
        let index = try #require(machine.state.volumes.firstIndex { $0.name == "ImagePool" })
        machine.state.volumes[index].size = Bytes(100 << 30)
        machine.state.volumes[index].usage = PoolUsage(
            data: 75, metadata: 1, metadataSize: Bytes(1 << 30), chunkSize: Bytes(64 << 10), zeroes: true)
        let from = try #require(machine.state.volume(Self.path("Base-0.1")))
        func refusal(_ written: UInt64, free: UInt64) throws -> HostReason? {
            let order = try CarryOrder(
                from: from, into: Self.path("Base-0.2"), of: Self.path("Base-0"), machine.state)
            let survey = CarrySurvey(report: CarryReport([]), changes: [], written: Bytes(written << 30))
            do throws(HostReason) { try order.check(survey, free: Bytes(free << 30)) } catch { return error }
            return nil
        }
        // 5 GiB stay free.
        #expect(try refusal(20, free: 20) == nil)
        #expect(
            try refusal(30, free: 50)
                == .poolShort(Self.path("ImagePool"), missing: Bytes(10 << 30), of: "data"))
        #expect(try refusal(20, free: 15) == .layerShort("Base-0.2", missing: Bytes(5 << 30)))
        machine.state.volumes[index].usage = nil
        #expect(try refusal(30, free: 50) == nil, "nobody knows")
    }

    @Test(arguments: loaders) func anUpdateIsTriedAndHasWhatWasChanged(loader: BootLoader) throws {
        var machine = try Self.machine(loader)
        try machine.updateHost()
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-1.1", tries: 3))
        #expect(Self.next(machine) == "Base-1.1")
        let layer = try #require(machine.state.volume(Self.path("Base-1.1")))
        #expect(layer.carriedFrom == "Base-0.1")
        #expect(layer.baseName == "Base-1")
        #expect(machine.contents[layer.path]?.carried == 3)
        #expect(machine.state.volume(Self.path("Base-1"))?.isUpdating == false)
        let fstab = String(decoding: machine.contents[layer.path]?.fstab ?? [], as: UTF8.self)
        #expect(fstab.contains("/dev/HostVG/Base-1.1 / "))
    }

    /// Old or new, never a third: Base-0.1 boots until the last step, and the new layer has all changes.
    @Test(arguments: loaders) func whereverThePowerGoesAnotherRunSucceeds(loader: BootLoader) throws {
        let start = try Self.machine(loader)
        try PowerCuts.expectConvergence(from: start) { try $0.updateHost() }
        var whole = start
        try whole.updateHost()
        for steps in 0..<whole.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try cut.updateHost() }
            let next = try #require(Self.next(cut))
            #expect(next == "Base-0.1" || cut.contents[Self.path(next)]?.carried == 3, "cut after \(steps)")
        }
    }

    /// A layer that is in the menu has the packages that were added, wherever the power goes.
    @Test(arguments: loaders) func addedPackagesAreThere(loader: BootLoader) throws {
        var start = try Self.machine(loader)
        let old = Self.path("Base-0.1")
        start.contents[old]?.added = ["tool", "lost"]
        start.contents[old]?.archives = ["tool"]
        try PowerCuts.expectConvergence(from: start) { try $0.updateHost() }
        var whole = start
        try whole.updateHost()
        let new = Self.path("Base-1.1")
        #expect(whole.contents[new]?.installed == ["tool"])
        #expect(whole.contents[new]?.archives == ["tool"])
        for steps in 0..<whole.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try cut.updateHost() }
            if Self.next(cut) == "Base-1.1" { #expect(cut.contents[new]?.installed == ["tool"]) }
        }
        // What comes late is brought along and not installed: no script of a package runs at shutdown.
        whole.contents[old]?.added.insert("late")
        whole.contents[old]?.archives.insert("late")
        try whole.completeUpdate()
        #expect(whole.contents[new]?.installed == ["tool"])
        #expect(whole.contents[new]?.archives == ["tool", "late"])
    }

    @Test func whatTheUpdateWroteIsDebrisUntilItsLayerIsThere() throws {
        var machine = try Self.machine()
        machine.state.volumes.append(
            Volume(
                path: Self.path("Base-1"), size: Bytes(1), tags: [Tag.base, Tag.updating],
                segmentType: "thin",
                pool: "ImagePool"))
        #expect(machine.state.cleaning(FakeMachine.names).steps == [.removeVolume(Self.path("Base-1"))])
        machine.state.volumes.append(
            Volume(
                path: Self.path("Base-1.1"), size: Bytes(1), tags: [Tag.layer, Tag.originPrefix + "Base-1"],
                segmentType: "thin", pool: "ImagePool"))
        #expect(machine.state.cleaning(FakeMachine.names).steps == [])
    }

    @Test func withoutTheOriginalBaseNothingIsBegun() throws {
        var machine = try Self.machine()
        machine.state.volumes.removeAll { $0.name == "Base-0" }
        let before = machine
        #expect(reason { try machine.updateHost() } == .noOriginalBase(layer: "Base-0.1", base: "Base-0"))
        #expect(machine == before)
    }

    @Test func aFullBootIsToldBefore() throws {
        var machine = try Self.machine()
        machine.state.boot.largestPair = Bytes(60 << 20)
        machine.state.boot.free = Bytes(10 << 20)
        let needed = Bytes(61 << 20)
        #expect(reason { try machine.updateHost() } == .bootFull(free: Bytes(10 << 20), needed: needed))
    }

    /// A machine that updated to Base-1.1, which lacks changes of Base-0.1, booted it and stayed.
    private static func updated(left: Int = 1) throws -> FakeMachine {
        var machine = try machine()
        try machine.updateHost()
        machine.clock += 1
        machine.state.booted = path("Base-1.1")
        machine.state.carried = CarryCounts(left: left)
        try machine.change(.started)
        try machine.change(.good)
        machine.stepsDone = 0
        return machine
    }

    @Test func aLayerWithChangesLeftIsKeptUntilTheyAreAcknowledged() throws {
        var machine = try Self.updated()
        let old = Self.path("Base-0.1")
        #expect(machine.state.volume(old)?.isLeftWithChanges == true)
        #expect(try Self.updated(left: 0).state.volume(old)?.isLeftWithChanges == false)
        var status = HostStatus(machine.state, names: FakeMachine.names)
        #expect(status.leftIn == ["Base-0.1"])
        #expect(
            status.lines.contains { $0.hasPrefix("left:       changes in Base-0.1 that were not carried") })
        var kept = machine
        try kept.updateHost()
        #expect(kept.state.volume(old) != nil)
        let (plan, layers) = AcknowledgePlanner.plan(machine.state, names: FakeMachine.names)
        #expect(layers == ["Base-0.1"])
        try machine.perform(plan)
        status = HostStatus(machine.state, names: FakeMachine.names)
        #expect(status.leftIn == [] && !status.lines.contains { $0.hasPrefix("left:") })
        #expect(AcknowledgePlanner.plan(machine.state, names: FakeMachine.names).0.steps == [])
        try machine.updateHost()
        #expect(machine.state.volume(old) == nil)
    }

    @Test func aLayerWithChangesLeftGoesIfItsRoomIsNeeded() throws {
        var machine = try Self.updated()
        let index = try #require(machine.state.volumes.firstIndex { $0.name == "ImagePool" })
        machine.state.volumes[index].size = Bytes(20 << 30)
        machine.state.volumes[index].usage = PoolUsage(
            data: 96, metadata: 1, metadataSize: Bytes(1 << 30), chunkSize: Bytes(64 << 10), zeroes: true)
        let pool = machine.state.volumes[index]
        machine.roomOfBase = 10
        machine.journal = []
        try PowerCuts.expectConvergence(from: machine) { try $0.updateHost() }
        try machine.updateHost()
        #expect(machine.state.volume(Self.path("Base-0.1")) == nil)
        #expect(machine.state.volume(Self.path("Base-2.1")) != nil)
        #expect(machine.journal.contains(.warning))
        // Without such a layer, or if its removal is not enough, nothing is removed.
        var other = try Self.updated(left: 0)
        other.state.volumes[index] = pool
        try other.change(.setDefault("Base-1.1"))
        other.state.boot.free = Bytes(1)
        other.state.boot.largestPair = Bytes(60 << 20)
        let before = other
        #expect(throws: HostRefusal.self) { try other.updateHost() }
        #expect(other == before)
    }

    /// The administrator's changes to the entry are carried like those in files, onto the image's entry.
    @Test func argumentsAreCarried() throws {
        var machine = FakeMachine()
        machine.arguments = "quiet audit=1 console=ttyS0"
        machine.state.boot.runningArguments = "single"
        try machine.initialize()
        try machine.addBase()
        try machine.addLayer()
        machine.state.booted = Self.path("Base-0.1")
        try machine.change(.arguments(of: "Base-0.1", add: ["mine=1"], remove: ["quiet"]))
        machine.arguments = "quiet audit=0 new"
        try machine.updateHost()
        let entry = try #require(BootPlanner.entry(of: "Base-1.1", machine.state.boot))
        #expect(entry.options.foreign.words == ["audit=0", "new", "mine=1"])
        #expect(BootEntry(layer: "Base-1.1", text: entry.text) == entry)
    }

    /// Arguments typed in the menu for one boot, or added by the boot loader, do not belong to a layer.
    @Test func argumentsOfOneBootAreNotCarried() throws {
        var machine = FakeMachine()
        machine.state.boot.runningArguments =
            "quiet \(BootArguments.trial.joined(separator: " "))"
        try machine.initialize()
        try machine.addBase()
        try machine.addLayer()
        machine.state.booted = Self.path("Base-0.1")
        #expect(
            BootPlanner.entry(of: "Base-0.1", machine.state.boot)?.options.foreign.words == ["quiet"])
        machine.state.boot.runningArguments = "quiet systemd.unit=rescue.target"
        try machine.updateHost()
        #expect(
            BootPlanner.entry(of: "Base-1.1", machine.state.boot)?.options.foreign.words == ["quiet"])
    }

    /// The booted layer is in the menu, whatever was cut short later.
    @Test(arguments: loaders) func aLayerThatIsBootedIsComplete(loader: BootLoader) throws {
        let start = try Self.machine(loader)
        var whole = start
        try whole.updateHost()
        var booted = 0
        for steps in 0..<whole.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try cut.updateHost() }
            guard Self.next(cut) == "Base-1.1" else { continue }
            booted += 1
            cut.power = .max
            cut.state.booted = Self.path("Base-1.1")
            try cut.change(.started)
            try cut.change(.good)
            try cut.change(.arguments(of: "Base-1.1", add: ["mine"], remove: []))
            let done = cut
            #expect(LayerPlanner.unfinished(cut.state, names: FakeMachine.names) == [])
            try cut.recover()
            #expect(cut.state == done.state, "cut after \(steps)")
        }
        #expect(booted > 1)
    }

    /// Finished from the other layer, the layer keeps its known state and its changes.
    @Test func whatIsFinishedLateKeepsItsEntry() throws {
        var machine = try Self.machine()
        try machine.updateHost()
        try machine.change(.arguments(of: "Base-1.1", add: ["mine"], remove: []))
        for index in machine.state.volumes.indices where machine.state.volumes[index].name == "Base-1.1" {
            machine.state.volumes[index].tags.insert(Tag.unlisted)
        }
        let entries = machine.state.boot.entries
        try machine.recover()
        #expect(machine.state.boot.entries == entries)
    }

    /// A kernel installed meanwhile does not end the update's trial.
    @Test func anotherKernelDoesNotEndATrial() throws {
        var machine = try Self.machine()
        try machine.updateHost()
        let trial = machine.state.boot.record.trial
        var files = FakeMachine.kernel
        files.digest = String(repeating: "c", count: 64)
        try machine.perform(
            try RefreshPlanner.plan(files, from: .running, machine.state, names: FakeMachine.names))
        #expect(machine.state.boot.record.trial == trial)
        #expect(StagedLayer(machine.state, names: FakeMachine.names)?.path.name == "Base-1.1")
    }

    /// The booted layer becomes good, although another update already waits for its trial.
    @Test func anUpdateInATrialLeavesTheOneThatCameUp() throws {
        var machine = try Self.machine()
        try machine.updateHost()
        machine.state.booted = Self.path("Base-1.1")
        machine.state.boot.runningArguments = "rd.imgbased.reason=trial"
        try machine.change(.started)
        let other = BootRecord.Trial(layer: "Base-0.1", tries: 3)
        try machine.change(.trial(other.layer, tries: 3))
        try machine.change(.good)
        #expect(machine.state.boot.record.defaultLayer == "Base-1.1")
        #expect(machine.state.boot.record.trial == other)
    }

    /// The kernel that a cut update has stored is no reason to refuse the same update.
    @Test func whatACutUpdateStoredDoesNotFillBoot() throws {
        var machine = try Self.machine()
        machine.state.boot.digests.insert(String(repeating: "d", count: 64))
        machine.state.boot.largestPair = Bytes(60 << 20)
        machine.state.boot.free = Bytes(10 << 20)
        let cleaning = machine.state.cleaning(FakeMachine.names)
        #expect(
            cleaning.steps == [
                .removeBootFiles([String(repeating: "d", count: 64)], directory: "/boot/imgbased")
            ])
        let state = machine.state.cleaned(FakeMachine.names)
        try UpdatePlanner.check(state, names: FakeMachine.names, from: Self.path("Base-0.1"))
    }
}
