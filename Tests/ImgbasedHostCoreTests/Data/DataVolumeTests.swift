import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// `imgbase volume`: what it makes of a host, refusals, and power cuts at every step.
@Suite struct DataVolumeTests {
    static func path(_ name: String) -> VolumePath { VolumePath(group: "HostVG", name: name) }
    static let srv = DataPlace("/srv")
    static let size = DataPlanner.Change.create(Bytes(1 << 30))

    /// A host that runs from Base-0.2 and has files in /srv, and another layer with other files.
    static func machine() throws -> FakeMachine {
        var machine = try FakeMachine.host(layers: 3)
        machine.settle(on: "Base-0.2")
        machine.state.booted = path("Base-0.2")
        let srv = try #require(srv)
        machine.layerFiles = [path("Base-0.2"): [srv: [1, 2]], path("Base-0.1"): [srv: [7]]]
        machine.stepsDone = 0
        return machine
    }

    /// The tables of all layers, the running one's first.
    static func tables(_ machine: FakeMachine) -> [[FSTab.Entry]] {
        ([machine.state.config.fstab] + machine.layerTables.read.map(\.contents)).map { FSTab($0).entries }
    }

    /// Expects one line for `place` in each table, of the volume `name`; without a name, none.
    static func expectLines(_ machine: FakeMachine, _ place: DataPlace, _ name: String?) {
        for table in tables(machine) {
            let lines = table.filter { $0.target == place.field }
            #expect(lines.map(\.source) == (name.map { ["/dev/HostVG/\($0)"] } ?? []))
        }
        #expect(tables(machine).count == 3)
    }

    @Test func aVolumeTakesTheFilesOfTheRunningLayer() throws {
        let srv = try #require(Self.srv)
        var machine = try Self.machine()
        try machine.change(Self.size, at: srv)
        let volume = try #require(machine.state.volume(Self.path("srv")))
        #expect(volume.tags == [Tag.dataVolume, Tag.pathPrefix + "/srv", Tag.attached])
        #expect(machine.volumeFiles[volume.path] == [1, 2])
        #expect(machine.layerFiles[Self.path("Base-0.2")]?[srv] == [1, 2], "they stay below")
        Self.expectLines(machine, srv, "srv")
        #expect(machine.contents[Self.path("Base-0.1")]?.directories.contains("/srv") == true)
        machine.write(3, at: srv)
        // Whatever boots next has the same files.
        machine.contents[Self.path("Base-0.2")]?.fstab = machine.state.config.fstab
        machine.state.booted = Self.path("Base-0.1")
        machine.state.config.fstab = machine.contents[Self.path("Base-0.1")]?.fstab ?? []
        machine.restart()
        #expect(machine.files(srv) == [1, 2, 3])
        #expect(reason { try machine.change(Self.size, at: srv) } == .data(.exists(srv, volume.path)))
    }

    @Test func whereverThePowerGoesAnotherRunEndsAsOneRun() throws {
        let srv = try #require(Self.srv)
        let start = try Self.machine()
        #expect(try Debris(start.state, names: FakeMachine.names).items.isEmpty)
        try PowerCuts.expectConvergence(from: start) {
            $0.restart()
            try $0.change(Self.size, at: srv)
        }
        try PowerCuts.expectRecovery(from: start) {
            try $0.change(Self.size, at: srv)
        } by: {
            $0.restart()
            try $0.recover()
        }
    }

    /// What programs write before the command, at any step of it, after a power cut and after another run is
    /// there at the end, or the program was told that it could not write.
    @Test func nothingThatIsWrittenMeanwhileIsLost() throws {
        let srv = try #require(Self.srv)
        let start = try Self.machine()
        var whole = start
        try whole.change(Self.size, at: srv)
        #expect(whole.stepsDone > 6)
        var refused = 0
        for steps in 0..<whole.stepsDone {
            var machine = start
            machine.power = steps
            #expect(throws: PowerCut.self) { try machine.change(Self.size, at: srv) }
            // The power stays for a moment, in which a program writes.
            var written: Set<Int> = [1, 2]
            if machine.write(100, at: srv) { written.insert(100) } else { refused += 1 }
            for number in [101, 102] {
                machine.restart()
                #expect(written.isSubset(of: machine.files(srv)), "start after a cut after \(steps)")
                let isWritten = machine.write(number, at: srv)
                #expect(isWritten)
                written.insert(number)
            }
            machine.power = .max
            try machine.change(Self.size, at: srv)
            #expect(machine.files(srv) == written, "cut after \(steps)")
            let isWritten = machine.write(103, at: srv)
            #expect(isWritten)
            machine.restart()
            #expect(machine.files(srv) == written.union([103]))
            Self.expectLines(machine, srv, "srv")
        }
        #expect(refused > 1 && refused < whole.stepsDone)
    }

