import ImgbasedCore
import ImgbasedHostCore
import Testing

/// Debris of interrupted runs is found, and nothing else.
@Suite struct DebrisTests {
    private typealias Removals = RemovalTests

    private static func path(_ name: String) -> VolumePath { RemovalTests.path(name) }

    private func items(_ machine: FakeMachine) throws -> [Debris.Item] {
        try Debris(machine.state, names: FakeMachine.names).items
    }

    // MARK: power cuts

    @Test(arguments: Removals.loaders) func recoversFromWhateverWasCut(loader: BootLoader) throws {
        let start = try Removals.machine(loader)
        #expect(try items(start).isEmpty)
        try PowerCuts.expectRecovery(
            from: start, { try $0.remove(.layer("Base-0.2")) }, by: { try $0.recover() })
        try PowerCuts.expectRecovery(
            from: start, { try $0.remove(.base("Base-1")) }, by: { try $0.recover() })
        try PowerCuts.expectRecovery(
            from: start, { try $0.remove(.base("Base-0"), isForced: true) }, by: { try $0.recover() })
        try PowerCuts.expectRecovery(from: start, { try $0.addBase() }, by: { try $0.recover() })
        // With its own kernel, which is debris if the layer is never completed.
        var fresh = start
        fresh.kernel.digest = String(repeating: "c", count: 64)
        try PowerCuts.expectRecovery(from: fresh, { try $0.addLayer() }, by: { try $0.recover() })
    }

    @Test func doneTwiceIsDoneOnce() throws {
        var machine = try Removals.machine()
        machine.power = 4
        #expect(throws: PowerCut.self) { try machine.remove(.base("Base-1")) }
        machine.power = .max
        #expect(try items(machine) == [.removal(Self.path("Base-1"))])
        try machine.recover()
        let once = machine
        try machine.recover()
        #expect(machine == once)
        #expect(try items(machine).isEmpty)
    }

    // MARK: one by one

    @Test func keepsWhatIsBooted() throws {
        var machine = try Removals.machine()
        let start = machine
        machine.power = 4
        #expect(throws: PowerCut.self) { try machine.remove(.base("Base-0"), isForced: true) }
        machine.power = .max
        machine.state.booted = Self.path("Base-0.1")
        #expect(try items(machine) == [.removalOfBooted(Self.path("Base-0"))])
        try machine.recover()
        #expect(machine.state.volumes == start.state.volumes)
        #expect(machine.state.boot == start.state.boot)
    }

