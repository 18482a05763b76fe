import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// `imgbase layout --init --from /`, by the machine that performs plans in memory.
@Suite struct ConversionPlanTests {
    /// A host on a partition, with an empty disk.
    private static func machine() -> FakeMachine {
        var machine = FakeMachine()
        machine.state.boot.grubConfig = "menuentry \"Debian\" {}\n"
        machine.state.boot.grubScript = "menu\n"
        machine.state.boot.runningArguments = "root=UUID=host ro quiet"
        machine.imageTable = machine.state.config.fstab
        machine.conversion.device = "/dev/sda2"
        machine.conversion.isNamed = true
        machine.conversion.size = Bytes(8 << 30)
        machine.conversion.used = TreeSize(entries: 40_000, data: 2 << 30)
        machine.conversion.kernel = RunningKernel(FakeMachine.kernel, in: .running)
        return machine
    }

    /// The same on the thin volume `vg/root`.
    private static func thinMachine() -> FakeMachine {
        var machine = machine()
        machine.state.disks = []
        machine.state.groups = [
            HostState.Group(
                name: "vg", uuid: "", size: Bytes(20 << 30), free: Bytes(1 << 30), extentSize: Bytes(4 << 20),
                tags: [])
        ]
        let root = VolumePath(group: "vg", name: "root")
        machine.state.volumes = [
            Volume(
                path: VolumePath(group: "vg", name: "pool00"), size: Bytes(18 << 30),
                segmentType: "thin-pool"),
            Volume(path: root, size: Bytes(8 << 30), segmentType: "thin", pool: "pool00"),
        ]
        machine.conversion.volume = root
        return machine
    }

    private static func planner(
        _ disks: [String] = ["/dev/sdb"], group: String? = nil, baseSize: Bytes? = nil
    ) -> ConversionPlanner {
        let unknown = ImageDescription(path: "/", length: nil, allocated: nil, content: .unknown)
        return ConversionPlanner(
            root: "/", group: group, pool: nil,
            layout: InitPlanner(disks: disks, size: nil, configSize: nil, configUUID: "config-uuid"),
            base: BasePlanner(name: nil, size: baseSize, image: unknown), uuid: "base-uuid")
    }

    private static func convert(_ machine: inout FakeMachine, _ planner: ConversionPlanner = planner()) throws
    {
        try machine.run(.convert(planner, uuid: "layer-uuid"))
    }

