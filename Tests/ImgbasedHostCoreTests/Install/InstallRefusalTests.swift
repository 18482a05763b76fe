import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Disks that `imgbase install` refuses.
@Suite struct InstallRefusalTests {
    private static func expectRefusal(
        _ reason: InstallReason, wipes: Bool = false, keepsHosts: Bool = false, loader: InstallLoader = .grub,
        _ change: (inout FakeMachine) -> Void
    ) {
        var machine = InstallPlanTests.machine("/dev/sdb", "/dev/sdc")
        change(&machine)
        let before = machine
        let seen = ImgbasedHostCoreTests.reason {
            try machine.install(wipes: wipes, keepsHosts: keepsHosts, loader: loader)
        }
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
        var machine = InstallPlanTests.machine("/dev/sdb", "/dev/sdc")
        var blank = machine
        for index in 0...1 { machine.installation.disks[index].disk.signatures = ["xfs"] }
        try machine.install(wipes: true)
        try blank.install()
        #expect(InstallPlanTests.counted(machine) == InstallPlanTests.counted(blank))
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
        // Nor one of another host, whose group has the same name.
        Self.expectRefusal(.needsWipe(disk: "/dev/sdc", contents: "LVM2_member")) {
            $0.installation.disks[0].disk.signatures = ["gpt"]
            $0.installation.disks[0].devices = [
                Self.partition("/dev/sdb1", id: InstallDisk.mark), Self.partition("/dev/sdb4"),
            ]
            $0.installation.disks[0].host = InstallDisk.Host(group: "HostVG", id: "1")
            $0.installation.disks[1].disk.signatures = ["LVM2_member"]
            $0.installation.disks[1].host = InstallDisk.Host(group: "HostVG", id: "2")
            $0.addGroup("HostVG", on: ["/dev/sdb4", "/dev/sdc"])
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
        // The volume on one partition does not excuse another one.
        Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "another program"), wipes: true) {
            $0.addVolumes("data")
            var partition = Self.partition("/dev/sdb2")
            partition.isHeld = true
            $0.installation.disks[0].devices.append(partition)
        }
        // Nor are those that only a volume uses.
        Self.expectRefusal(.inUse(disk: "/dev/sdb", by: "/srv"), wipes: true) {
            $0.addVolumes("data", at: "/srv")
        }
    }

    /// Every Debian system activates the volumes it finds. Nothing need use them.
    @Test func volumesThatNothingUsesAreGivenUpWithTheDisk() throws {
        Self.expectRefusal(.needsWipe(disk: "/dev/sdb", contents: "LVM2_member")) { $0.addVolumes("data") }
        var machine = InstallPlanTests.machine("/dev/sdb", "/dev/sdc")
        machine.addVolumes("data")
        var planner = InstallPlanTests.planner
        planner.wipes = true
        let plan = try planner.prepare(machine.state, machine.installation, nil)
        #expect(plan.prepare.first { !$0.isCheck } == .deactivateGroup("data"))
        try machine.install(wipes: true)
        #expect(machine.state.groups.map(\.name) == ["HostVG"])
        // A host is told from a disk in use.
        Self.expectRefusal(.holdsHost(disk: "/dev/sdb", group: "data"), wipes: true, keepsHosts: true) {
            $0.addVolumes("data")
            $0.state.groups[0].tags = [Tag.volumeGroup]
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
        var machine = InstallPlanTests.machine("/dev/sdb")
        machine.addGroup("HostVG", on: ["/dev/sdb"])
        machine.installation.disks[0].disk.signatures = ["LVM2_member"]
        try machine.install(wipes: true)
        #expect(machine.firmware == [.bios, .efi64])
    }

    /// A machine that starts from the network again must not lose what was just installed.
    @Test func aHostIsKeptIfAsked() throws {
        var host = InstallPlanTests.machine("/dev/sdb")
        host.addGroup("data", on: ["/dev/sdb1"])
        host.installation.disks[0].devices = [Self.partition("/dev/sdb1")]
        var other = host
        host.state.groups[0].tags = [Tag.volumeGroup]
        let refused = reason { try host.install(wipes: true, keepsHosts: true) }
        #expect(refused == .install(.holdsHost(disk: "/dev/sdb", group: "data")))
        try host.install(wipes: true)
        try other.install(wipes: true, keepsHosts: true)
        // A power cut hid its group from lvm2.
        var torn = InstallPlanTests.machine("/dev/sdb")
        torn.installation.disks[0].devices = [Self.partition("/dev/sdb1")]
        torn.installation.disks[0].host = InstallDisk.Host(group: "HostVG", id: "1")
        let hidden = reason { try torn.install(wipes: true, keepsHosts: true) }
        #expect(hidden == .install(.holdsHost(disk: "/dev/sdb", group: "HostVG")))
        try torn.install(wipes: true)
        // Nobody can tell what is behind these.
        for cover in ["crypto_LUKS", "linux_raid_member"] {
            var covered = InstallPlanTests.machine("/dev/sdb")
            covered.installation.disks[0].devices = [
                InstallDisk.Device(path: "/dev/sdb1", kind: "part", signature: cover)
            ]
            let refused = reason { try covered.install(wipes: true, keepsHosts: true) }
            #expect(refused == .install(.mayHoldHost(disk: "/dev/sdb", cover: cover)))
            try covered.install(wipes: true)
        }
        // An unfinished installation is no host yet.
        var unfinished = InstallPlanTests.machine("/dev/sdb")
        unfinished.power = 25
        #expect(throws: PowerCut.self) { try unfinished.install() }
        #expect(unfinished.state.groups.map(\.tags) == [[Tag.volumeGroup]])
        unfinished.power = .max
        try unfinished.install(wipes: true, keepsHosts: true)
    }

    @Test func whatCannotBecomeAnInstallationIsRefused() {
        Self.expectRefusal(.notWhole(disk: "/dev/sdb", kind: "part")) {
            $0.installation.disks[0].kind = "part"
        }
        Self.expectRefusal(.noBootDirectory) { $0.installation.hasBootDirectory = false }
        Self.expectRefusal(.noGRUB(GRUBPlatform.native)) { $0.installation.platforms = [] }
        Self.expectRefusal(.noSystemdBoot(InstallLoader.systemdBootProgram), loader: .systemdBoot) {
            $0.installation.hasSystemdBoot = false
        }
        Self.expectRefusal(.noTools([.grubInstall, .sfdisk])) {
            $0.installation.tools.subtract([.sfdisk, .grubInstall, .xz])
        }
        Self.expectRefusal(.tooShort(disk: "/dev/sdb", missing: Bytes(323 << 20))) {
            $0.installation.disks[0].disk.size = Bytes(1 << 30)
        }
        // An image that does not fit, before anything is begun.
        let machine = InstallPlanTests.machine("/dev/sdb")
        let image = ImageDescription(
            path: "img", length: Bytes(30 << 30), allocated: Bytes(25 << 30), signature: FakeMachine.signature
        )
        let seen = reason {
            _ = try InstallPlanTests.planner.prepare(machine.state, machine.installation, image)
        }
        if case .poolShort? = seen {} else { Issue.record("\(String(describing: seen))") }
        let twice = reason {
            var machine = InstallPlanTests.machine("/dev/sdb", "/dev/sdb")
            try machine.install()
        }
        #expect(twice == .duplicate(disk: "/dev/sdb"))
    }
}

extension FakeMachine {
    /// Adds a group on the first disk, whose volume is active.
    fileprivate mutating func addVolumes(_ name: String, at place: String? = nil) {
        addGroup(name, on: ["/dev/sdb"])
        state.volumes = [
            Volume(path: VolumePath(group: name, name: "lv"), size: Bytes(1), segmentType: "linear")
        ]
        installation.disks[0].isHeld = true
        installation.disks[0].disk.signatures = ["LVM2_member"]
        installation.disks[0].devices = [
            InstallDisk.Device(
                path: "/dev/mapper/\(name)-lv", kind: "lvm", mountPoints: place.map { [$0] } ?? [])
        ]
    }

    mutating func addGroup(_ name: String, on disks: [String]) {
        state.groups.append(
            HostState.Group(
                name: name, uuid: "", size: Bytes(1 << 30), free: Bytes(1 << 30), extentSize: Bytes(4 << 20),
                tags: []))
        state.physicalVolumes += disks.map { HostState.PhysicalVolume(path: $0, group: name) }
    }
}