    @Test func removesEntriesAndRecordsOfLayersThatAreGone() throws {
        var machine = try Removals.machine()
        // An administrator's lvremove.
        machine.state.volumes.removeAll { $0.name == "Base-0.1" || $0.name.hasPrefix("Base-1.") }
        #expect(
            try items(machine) == [
                .orphan(layer: "Base-0.1"), .orphan(layer: "Base-1.1"), .orphan(layer: "Base-1.2"),
                .recorded(layer: "Base-0.1", as: ["default"]),
            ])
        try machine.recover()
        #expect(Array(machine.state.boot.entries.keys) == ["Base-0.2"])
        #expect(machine.state.boot.menu?.contains("Base-1.1") == false)
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.2"))
        #expect(machine.state.boot.digests == [FakeMachine.kernel.digest])
    }

    @Test func leavesAloneWhatIsNotOurs() throws {
        var machine = try Removals.machine()
        let text = try #require(machine.state.boot.entries["Base-0.1"])
        // An entry of a layer in another group, and one written by hand.
        machine.state.boot.entries["Base-7.1"] = text.replacing("HostVG", with: "OtherVG")
            .replacing("Base-0.1", with: "Base-7.1")
        machine.state.boot.entries["mine"] = "linux /vmlinuz\ninitrd /initrd\noptions root=/dev/sda1\n"
        machine.state.boot.menu = nil
        // A volume tagged by hand, and one in another group.
        machine.state.volumes += [
            Volume(
                path: Self.path("data"), size: Bytes(1), tags: [Tag.building, Tag.removing],
                segmentType: "linear"),
            Volume(
                path: VolumePath(group: "OtherVG", name: "Base-0"), size: Bytes(1),
                tags: [Tag.base, Tag.removing], segmentType: "thin", pool: "ImagePool"),
        ]
        // A kernel of a foreign entry.
        let foreign = String(repeating: "f", count: 64)
        machine.state.boot.digests.insert(foreign)
        machine.state.boot.foreignDigests = [foreign]
        #expect(try items(machine) == [.menu])
        let before = machine
        try machine.recover()
        #expect(machine.state.volumes == before.state.volumes)
        #expect(machine.state.boot.entries == before.state.boot.entries)
        #expect(machine.state.boot.digests == before.state.boot.digests)
        #expect(machine.state.boot.menu != nil)
    }

    @Test func anEntryThatCannotBeReadKeepsKernels() throws {
        var machine = try Removals.machine()
        machine.state.boot.entries["Base-0.1"] = "title damaged\n"
        machine.state.boot.digests.insert(String(repeating: "e", count: 64))
        machine.state.boot.menu = nil
        #expect(try items(machine) == [.menu])
    }

    @Test func removesWhatReplacingFilesLeft() throws {
        var machine = try Removals.machine()
        machine.state.boot.leftovers = [
            "/boot/loader/entries/.imgbased-Base-0.1.conf.imgbased-new", "/boot/imgbased/.imgbased-new",
        ]
        #expect(
            try items(machine) == [
                .leftover(path: "/boot/imgbased/.imgbased-new"),
                .leftover(path: "/boot/loader/entries/.imgbased-Base-0.1.conf.imgbased-new"),
            ])
        #expect(
            try Debris(machine.state, names: FakeMachine.names).plan(machine.state).steps == [
                .removeBootFiles([".imgbased-new"], directory: "/boot/imgbased"),
                .removeFile("/boot/loader/entries/.imgbased-Base-0.1.conf.imgbased-new"),
            ])
    }

    // MARK: a full /boot

    private static let stray = String(repeating: "e", count: 64)

    /// Unreferenced files go before the first write; files of the old menu go after the new one is written.
    @Test func makesRoomFirst() throws {
        var machine = try Removals.machine()
        machine.state.volumes.removeAll { $0.name.hasPrefix("Base-1.") }
        machine.state.boot.digests.insert(Self.stray)
        machine.state.boot.leftovers = [
            "/boot/grub/.imgbased.cfg.imgbased-new", "/boot/imgbased/.staging/menu.cfg",
        ]
        let steps = try Debris(machine.state, names: FakeMachine.names).plan(machine.state).steps
            .filter { !$0.isCheck }
        #expect(
            steps.prefix(3) == [
                .removeFile("/boot/grub/.imgbased.cfg.imgbased-new"),
                .removeBootFiles([".staging/menu.cfg"], directory: "/boot/imgbased"),
                .removeBootFiles([Self.stray], directory: "/boot/imgbased"),
            ])
        #expect(steps.last == .removeBootFiles([Removals.otherKernel.digest], directory: "/boot/imgbased"))
        #expect(steps.filter { if case .removeBootFiles = $0 { true } else { false } }.count == 3)
    }

    /// An outdated menu, or a second entry file of a layer, can name a kernel that no entry has.
    @Test(arguments: Removals.loaders) func keepsWhatIsOffered(loader: BootLoader) throws {
        var machine = try Removals.machine(loader)
        machine.state.booted = Self.path("Base-0.1")
        machine.state.boot.digests.insert(Self.stray)
        let new = BootFiles(
            version: "6.3", linux: "/boot/vmlinuz-6.3", initrd: "/boot/initrd.img-6.3",
            digest: String(repeating: "d", count: 64), size: Bytes(60 << 20))
        func refresh(_ machine: inout FakeMachine) throws {
            try machine.perform(
                try RefreshPlanner.plan(new, from: .running, machine.state, names: FakeMachine.names))
        }
        // Only this layer has the old kernel.
        try machine.remove(.layer("Base-0.2"))
        var whole = machine
        whole.stepsDone = 0
        try refresh(&whole)
        for power in 0..<whole.stepsDone {
            var cut = machine
            cut.power = power
            #expect(throws: PowerCut.self) { try refresh(&cut) }
            cut.power = .max
            cut.stepsDone = 0
            var counting = cut
            try counting.recover()
            for again in 0..<counting.stepsDone {
                var second = cut
                second.power = again
                #expect(throws: PowerCut.self) { try second.recover() }
                try PowerCuts.expectBootable(second, after: again)
                second.power = .max
                try second.recover()
                #expect(!second.state.boot.digests.contains(Self.stray))
                #expect(try items(second).isEmpty)
            }
        }
        // Both files exist, and the content of the other is unknown.
        machine.state.boot.entryFiles["Base-0.1"]?.append("imgbased-Base-0.1+3.conf")
        machine.state.boot.menu = nil
        machine.state.boot.digests.insert(Self.stray)
        let steps = try Debris(machine.state, names: FakeMachine.names).plan(machine.state).steps
        #expect(steps.last == .removeBootFiles([Self.stray], directory: "/boot/imgbased"))
    }

    @Test func aHostWithoutLayersHasNone() throws {
        var machine = FakeMachine()
        try machine.initialize()
        #expect(try items(machine).isEmpty)
    }

    /// If the group's volumes cannot be seen, files in `/boot` are not taken for debris.
    @Test func withoutTheVolumeGroupNothingIsKnown() throws {
        var machine = try Removals.machine()
        (machine.state.groups, machine.state.volumes) = ([], [])
        #expect(throws: HostRefusal(Debris.goal, .noGroup("HostVG"))) { try items(machine) }
    }

    @Test func refusesWhatCannotBeFinished() throws {
        var machine = try Removals.machine()
        machine.power = 4
        #expect(throws: PowerCut.self) { try machine.remove(.base("Base-1")) }
        machine.power = .max
        for index in machine.state.volumes.indices where machine.state.volumes[index].name == "Base-1.1" {
            machine.state.volumes[index].isOpen = true
        }
        #expect(throws: HostRefusal(Debris.goal, .isOpen(Self.path("Base-1.1")))) { try machine.recover() }
        machine.state.boot.isMissing = true
        #expect(throws: HostRefusal(Debris.goal, .bootNotMounted)) { try machine.recover() }
    }
}