    @Test func theRunningSystemIsTriedAsALayer() throws {
        var machine = Self.machine()
        let before = machine.state.config
        try Self.convert(&machine)
        let state = machine.state
        #expect(Layout(state.volumes, group: "HostVG").lines(booted: nil) == ["Base-0", " +- Base-0.1"])
        #expect(state.boot.record.trial == BootRecord.Trial(layer: "Base-0.1", tries: 3))
        #expect(state.boot.record.leavesDefault)
        #expect(GRUBConfig(state.boot.grubConfig ?? "").hasSection)
        #expect(state.boot.grubConfig?.hasPrefix("menuentry \"Debian\" {}\n") == true)
        let entry = try #require(BootPlanner.entries(state.boot).first)
        let layer = VolumePath(group: "HostVG", name: "Base-0.1")
        #expect(entry.options.words == BootArguments.own(layer: layer) + ["quiet"])
        #expect(
            String(decoding: machine.contents[layer]?.fstab ?? [], as: UTF8.self) == """
                /dev/HostVG/Base-0.1 / ext4 defaults,discard 0 1
                UUID=boot-uuid /boot ext4 defaults 0 2
                /dev/HostVG/Config /config ext4 defaults,nofail,discard 0 2

                """)
        // The old root stays as it is.
        #expect(state.config == before)
        // Whatever the tries come to, what booted before boots again.
        #expect(
            ClosingLine.converted("Base-0.1").text(machine.status)
                == "layer 'Base-0.1' has this system as it is now; what changes here until the reboot stays here; "
                + "the next boot tries 'Base-0.1', which has 3 tries; unless it comes up healthy, the host then "
                + "boots what the boot loader has besides layers again; reboot to begin")
    }

    /// After each step, another run ends like an uncut one. With hooks, the layer has a plan of its own.
    @Test(arguments: [false, true]) func anInterruptedConversionConverges(hasHooks: Bool) throws {
        var start = Self.machine()
        if hasHooks {
            start.state.hooks.add(
                .newLayerAdded, [Hooks.Listing(directory: "/hooks/new-layer-added", names: ["a"])])
        }
        func ended(_ machine: FakeMachine) -> FakeMachine {
            var machine = machine
            (machine.power, machine.stepsDone, machine.hookRuns) = (0, 0, [])
            return machine
        }
        var whole = start
        try Self.convert(&whole)
        #expect(whole.stepsDone > 30)
        for power in 0..<whole.stepsDone {
            var cut = start
            cut.power = power
            #expect(throws: PowerCut.self) { try Self.convert(&cut) }
            try PowerCuts.expectBootable(cut, after: power)
            // The old root boots, or the whole layer is tried.
            let record = cut.state.boot.record
            #expect(record.defaultLayer == nil, "cut after \(power)")
            #expect(record.trial == nil || cut.state.boot.entries["Base-0.1"] != nil, "cut after \(power)")
            cut.power = .max
            try Self.convert(&cut)
            #expect(ended(cut) == ended(whole), "cut after \(power)")
        }
    }

    @Test func aBaseIsASnapshotOfAThinRoot() throws {
        var machine = Self.thinMachine()
        try Self.convert(&machine, Self.planner([]))
        let state = machine.state
        #expect(Layout(state.volumes, group: "vg").lines(booted: nil) == ["Base-0", " +- Base-0.1"])
        #expect(state.volume(VolumePath(group: "vg", name: "Base-0"))?.pool == "pool00")
        #expect(machine.contents[VolumePath(group: "vg", name: "Base-0")]?.uuid == "base-uuid")
        #expect(state.groups[0].tags == [Tag.volumeGroup])
        #expect(state.volume(VolumePath(group: "vg", name: "pool00"))?.tags == [Tag.pool])
        #expect(state.volume(VolumePath(group: "vg", name: "root"))?.tags == [])
        #expect(
            HostNames(group: nil, pool: nil, in: state) == HostNames(group: "vg", pool: "pool00", in: state))

        let path = VolumePath(group: "vg", name: "Base-0")
        let step = Step.createBaseSnapshot(path, of: VolumePath(group: "vg", name: "root"))
        #expect(
            step.actions().flatMap { $0.lines() } == [
                "+ /usr/sbin/lvcreate --yes --snapshot --setactivationskip y --ignoreactivationskip --activate y "
                    + "--permission rw --name Base-0 --addtag imgbased:building vg/root"
            ])
    }

    /// The group and the sizes that a request leaves open.
    @Test func theBaseHasTheSizeOfTheRoot() throws {
        func plan(_ machine: FakeMachine, _ planner: ConversionPlanner) throws -> (HostNames, BasePlanner) {
            let names = planner.names(machine.state, machine.conversion)
            return (names, try planner.prepare(machine.state, names: names, machine.conversion).1)
        }
        var machine = Self.machine()
        #expect(try plan(machine, Self.planner()).1.size == Bytes(8 << 30))
        #expect(try plan(machine, Self.planner(baseSize: Bytes(4 << 30))).1.size == Bytes(4 << 30))
        // No larger than the pool, but at least what its files need.
        machine.conversion.size = Bytes(1 << 40)
        let size = try #require(try plan(machine, Self.planner()).1.size)
        #expect(size.count > 17 << 30 && size.count < 20 << 30)

        // A plain volume: the pool is made in its group.
        machine.state.disks = []
        machine.state.groups = [
            HostState.Group(
                name: "vg", uuid: "", size: Bytes(60 << 30), free: Bytes(40 << 30),
                extentSize: Bytes(4 << 20), tags: [])
        ]
        machine.conversion.volume = VolumePath(group: "vg", name: "root")
        machine.state.volumes = [
            Volume(path: VolumePath(group: "vg", name: "root"), size: Bytes(8 << 30), segmentType: "linear")
        ]
        #expect(try plan(machine, Self.planner([])).0.group == "vg")
        // Unless there is a group of ours already.
        machine.state.groups.append(
            HostState.Group(
                name: "Ours", uuid: "", size: Bytes(60 << 30), free: Bytes(40 << 30),
                extentSize: Bytes(4 << 20), tags: [Tag.volumeGroup]))
        #expect(try plan(machine, Self.planner([])).0.group == "Ours")
        #expect(try plan(machine, Self.planner([], group: "vg")).0.group == "vg")
    }

    @Test func onlyTheKernelInTheFileSystemOfBootIsCopied() throws {
        func files(_ linux: String, _ source: BootFileSource) throws -> [String]? {
            var machine = Self.machine()
            var kernel = FakeMachine.kernel
            kernel.linux = linux
            machine.conversion.kernel = RunningKernel(kernel, in: source)
            let names = FakeMachine.names
            let base = try Self.planner().prepare(machine.state, names: names, machine.conversion).1
            guard case .tree(let tree) = base.image.content else { return nil }
            return tree.system?.bootFiles
        }
        #expect(try files("/boot/vmlinuz-6.1", .running) == ["/boot/vmlinuz-6.1", "/boot/initrd.img-6.1"])
        #expect(try files("/usr/lib/modules/6.1/vmlinuz", .running) == ["/boot/initrd.img-6.1"])
        #expect(try files("/boot/vmlinuz-6.1", .runningAlone) == [])
    }

    // MARK: Refusals

    private static func expectRefusal(
        _ expected: HostReason, _ planner: ConversionPlanner = planner(), of machine: FakeMachine = machine(),
        _ change: (inout FakeMachine) throws -> Void
    ) rethrows {
        var machine = machine
        try change(&machine)
        let before = machine
        let seen = reason { try convert(&machine, planner) }
        #expect(seen == expected)
        #expect(machine == before)
    }

    @Test func whatCannotBeConvertedIsRefusedBeforeAnythingChanges() throws {
        Self.expectRefusal(.bootOnRoot) { $0.state.boot.prefix = "/boot" }
        Self.expectRefusal(.triesNotCounted(fileSystem: "btrfs")) { $0.state.boot.fileSystem = "btrfs" }
        Self.expectRefusal(.noBootLoader) { $0.state.boot.loader = nil }
        Self.expectRefusal(.noGRUBConfig("/boot/grub")) { $0.state.boot.grubConfig = nil }
        Self.expectRefusal(.bootFull(free: Bytes(9), needed: Bytes(61 << 20))) {
            $0.state.boot.free = Bytes(9)
        }
        Self.expectRefusal(.unsupportedFileSystem("btrfs", on: "/")) { $0.conversion.fileSystem = "btrfs" }
        Self.expectRefusal(.conversion(.otherRoot(named: "/", device: "/dev/sda2"))) {
            $0.conversion.isNamed = false
        }
        Self.expectRefusal(.conversion(.ownUsr)) { $0.conversion.hasOwnUsr = true }
        Self.expectRefusal(.conversion(.noHelper(initrd: "/boot/initrd.img-6.1", version: "6.1"))) {
            $0.conversion.helper = .absent
        }
        Self.expectRefusal(.diskNotEmpty(disk: "/dev/sdb", signatures: ["xfs"])) {
            $0.state.disks[0].signatures = ["xfs"]
        }
        Self.expectRefusal(.groupNeedsDisks("HostVG"), Self.planner([])) { $0.state.disks = [] }
        try Self.expectRefusal(.conversion(.hasLayer("Base-0.1", base: "Base-0"))) { try Self.convert(&$0) }
        try Self.expectRefusal(.conversion(.onLayer("Base-0.1"))) {
            try Self.convert(&$0)
            $0.state.booted = VolumePath(group: "HostVG", name: "Base-0.1")
        }
        let root = VolumePath(group: "vg", name: "root")
        Self.expectRefusal(
            .conversion(.sizeOfSnapshot(root)), Self.planner([], baseSize: Bytes(9 << 30)),
            of: Self.thinMachine()
        ) { _ in }
        // Files that do not fit into the pool.
        var large = Self.machine()
        large.conversion.used = TreeSize(entries: 40_000, data: 19 << 30)
        let seen = reason { try Self.convert(&large) }
        if case .poolShort? = seen {} else { Issue.record("\(String(describing: seen))") }
    }

    // MARK: The copy

    @Test(arguments: [
        ("./\n./etc/\n./var/log/\n./var/log/syslog\n./var/lib/systemd/timers/x\n./tmp/a\n", []),
        ("./etc/\n./etc/passwd\n./var/log/x\n./srv/a\\nb\n", ["/etc/passwd", "/srv/a\\nb"]),
        ("./var/logs\n./a\n./b\n./c\n", ["/var/logs", "/a", "/b"]),
        ("", []),
    ])
    func changesThatCount(index: String, paths: [String]) {
        #expect(SystemChanges(index: Array(index.utf8)).paths == paths)
    }

    @Test(arguments: [
        ("GNU tar-1.34-2\n1764540000\09\00\0 rest", "GNU tar-1.34-2\n7\050\00\0 rest"),
        ("GNU tar-1.34-2\n-1\00\0", "GNU tar-1.34-2\n7\050\0"),
        ("GNU tar-1.34-1\n1764540000\09\00\0", nil), ("GNU tar-1.34-2\n1764540000", nil),
        ("GNU tar-1.34-2\nx\09\0", nil), ("", nil),
    ])
    func theRecordGetsTheMomentOfTheFiles(record: String, dated: String?) {
        let time = FileTime(seconds: 8).earlier(byMilliseconds: 999.99995)
        #expect(time == FileTime(seconds: 7, nanoseconds: 50))
        #expect(time.milliseconds(since: FileTime(seconds: 8)) < -999)
        #expect(SystemCopyRecord.dated(Array(record.utf8), time) == dated.map { Array($0.utf8) })
    }

    @Test func swapFilesLeaveTheTable() {
        let swaps = """
            Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority
            /dev/sda3                               partition\t1048572\t0\t-2
            /swap\\040file                           file\t\t65532\t0\t-3

            """
        #expect(SwapTable.files(swaps) == ["/swap file"])
        #expect(SwapTable.files("") == [])
        let lines = "/swap\\040file none swap sw 0 0\n/dev/sda3 none swap sw\n/swap\\040file /x ext4 loop\n"
        var table = FSTab(Array(lines.utf8))
        table.removeSwap(["/swap file"])
        #expect(
            String(decoding: table.contents, as: UTF8.self)
                == "/dev/sda3 none swap sw\n/swap\\040file /x ext4 loop\n")
    }
}
