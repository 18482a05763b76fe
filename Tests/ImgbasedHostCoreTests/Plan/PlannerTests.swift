import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct PlannerTests {
    private static let gibibyte = Bytes(1 << 30)

    private static func image(
        length: Bytes? = gibibyte, allocated: Bytes? = nil,
        signature: FileSystemSignature? = FakeMachine.signature
    ) -> ImageDescription {
        ImageDescription(path: "img", length: length, allocated: allocated, signature: signature)
    }

    private func machine(base: Bool = false) throws -> FakeMachine {
        var machine = FakeMachine()
        try machine.initialize()
        if base { try machine.addBase() }
        return machine
    }

    // MARK: layout --init

    @Test func commandsOfALayout() throws {
        let planner = InitPlanner(
            disks: ["/dev/sdb"], size: PlannerTests.gibibyte, configSize: nil, configUUID: "U")
        let plan = try planner.plan(FakeMachine().state, names: FakeMachine.names)
        let commands = plan.lines().compactMap { line in
            line.firstRange(of: "+ /usr").map { String(line[$0.lowerBound...].dropFirst(2)) }
        }
        #expect(
            commands == [
                "/usr/sbin/pvcreate --metadatacopies 2 /dev/sdb",
                "/usr/sbin/vgcreate --addtag imgbased:vg HostVG /dev/sdb",
                "/usr/sbin/lvcreate --yes --type thin-pool --size 1073741824b --poolmetadatasize 8388608b --zero y "
                    + "--name ImagePool --addtag imgbased:building HostVG",
                "/usr/sbin/lvchange --addtag imgbased:pool --deltag imgbased:building HostVG/ImagePool",
                "/usr/sbin/lvcreate --yes --type linear --size 67108864b --name Config "
                    + "--addtag imgbased:building HostVG",
                "/usr/sbin/mkfs.ext4 -q -F -L imgbased-config -U U /dev/HostVG/Config",
                "/usr/sbin/lvchange --deltag imgbased:building HostVG/Config",
                "/usr/bin/mount /config",
            ])
    }

    @Test func configIsRepairedBeforeItIsMountedAgain() throws {
        var machine = try machine()
        func plan() throws -> Plan {
            try InitPlanner(disks: [], size: nil, configSize: nil, configUUID: "U")
                .plan(machine.state, names: FakeMachine.names)
        }
        #expect(try plan().steps == [])
        machine.state.config.isMounted = false
        let config = VolumePath(group: "HostVG", name: "Config")
        #expect(
            try plan().steps == [.makeDirectory("/config"), .repairFileSystem(config), .mount("/config")])
    }

    /// A power cut during the first write of vgcreate: lvm2 takes the disk for another group's member.
    @Test(arguments: ["[unknown]", nil])
    func aGroupThatWasBegunIsMadeAnew(group: String?) throws {
        var machine = FakeMachine()
        machine.state.physicalVolumes = [HostState.PhysicalVolume(path: "/dev/sdb", group: group)]
        machine.state.disks[0].signatures = ["LVM2_member"]
        let planner = InitPlanner(disks: ["/dev/sdb"], size: nil, configSize: nil, configUUID: "U")
        machine.state.disks[0].isUnbegun = true
        let plan = try planner.plan(machine.state, names: FakeMachine.names)
        #expect(plan.lines().contains("    + /usr/sbin/wipefs --all /dev/sdb"))
        try machine.perform(plan)
        #expect(try planner.plan(machine.state, names: FakeMachine.names).prepare.isEmpty)
        // Any other such disk is in use.
        machine = FakeMachine()
        machine.state.physicalVolumes = [HostState.PhysicalVolume(path: "/dev/sdb", group: "[unknown]")]
        #expect(throws: HostRefusal.self) { try planner.plan(machine.state, names: FakeMachine.names) }
    }

    typealias Disk = HostState.Disk

    @Test(arguments: [
        (
            Disk(path: "/d", kernelPath: "/d", size: gibibyte, isReadOnly: true),
            HostReason.diskReadOnly(disk: "/d")
        ),
        (
            Disk(path: "/d", kernelPath: "/d", size: gibibyte, signatures: ["ext4"]),
            .diskNotEmpty(disk: "/d", signatures: ["ext4"])
        ),
        (
            Disk(path: "/d", kernelPath: "/d", size: gibibyte, signatures: ["gpt"], holders: ["/d1"]),
            .diskInUse(disk: "/d", by: "/d1")
        ),
        (
            Disk(path: "/d", kernelPath: "/d", size: gibibyte, signatures: ["swap"], mountPoints: ["[SWAP]"]),
            .diskInUse(disk: "/d", by: "[SWAP]")
        ),
        // A member of a group that is not reported, such as another host's.
        (
            Disk(path: "/d", kernelPath: "/d", size: gibibyte, signatures: ["LVM2_member"]),
            .diskNotEmpty(disk: "/d", signatures: ["LVM2_member"])
        ),
    ])
    func refusesDisks(disk: Disk, expected: HostReason) {
        var state = FakeMachine().state
        state.disks = [disk]
        #expect(
            reason { _ = try InitPlanner.asked(size: nil).plan(state, names: FakeMachine.names) } == expected)
    }

    @Test func refusesDisksOfOtherGroups() throws {
        var state = FakeMachine().state
        state.disks[0].signatures = ["LVM2_member"]
        state.physicalVolumes = [HostState.PhysicalVolume(path: "/dev/sdb", group: "other")]
        let found = reason { _ = try InitPlanner.asked(size: nil).plan(state, names: FakeMachine.names) }
        #expect(found == .diskInUse(disk: "/dev/sdb", by: "volume group other"))
        state = try machine().state
        state.disks = [Disk(path: "/dev/sdc", kernelPath: "/dev/sdc", size: PlannerTests.gibibyte)]
        let second = reason { _ = try InitPlanner.asked(size: nil).plan(state, names: FakeMachine.names) }
        #expect(second == .notAGroupMember(disk: "/dev/sdc", group: "HostVG"))
    }

    @Test func refusesImpossibleSizes() {
        let state = FakeMachine().state
        func found(_ size: UInt64) -> HostReason? {
            reason { _ = try InitPlanner.asked(size: Bytes(size)).plan(state, names: FakeMachine.names) }
        }
        #expect(found(1 << 20) == .tooSmall(what: "a pool", size: Bytes(1 << 20), needed: Bytes(64 << 20)))
        guard case .groupShort = found(20 << 30) else {
            return #expect(Bool(false), "20 GiB of 20 less the rest")
        }
        guard case .groupShort = found(UInt64(Int64.max)) else { return #expect(Bool(false), "no end of it") }
        #expect(found(19 << 30) == nil)
    }

    @Test func leavesRoomToGrow() throws {
        let sizes = try #require(
            try InitPlanner.asked(size: nil).plan(FakeMachine().state, names: FakeMachine.names).prepare
                .firstPool)
        let group = UInt64(20 << 30)
        #expect(sizes.size.count > group * 9 / 10)
        #expect(sizes.size.count + 3 * sizes.metadata.count + (64 << 20) < group)
        #expect(sizes.metadata.count * 500 > sizes.size.count)
    }

    // MARK: base --add

    @Test(arguments: [
        (image(), Bytes?(Bytes(1 << 29)), HostReason.imageLarger(image: gibibyte, size: Bytes(1 << 29))),
        (image(length: nil), Bytes(1 << 29), .imageLarger(image: gibibyte, size: Bytes(1 << 29))),
        (image(signature: nil), gibibyte, .noFileSystem(image: "img")),
        (
            image(length: Bytes(1 << 29)), gibibyte,
            .imageCutShort(image: Bytes(1 << 29), fileSystem: gibibyte)
        ),
    ])
    func refusesImages(image: ImageDescription, size: Bytes?, expected: HostReason) throws {
        let state = try machine().state
        let planner = BasePlanner(name: nil, size: size, image: image)
        #expect(reason { _ = try planner.plan(state, names: FakeMachine.names) } == expected)
    }

    @Test func refusesFullPools() throws {
        var state = try machine(base: true).state
        let index = try #require(state.volumes.firstIndex { $0.name == "ImagePool" })
        state.volumes[index].size = Bytes(10 << 30)
        func set(_ data: Double, _ metadata: Double) {
            state.volumes[index].usage = PoolUsage(
                data: data, metadata: metadata, metadataSize: Bytes(8 << 20), chunkSize: Bytes(64 << 10),
                zeroes: true)
        }
        let path = state.volumes[index].path
        let planner = BasePlanner(
            name: nil, size: nil, image: PlannerTests.image(allocated: PlannerTests.gibibyte))
        func base() -> HostReason? { reason { _ = try planner.plan(state, names: FakeMachine.names) } }
        func layer() -> HostReason? {
            reason { _ = try LayerPlanner(source: nil, uuid: "u").begin(state, names: FakeMachine.names) }
        }
        set(50, 10)
        #expect(base() == nil && layer() == nil)
        set(97.3, 10)
        #expect(
            base() == .poolFull(path, percent: 97, of: "") && layer() == .poolFull(path, percent: 97, of: ""))
        set(10, 96)
        #expect(layer() == .poolFull(path, percent: 96, of: " of metadata"))
        set(95, 10)
        set(94, 10)
        guard case .poolShort(path, _, of: "data") = base() else {
            return #expect(Bool(false), "no room for data")
        }
        set(10, 94)
        guard case .poolShort(path, _, of: "data, for want of metadata") = base() else {
            return #expect(Bool(false), "nor metadata")
        }
    }

    @Test func choosesNames() throws {
        var machine = try machine(base: true)
        func next(_ name: String?) -> Result<String, HostRefusal> {
            let planner = BasePlanner(name: name, size: nil, image: PlannerTests.image())
            do throws(HostRefusal) {
                return .success(try planner.plan(machine.state, names: FakeMachine.names).1.name)
            } catch {
                return .failure(error)
            }
        }
        #expect(next(nil) == .success("Base-1"))
        #expect(next("node-4.5.1-1") == .success("node-4.5.1-1"))
        #expect(next("Base-0") == .failure(HostRefusal("add base 'Base-0'", .exists("Base-0"))))
        #expect(next("x") == .failure(HostRefusal("add base 'x'", .badName("x", .notABase))))
        // A layer without its base keeps the number taken.
        try machine.addLayer()
        machine.state.volumes.removeAll { $0.name == "Base-0" }
        #expect(next(nil) == .success("Base-1"))
    }

    @Test func removesOnlyItsOwnDebris() throws {
        var machine = try machine(base: true)
        let mine = VolumePath(group: "HostVG", name: "Base-1")
        machine.state.volumes += [
            Volume(path: mine, size: Bytes(1), tags: [Tag.building], segmentType: "thin", pool: "ImagePool"),
            Volume(
                path: VolumePath(group: "other", name: "Base-1"), size: Bytes(1), tags: [Tag.building],
                segmentType: "thin", pool: "ImagePool"),
            Volume(
                path: VolumePath(group: "HostVG", name: "data"), size: Bytes(1), tags: [Tag.building],
                segmentType: "linear"),
        ]
        #expect(machine.state.cleaning(FakeMachine.names).steps == [.removeVolume(mine)])
        let cleaned = machine.state.cleaned(FakeMachine.names)
        #expect(cleaned.volumes.count == machine.state.volumes.count - 1)
        #expect(cleaned.cleaning(FakeMachine.names).steps.isEmpty)
    }

    // MARK: layer --add

    @Test func refusesLayers() throws {
        func found(_ machine: FakeMachine, source: String? = nil) -> HostReason? {
            reason {
                _ = try LayerPlanner(source: source, uuid: "u").begin(machine.state, names: FakeMachine.names)
            }
        }
        #expect(found(FakeMachine()) == .noGroup("HostVG"))
        #expect(found(try machine()) == .noBase)
        var machine = try machine(base: true)
        #expect(found(machine, source: "Base-7") == .unknown("Base-7"))
        machine.state.boot.prefix = "/boot"
        #expect(found(machine) == .bootOnRoot)
        machine.state.boot.prefix = ""
        machine.state.boot.isMissing = true
        #expect(found(machine) == .bootNotMounted)
        machine.state.boot.isMissing = false
        machine.state.boot.loader = nil
        #expect(found(machine) == .noBootLoader)
    }

    @Test func checksBootBeforeWritingToIt() throws {
        var machine = try machine(base: true)
        machine.state.boot.free = Bytes(10 << 20)
        let found = reason { try machine.addLayer() }
        #expect(found == .bootFull(free: Bytes(10 << 20), needed: Bytes(61 << 20)))
        #expect(machine.state.boot.digests.isEmpty)
        #expect(machine.state.boot.entries.isEmpty)
    }

    @Test func numbersLayersPastOldEntries() throws {
        var machine = try machine(base: true)
        machine.state.boot.entries["Base-0.4"] = "title left behind"
        try machine.addLayer()
        #expect(machine.state.volumes.last?.name == "Base-0.5")
        #expect(
            machine.state.boot.menu?.contains("Base-0.4") == false, "an entry that cannot be read is left out"
        )
    }

    @Test func aLayerHasWhatIsMountedIn() throws {
        var machine = try machine(base: true)
        try machine.addLayer()
        let layer = VolumePath(group: "HostVG", name: "Base-0.1")
        #expect(machine.contents[layer]?.directories == ["/boot", "/config"])
    }

    @Test func aDefaultThatIsSetStays() throws {
        var machine = try machine(base: true)
        try machine.addLayer()
        machine.settle(on: "Base-0.1")
        try machine.addLayer()
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
        try machine.perform(
            try BootPlanner.plan(.setDefault("Base-0.2"), machine.state, names: FakeMachine.names))
        #expect(machine.state.boot.record.defaultLayer == "Base-0.2")
        let again = try BootPlanner.plan(.setDefault("Base-0.2"), machine.state, names: FakeMachine.names)
        #expect(again.steps.isEmpty)
        #expect(
            reason {
                _ = try BootPlanner.plan(.setDefault("Base-0"), machine.state, names: FakeMachine.names)
            }
                == .notALayer("Base-0"))
    }

    @Test func knowsLayersOfOVirt() throws {
        var state = HostState()
        state.volumes = [
            Volume(
                path: VolumePath(group: "onn", name: "node-4.5.1-1"), size: Bytes(1), tags: ["imgbased:base"],
                created: 1, segmentType: "thin", pool: "pool00"),
            Volume(
                path: VolumePath(group: "onn", name: "node-4.5.1-1+1"), size: Bytes(1),
                tags: ["imgbased:layer"],
                created: 1, segmentType: "thin", pool: "pool00"),
        ]
        let layout = Layout(state.volumes, group: "onn")
        #expect(
            layout.lines(booted: state.volumes[1].path) == ["node-4.5.1-1", " +- node-4.5.1-1+1 (booted)"])
        #expect(layout.latest?.name == "node-4.5.1-1+1")
    }
}

extension InitPlanner {
    fileprivate static func asked(size: Bytes?) -> InitPlanner {
        InitPlanner(disks: ["/dev/sdb"], size: size, configSize: nil, configUUID: "U")
    }
}

extension [Step] {
    fileprivate var firstPool: (size: Bytes, metadata: Bytes)? {
        for case .createPool(_, let size, let metadata) in self { return (size, metadata) }
        return nil
    }
}