    @Test func attachingDetachingAndRemoving() throws {
        let srv = try #require(Self.srv)
        var machine = try Self.machine()
        try machine.change(Self.size, at: srv)
        let volume = Self.path("srv")
        #expect(reason { try machine.change(.remove, at: srv) } == .data(.isAttached(srv)))
        try machine.change(.detach, at: srv)
        Self.expectLines(machine, srv, nil)
        #expect(machine.state.volume(volume)?.tags == [Tag.dataVolume, Tag.pathPrefix + "/srv"])
        #expect(machine.mounted[srv] == volume, "programs go on with it until the next start")
        #expect(reason { try machine.change(.detach, at: srv) } == .data(.notAttached(srv)))
        #expect(reason { try machine.change(Self.size, at: srv) } == .data(.taken(srv, by: volume)))
        machine.restart()
        #expect(machine.files(srv) == [1, 2])
        machine.write(5, at: srv)
        try machine.change(.attach(volume: nil), at: srv)
        Self.expectLines(machine, srv, "srv")
        #expect(machine.mounted[srv] == volume)
        let once = machine
        try machine.change(.attach(volume: nil), at: srv)
        (machine.stepsDone, machine.power) = (once.stepsDone, once.power)
        #expect(machine == once, "twice is once")
        try machine.change(.detach, at: srv)
        machine.restart()
        #expect(machine.files(srv) == [1, 2, 5])
        try machine.change(.remove, at: srv)
        #expect(machine.state.volume(volume) == nil)
        #expect(reason { try machine.change(.remove, at: srv) } == .data(.noVolume(srv)))
    }

    @Test(arguments: [DataPlanner.Change.attach(volume: nil), .detach, .remove])
    func anInterruptedChangeIsFinished(change: DataPlanner.Change) throws {
        let srv = try #require(Self.srv)
        var start = try Self.machine()
        try start.change(Self.size, at: srv)
        if change != .detach { try start.change(.detach, at: srv) }
        start.restart()
        // One step cannot be cut in two.
        if change == .remove {
            try start.change(change, at: srv)
            #expect(start.state.volume(Self.path("srv")) == nil)
            return
        }
        try PowerCuts.expectConvergence(from: start) {
            $0.restart()
            try $0.change(change, at: srv)
            $0.restart()
        }
    }

