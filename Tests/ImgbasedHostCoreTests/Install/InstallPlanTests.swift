import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// `imgbase install`, by the machine that performs plans in memory.
@Suite struct InstallPlanTests {
    private static func disk(_ path: String, gibibytes: UInt64 = 20) -> InstallDisk {
        InstallDisk(
            HostState.Disk(path: path, kernelPath: path, size: Bytes(gibibytes << 30)), kind: "disk")
    }

    /// A live system with empty disks.
    private static func machine(_ disks: String...) -> FakeMachine {
        var machine = FakeMachine()
        machine.state = HostState()
        machine.state.boot.runningArguments = "root=live:CDLABEL=LIVE rd.live.image quiet"
        machine.installation.disks = disks.map { disk($0) }
        return machine
    }

    private static let settings: InstallSettings = {
        var settings = InstallSettings()
        settings.hostname = try? HostName("node1.example")
        return settings
    }()

    @Test func theDiskBootsTheLayer() throws {
        var machine = Self.machine("/dev/sdb")
        let fstab = Array("LABEL=boot /boot ext4 ro 0 2\nLABEL=x /boot ext4 ro 0 2\ntmpfs /tmp tmpfs\n".utf8)
        machine.imageTable = fstab
        machine.state.boot.leftovers = ["/etc/.fstab.imgbased-new"]
        try machine.install(Self.settings)
        let state = machine.state
        #expect(Layout(state.volumes, group: "HostVG").lines(booted: nil) == ["Base-0", " +- Base-0.1"])
        // Nothing is besides the layer, so it needs no trial.
        #expect(state.boot.record == BootRecord(defaultLayer: "Base-0.1"))
        let entry = try #require(BootPlanner.entries(state.boot).first)
        #expect(
            entry.options.words == BootArguments.own(layer: VolumePath(group: "HostVG", name: "Base-0.1")))
        let layer = try #require(machine.contents[VolumePath(group: "HostVG", name: "Base-0.1")])
        #expect(layer.settings == Self.settings)
        #expect(
            String(decoding: layer.fstab, as: UTF8.self) == """
                /dev/HostVG/Base-0.1 / ext4 defaults,discard 0 1
                UUID=boot-uuid /boot ext4 defaults 0 2
                tmpfs /tmp tmpfs
                UUID=0A1B-2C3D /boot/efi vfat umask=0077,nofail 0 2
                /dev/HostVG/Config /config ext4 defaults,nofail,discard 0 2

                """)
        #expect(machine.firmware == [.bios, .efi64])
        #expect(GRUBConfig(state.boot.grubConfig ?? "").hasSection)
        #expect(machine.installation.disks[0].devices.map(\.id) == ["own-id", nil, nil, nil])
        #expect(state.volumes.allSatisfy { !$0.isActive })
        // Nothing of the running system was changed.
        #expect(state.config.fstab.isEmpty)
        #expect(!state.config.isMounted)
        #expect(!state.boot.isGRUBScriptLinked)
        #expect(state.boot.leftovers == ["/etc/.fstab.imgbased-new"])
    }

    private static var planner: InstallPlanner {
        let image = ImageDescription(path: "img", length: nil, allocated: nil, content: .unknown)
        return InstallPlanner(
            names: FakeMachine.names, wipes: false, bootSize: nil,
            layout: InitPlanner(disks: [], size: nil, configSize: nil, configUUID: "C"),
            image: BasePlanner(name: nil, size: nil, image: image), settings: InstallSettings(),
            uuids: ("B", "0a1b2c3d-0000", "P"))
    }

    @Test func everyDiskIsFlushedBeforeTheWriteThatMakesThemBoot() {
        let actions = Step.declareInstalled(disks: ["/dev/sda", "/dev/sdb"], id: "own-id").actions()
        let command = Command(.sfdisk, ["--quiet", "--part-uuid", "/dev/sda", "1", "own-id"])
        #expect(
            actions == [
                .flushDevice("/dev/sda"), .flushDevice("/dev/sdb"), .run(command), .flushDevice("/dev/sda"),
            ])
    }

    @Test func commandsOfTheDisk() throws {
        let machine = Self.machine("/dev/nvme0n1", "/dev/sdb")
        let planner = Self.planner
        var plan = try planner.prepare(machine.state, machine.installation, nil)
        #expect(plan.prepare.first?.verb == "checkScript")
        plan.prepare.removeAll(where: \.isCheck)
        let lines = plan.lines().filter { $0.contains("+ /usr") || $0.contains("| ") }.map {
            String($0.drop { $0 == " " || $0 == "+" })
        }
        #expect(
            lines.prefix(14) == [
                "/usr/sbin/sfdisk --quiet --wipe always --wipe-partitions always /dev/nvme0n1",
                "| label: gpt",
                "| size=1MiB, type=21686148-6449-6E6F-744E-656564454649, uuid=\(InstallDisk.mark), name=\"bios\"",
                "| size=256MiB, type=uefi, name=\"esp\"", "| size=1024MiB, type=linux, name=\"boot\"",
                "| type=lvm, name=\"imgbased\"", "/usr/bin/udevadm settle --timeout=60",
                "/usr/sbin/mkfs.ext4 -q -F -O '^metadata_csum_seed' -L boot -U B /dev/nvme0n1p3",
                "/usr/sbin/mkfs.vfat -F 32 -n ESP -i 0A1B2C3D /dev/nvme0n1p2",
                "/usr/bin/mount -t ext4 /dev/nvme0n1p3 /boot",
                "/usr/bin/mount -t vfat /dev/nvme0n1p2 /boot/efi",
                "/usr/sbin/pvcreate --metadatacopies 2 /dev/nvme0n1p4",
                "/usr/sbin/pvcreate --metadatacopies 2 /dev/sdb",
                "/usr/sbin/vgcreate --addtag imgbased:vg HostVG /dev/nvme0n1p4 /dev/sdb",
            ])
        let last = planner.complete(machine.installation)
        #expect(
            last.lines().filter { $0.contains("+ /usr") }.map { String($0.drop { $0 == " " || $0 == "+" }) }
                == [
                    "/usr/sbin/grub-install --target=i386-pc --boot-directory=/boot /dev/nvme0n1",
                    "/usr/sbin/grub-install --target=x86_64-efi --boot-directory=/boot --efi-directory=/boot/efi "
                        + "--removable --no-nvram",
                    "/usr/bin/umount /boot/efi", "/usr/bin/umount /boot",
                    "/usr/sbin/vgchange --activate n HostVG",
                    "/usr/sbin/sfdisk --quiet --part-uuid /dev/nvme0n1 1 P",
                ])
    }

    // MARK: Power cuts

    /// After each step: nothing, a disk that is made anew without --wipe, or a whole installation.
    @Test(arguments: [["/dev/sdb"], ["/dev/sdb", "/dev/sdc"]])
    func anInterruptedInstallationStartsAfresh(disks: [String]) throws {
        var start = FakeMachine()
        start.state = HostState()
        start.installation.disks = disks.map { Self.disk($0) }
        var whole = start
        try whole.install(Self.settings)
        let steps = whole.stepsDone
        #expect(steps > 30)
        for power in 0..<steps {
            var cut = start
            cut.power = power
            #expect(throws: PowerCut.self) { try cut.install(Self.settings) }
            #expect(cut.firmware.isEmpty || power > steps - 8, "a loader after \(power)")
            cut.power = .max
            cut.stepsDone = 0
            var again = cut
            if cut.installation.disks[0].devices.first?.id == "own-id" {
                #expect(cut == Self.counted(whole, power: .max, steps: 0))
                #expect(throws: HostRefusal.self) { try again.install(Self.settings) }
                continue
            }
            try again.install(Self.settings)
            let recovery = again.stepsDone
            #expect(Self.counted(again) == Self.counted(whole), "cut after \(power)")
            // And once more, with the power gone while the second run clears the disks. After that it is like the
            // first.
            for second in 0...(recovery - steps) {
                var twice = cut
                twice.power = second
                #expect(throws: PowerCut.self) { try twice.install(Self.settings) }
                twice.power = .max
                if twice.installation.disks[0].devices.first?.id != "own-id" {
                    try twice.install(Self.settings)
                }
                #expect(Self.counted(twice) == Self.counted(whole), "cut after \(power) and \(second)")
            }
        }
    }

    private static func counted(_ machine: FakeMachine, power: Int = 0, steps: Int = 0) -> FakeMachine {
        var machine = machine
        (machine.power, machine.stepsDone) = (power, steps)
        return machine
    }

    // MARK: Refusals

    private static func expectRefusal(
        _ reason: InstallReason, wipes: Bool = false, _ change: (inout FakeMachine) -> Void
    ) {
        var machine = machine("/dev/sdb", "/dev/sdc")
        change(&machine)
        let before = machine
        let seen = ImgbasedHostCoreTests.reason { try machine.install(wipes: wipes) }
        #expect(seen == .install(reason))
        #expect(machine == before)
    }

    private static func partition(_ path: String, id: String? = nil, at: String? = nil)
        -> InstallDisk.Device
    {
        InstallDisk.Device(path: path, kind: "part", id: id, mountPoints: at.map { [$0] } ?? [])
    }

    @Test func disksWithAnythingOnThemNeedWipe() throws {
        for index in 0...1 {
            let path = ["/dev/sdb", "/dev/sdc"][index]
            Self.expectRefusal(.needsWipe(disk: path, contents: "xfs")) {
                $0.installation.disks[index].disk.signatures = ["xfs"]
            }
            Self.expectRefusal(.needsWipe(disk: path, contents: "gpt, 1 partition")) {
                $0.installation.disks[index].disk.signatures = ["gpt"]
                $0.installation.disks[index].devices = [Self.partition(path + "1")]
            }
        }
        var machine = Self.machine("/dev/sdb", "/dev/sdc")
        var blank = machine
        for index in 0...1 { machine.installation.disks[index].disk.signatures = ["xfs"] }
        try machine.install(wipes: true)
        try blank.install()
        #expect(Self.counted(machine) == Self.counted(blank))
        // The mark is the first disk's alone: elsewhere it proves nothing.
        Self.expectRefusal(.needsWipe(disk: "/dev/sdc", contents: "gpt, 1 partition")) {
            $0.installation.disks[1].disk.signatures = ["gpt"]
            $0.installation.disks[1].devices = [Self.partition("/dev/sdc1", id: InstallDisk.mark)]
        }
        // A disk of an unfinished installation does not free another one of a foreign group.
        Self.expectRefusal(.needsWipe(disk: "/dev/sdc", contents: "LVM2_member")) {
            $0.installation.disks[0].disk.signatures = ["gpt"]
            $0.installation.disks[0].devices = [Self.partition("/dev/sdb1", id: InstallDisk.mark)]
            $0.installation.disks[1].disk.signatures = ["LVM2_member"]
            $0.state.physicalVolumes = [HostState.PhysicalVolume(path: "/dev/sdc", group: "data")]
        }
    }

    @Test func disksInUseAreRefusedEvenToBeWiped() {
        for wipes in [false, true] {
            Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "/srv"), wipes: wipes) {
                $0.installation.disks[0].devices = [Self.partition("/dev/sdb1", at: "/srv")]
            }
            Self.expectRefusal(.inUse(disk: "/dev/sdc", by: "[SWAP]"), wipes: wipes) {
                $0.installation.disks[1].disk.mountPoints = ["[SWAP]"]
            }
            Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "/dev/md0"), wipes: wipes) {
                $0.installation.disks[0].devices = [InstallDisk.Device(path: "/dev/md0", kind: "raid1")]
            }
            Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "another program"), wipes: wipes) {
                $0.installation.disks[0].isHeld = true
            }
            // Ours, but mounted or mapped by others.
            Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "/mnt"), wipes: wipes) {
                $0.installation.disks[0].devices = [
                    Self.partition("/dev/sdb1", id: InstallDisk.mark),
                    Self.partition("/dev/sdb3", at: "/mnt"),
                ]
            }
            Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "/dev/mapper/x"), wipes: wipes) {
                $0.installation.disks[0].devices = [
                    Self.partition("/dev/sdb1", id: InstallDisk.mark),
                    InstallDisk.Device(path: "/dev/mapper/x", kind: "crypt"),
                ]
            }
        }
        // The volumes of a group on the disk.
        Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "data/lv"), wipes: true) {
            $0.addGroup("data", on: ["/dev/sdb"])
            $0.state.volumes = [
                Volume(path: VolumePath(group: "data", name: "lv"), size: Bytes(1), segmentType: "linear")
            ]
        }
    }

    @Test func noOtherDiskIsTouched() throws {
        Self.expectRefusal(.groupSpans("data", disk: "/dev/sdb", others: ["/dev/sdz"]), wipes: true) {
            $0.addGroup("data", on: ["/dev/sdb", "/dev/sdz"])
        }
        Self.expectRefusal(.groupExists("HostVG", on: ["/dev/sda3"])) {
            $0.addGroup("HostVG", on: ["/dev/sda3"])
        }
        // A group of that name on the disk goes with it.
        var machine = Self.machine("/dev/sdb")
        machine.addGroup("HostVG", on: ["/dev/sdb"])
        machine.installation.disks[0].disk.signatures = ["LVM2_member"]
        try machine.install(wipes: true)
        #expect(machine.firmware == [.bios, .efi64])
    }

    @Test func whatCannotBecomeAnInstallationIsRefused() {
        Self.expectRefusal(.notWhole(disk: "/dev/sdb", kind: "part")) {
            $0.installation.disks[0].kind = "part"
        }
        Self.expectRefusal(.noBootDirectory) { $0.installation.hasBootDirectory = false }
        Self.expectRefusal(.noGRUB(GRUBPlatform.native)) { $0.installation.platforms = [] }
        Self.expectRefusal(.noTools(["/usr/sbin/grub-install", "/usr/sbin/sfdisk"])) {
            $0.installation.tools.subtract([.sfdisk, .grubInstall, .xz])
        }
        Self.expectRefusal(.tooShort(disk: "/dev/sdb", missing: Bytes(323 << 20))) {
            $0.installation.disks[0].disk.size = Bytes(1 << 30)
        }
        // An image that does not fit, before anything is begun.
        let machine = Self.machine("/dev/sdb")
        let image = ImageDescription(
            path: "img", length: Bytes(30 << 30), allocated: Bytes(25 << 30), signature: FakeMachine.signature
        )
        let seen = reason { _ = try Self.planner.prepare(machine.state, machine.installation, image) }
        if case .poolShort? = seen {} else { Issue.record("\(String(describing: seen))") }
        let twice = reason {
            var machine = Self.machine("/dev/sdb", "/dev/sdb")
            try machine.install()
        }
        #expect(twice == .duplicate(disk: "/dev/sdb"))
    }

    /// A layered host installs another disk: its own layer, group and arguments have no part in that.
    @Test func aLayeredHostInstallsAnotherDisk() throws {
        var machine = Self.machine("/dev/sdb")
        machine.addGroup("Own", on: ["/dev/sda3"])
        machine.state.groups[0].tags = [Tag.volumeGroup]
        machine.state.booted = VolumePath(group: "Own", name: "Base-7.1")
        try machine.install()
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.1"))
        // Afterwards the host still knows its own group.
        #expect(HostNames(group: nil, pool: nil, in: machine.state).group == "Own")
    }
}

extension FakeMachine {
    fileprivate mutating func addGroup(_ name: String, on disks: [String]) {
        state.groups.append(
            HostState.Group(
                name: name, uuid: "", size: Bytes(1 << 30), free: Bytes(1 << 30), extentSize: Bytes(4 << 20),
                tags: []))
        state.physicalVolumes += disks.map { HostState.PhysicalVolume(path: $0, group: name) }
    }
}