    @Test func anExistingVolumeIsAttached() throws {
        let data = try #require(DataPlace("/var/lib/app"))
        var machine = try Self.machine()
        #expect(
            reason { try machine.change(.attach(volume: "app"), at: data) } == .data(.noThinVolume("app")))
        machine.state.volumes.append(
            Volume(
                path: Self.path("app"), size: Bytes(1 << 30), tags: ["other"], segmentType: "thin",
                pool: "ImagePool"))
        machine.volumeFiles[Self.path("app")] = [9]
        try PowerCuts.expectConvergence(from: machine) {
            $0.restart()
            try $0.change(.attach(volume: "app"), at: data)
            $0.restart()
        }
        try machine.change(.attach(volume: "app"), at: data)
        #expect(machine.files(data) == [9])
        #expect(
            machine.state.volume(Self.path("app"))?.tags
                == ["other", Tag.dataVolume, Tag.pathPrefix + "/var/lib/app", Tag.attached])
        let other = try #require(DataPlace("/srv/app"))
        #expect(
            reason { try machine.change(.attach(volume: "app"), at: other) }
                == .data(.attachedElsewhere("app", at: data)))
        for name in ["Base-0", "Base-0.1"] {
            #expect(reason { try machine.change(.attach(volume: name), at: other) } == .data(.hasRole(name)))
        }
    }

    @Test func whatIsInUseStays() throws {
        let srv = try #require(Self.srv)
        var machine = try Self.machine()
        machine.placeUsers = ["nginx (process 7)"]
        let before = machine
        #expect(
            reason { try machine.change(Self.size, at: srv) } == .data(.inUse(srv, by: ["nginx (process 7)"]))
        )
        #expect(machine == before)
    }

    @Test func whatCannotBeDoneIsRefusedBeforeAnyChange() throws {
        let srv = try #require(Self.srv)
        var machine = try Self.machine()
        func refusal(_ change: DataPlanner.Change = Self.size, at place: DataPlace? = nil) -> HostReason? {
            let before = machine
            let found = reason { try machine.change(change, at: place ?? srv) }
            #expect(machine == before)
            return found
        }
        #expect(
            refusal(.create(Bytes(1 << 20)))
                == .tooSmall(what: "a volume", size: Bytes(1 << 20), needed: DataPlanner.leastSize))
        let dpkg = try #require(DataPlace("/var/lib/dpkg"))
        #expect(refusal(at: dpkg) == .data(.layersOwn(dpkg, own: dpkg.path)))
        #expect(refusal(.attach(volume: "x"), at: dpkg) == .data(.layersOwn(dpkg, own: dpkg.path)))
        #expect(refusal(.attach(volume: nil)) == .data(.noVolume(srv)))
        #expect(refusal(.detach) == .data(.noVolume(srv)))
        machine.mounted[srv] = Self.path("other")
        #expect(refusal() == .data(.isMountPoint(srv, of: "/dev/HostVG/other")))
        machine.mounted = [:]
        machine.state.config.fstab += Array("UUID=9 /srv ext4 noauto 0 0\n".utf8)
        #expect(refusal() == .data(.isInTable(srv, source: "UUID=9")))
        machine.state.config.fstab = Array("UUID=host / ext4 defaults 0 1\n".utf8)
        machine.state.earlyBoot = HostStatus.EarlyBoot(
            layer: "Base-0.2", mode: .volatile, degraded: nil, fallbacks: [])
        #expect(refusal() == .data(.notKept))
        machine.state.earlyBoot = nil
        machine.state.booted = nil
        #expect(refusal() == .notOnALayer)
    }

    /// After an interruption, a volume is removed only if the layer surely has the files.
    @Test func aVolumeThatMayHaveTheFilesStays() throws {
        let srv = try #require(Self.srv)
        var machine = try Self.machine()
        machine.power = 5
        #expect(throws: PowerCut.self) { try machine.change(Self.size, at: srv) }
        let volume = try #require(machine.state.volume(Self.path("srv")))
        #expect(volume.tags.contains(Tag.movedPrefix + "Base-0.2"))
        machine.restart()
        #expect(machine.state.debris(FakeMachine.names).isEmpty && machine.mounted[srv] == volume.path)
        // The group got another name.
        let table = machine.state.config.fstab
        machine.state.config.fstab = bytes(
            String(decoding: table, as: UTF8.self).replacing("/dev/HostVG/srv", with: "/dev/Old/srv"))
        #expect(machine.state.debris(FakeMachine.names).isEmpty)
        machine.state.config.fstab = []
        #expect(machine.state.debris(FakeMachine.names).isEmpty, "the table is not known")
        machine.state.config.fstab = table
        machine.state.booted = Self.path("Base-0.1")
        #expect(machine.state.debris(FakeMachine.names).isEmpty, "another layer runs")
        machine.state.booted = Self.path("Base-0.2")
        machine.state.config.fstab = bytes("UUID=host / ext4 defaults 0 1\n")
        #expect(machine.state.debris(FakeMachine.names).map(\.path) == [volume.path])
    }

    /// The tables are derived, but an administrator can mount a detached volume elsewhere.
    @Test func aVolumeThatATableMountsIsNotRemoved() throws {
        let srv = try #require(Self.srv)
        var machine = try Self.machine()
        try machine.change(Self.size, at: srv)
        try machine.change(.detach, at: srv)
        let layer = Self.path("Base-0.3")
        machine.contents[layer]?.fstab += Array("/dev/mapper/HostVG-srv /mnt ext4 noauto 0 0\n".utf8)
        #expect(
            reason { try machine.change(.remove, at: srv) }
                == .data(.isUsed(Self.path("srv"), by: ["Base-0.3"])))
    }

    @Test func eachNewLayerHasTheLinesOfTheAttachedVolumes() throws {
        let srv = try #require(Self.srv)
        var machine = try UpdateTests.machine()
        try machine.change(Self.size, at: srv)
        let old = machine.state.volume(Self.path("srv"))
        try PowerCuts.expectConvergence(from: machine) { try $0.updateHost() }
        try machine.updateHost()
        try machine.addLayer()
        for name in ["Base-1.1", "Base-1.2"] {
            let contents = try #require(machine.contents[Self.path(name)])
            let lines = FSTab(contents.fstab).entries.filter { $0.target == "/srv" }
            #expect(lines.map(\.source) == ["/dev/HostVG/srv"])
            #expect(contents.directories.contains("/srv"))
        }
        #expect(machine.state.volume(Self.path("srv")) == old)
        // A volume that was detached since is in no new layer.
        try machine.change(.detach, at: srv)
        try machine.addLayer()
        #expect(text(machine.contents[Self.path("Base-1.3")]?.fstab)?.contains("/srv") == false)
        let order = try CarryOrder(
            from: try #require(machine.state.volume(Self.path("Base-0.1"))), into: Self.path("Base-1.1"),
            of: Self.path("Base-1"), machine.state)
        #expect(order.shared == [])
    }

    @Test func statusPictureAndCheckShowThem() throws {
        let srv = try #require(Self.srv)
        var machine = try Self.machine()
        try machine.change(Self.size, at: srv)
        #expect(
            machine.status.warnings.contains { $0.hasPrefix("volume 'HostVG/srv' is not mounted at '/srv'") })
        machine.update(Self.path("srv")) {
            $0.isOpen = true
            $0.data = Bytes(1 << 20)
        }
        let status = machine.status
        #expect(status.lines.contains("volumes:    /srv"))
        #expect(!status.warnings.contains { $0.contains("/srv") })
        #expect(status.volumes.map(\.line) == ["/srv (volume srv, 1.00 GiB, 1.00 MiB of data, attached)"])
        let picture = LayoutPicture(machine.state, names: FakeMachine.names)
        let lines = picture.lines(LayoutPicture.Style(width: 120, hasColours: false, isUnicode: true))
        #expect(lines.last?.hasPrefix("   └─ /srv") == true && lines.last?.hasSuffix("attached") == true)
        try machine.change(.detach, at: srv)
        #expect(machine.status.volumes.map(\.mark) == ["detached"])
        #expect(!machine.status.lines.contains { $0.hasPrefix("volumes") })
    }
}
