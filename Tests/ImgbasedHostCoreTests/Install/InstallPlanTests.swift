import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// `imgbase install`, by the machine that performs plans in memory.
@Suite struct InstallPlanTests {
    static func disk(_ path: String, gibibytes: UInt64 = 20) -> InstallDisk {
        InstallDisk(
            HostState.Disk(path: path, kernelPath: path, size: Bytes(gibibytes << 30)), kind: "disk")
    }

    /// A live system with empty disks.
    static func machine(_ disks: String...) -> FakeMachine {
        var machine = FakeMachine()
        machine.state = HostState()
        machine.state.boot.runningArguments = "root=live:CDLABEL=LIVE rd.live.image quiet"
        machine.installation.disks = disks.map { disk($0) }
        machine.installation.hasSystemdBoot = true
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

    @Test func theMenuIsOnTheSerialPortOfTheRunningSystem() throws {
        var machine = Self.machine("/dev/sdb")
        try machine.install()
        #expect(machine.state.boot.grubConfig?.contains("serial") == false)
        machine = Self.machine("/dev/sdb")
        machine.installation.kernelArguments = "root=live:CDLABEL=LIVE console=ttyS1,115200"
        try machine.install()
        let configuration = try #require(machine.state.boot.grubConfig)
        #expect(configuration.contains("if serial --unit=1 --speed=115200; then"))
    }

    @Test func systemdBootBootsTheLayer() throws {
        var machine = Self.machine("/dev/sdb")
        machine.imageTable = Array("LABEL=x /boot ext4\nUUID=y /boot/efi vfat\ntmpfs /tmp tmpfs\n".utf8)
        // Left by the loader that booted the live system.
        machine.state.boot.loaderDefault = "live.conf"
        try machine.install(loader: .systemdBoot)
        let boot = machine.state.boot
        #expect(boot.record == BootRecord(defaultLayer: "Base-0.1"))
        #expect(boot.loaderConfig == "default imgbased-*\ntimeout 5\n")
        #expect(boot.entryFiles == ["Base-0.1": ["imgbased-Base-0.1.conf"]])
        #expect(machine.firmware == [.efi64])
        let layer = try #require(machine.contents[VolumePath(group: "HostVG", name: "Base-0.1")])
        #expect(
            String(decoding: layer.fstab, as: UTF8.self) == """
                /dev/HostVG/Base-0.1 / ext4 defaults,discard 0 1
                UUID=0A1B-2C3D /boot vfat umask=0077 0 2
                tmpfs /tmp tmpfs
                /dev/HostVG/Config /config ext4 defaults,nofail,discard 0 2

                """)
    }

    static var planner: InstallPlanner {
        let image = ImageDescription(path: "img", length: nil, allocated: nil, content: .unknown)
        return InstallPlanner(
            names: FakeMachine.names, wipes: false, bootSize: nil,
            layout: InitPlanner(disks: [], size: nil, configSize: nil, configUUID: "C"),
            image: BasePlanner(name: nil, size: nil, image: image), settings: InstallSettings(),
            uuids: ("B", "0a1b2c3d-0000", "P"))
    }

    @Test func everyDiskIsFlushedBeforeTheWriteThatMakesThemBoot() {
        let partition = PartitionTable.Partition(
            name: "esp", type: "uefi", id: "own-id", size: Bytes(2 << 20))
        let actions = Step.declareInstalled(disks: ["/dev/sda", "/dev/sdb"], partition).actions()
        let command = Command(
            .sfdisk, Self.change.split(separator: " ").map(String.init) + ["/dev/sda"],
            input: "size=2MiB, type=uefi, uuid=own-id, name=\"esp\"\n")
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
                    "/usr/sbin/sfdisk \(Self.change) /dev/nvme0n1",
                ])
    }

    private static let change = "--quiet --no-reread --wipe never --wipe-partitions never -N 1"

    /// No firmware finds the file system until one line of the partition table makes it the ESP.
    @Test(arguments: [UInt64(512), 4096]) func commandsForSystemdBoot(sector: UInt64) throws {
        var machine = Self.machine("/dev/sdb")
        machine.installation.disks[0].sectorSize = Bytes(sector)
        var planner = Self.planner
        planner.loader = .systemdBoot
        let plan = try planner.prepare(machine.state, machine.installation, nil)
        func commands(_ plan: Plan) -> [String] {
            plan.lines().filter { $0.contains("+ ") || $0.contains("| ") }.map {
                String($0.drop { " +|".contains($0) })
            }
        }
        #expect(
            commands(plan).prefix(8) == [
                "/usr/sbin/sfdisk --quiet --wipe always --wipe-partitions always /dev/sdb", "label: gpt",
                "start=1MiB, size=1025MiB, type=linux, uuid=\(InstallDisk.mark), name=\"esp\"",
                "type=lvm, name=\"imgbased\"", "/usr/bin/udevadm settle --timeout=60",
                "/usr/sbin/mkfs.vfat -F 32 -n ESP -i 0A1B2C3D --offset \((1 << 20) / sector) /dev/sdb1 1048576",
                "/usr/bin/mount -t vfat -o loop,offset=1048576,sizelimit=1073741824 /dev/sdb1 /boot",
                "SYSTEMD_RELAX_ESP_CHECKS=1 /usr/bin/bootctl install --no-variables --esp-path=/boot",
            ])
        #expect(
            commands(planner.complete(machine.installation)) == [
                "/usr/bin/umount /boot", "/usr/sbin/vgchange --activate n HostVG",
                "/usr/sbin/sfdisk \(Self.change) /dev/sdb",
                "start=2MiB, size=1024MiB, type=uefi, uuid=P, name=\"esp\"",
            ])
    }

    // MARK: Power cuts

    /// After each step: nothing, a disk that is made anew without --wipe, or a whole installation.
    @Test(arguments: InstallLoader.allCases, [["/dev/sdb"], ["/dev/sdb", "/dev/sdc"]])
    func anInterruptedInstallationStartsAfresh(loader: InstallLoader, disks: [String]) throws {
        var start = FakeMachine()
        start.state = HostState()
        start.installation.disks = disks.map { Self.disk($0) }
        start.installation.hasSystemdBoot = true
        var whole = start
        try whole.install(loader: loader, Self.settings)
        let steps = whole.stepsDone
        #expect(steps > 30)
        for power in 0..<steps {
            var cut = start
            cut.power = power
            #expect(throws: PowerCut.self) { try cut.install(loader: loader, Self.settings) }
            switch loader {
            case .grub: #expect(cut.firmware.isEmpty || power > steps - 8, "a loader after \(power)")
            case .systemdBoot: #expect(cut.firmware.isEmpty, "a loader after \(power)")
            }
            cut.power = .max
            cut.stepsDone = 0
            var again = cut
            if cut.installation.disks[0].devices.first?.id == "own-id" {
                #expect(cut == Self.counted(whole, power: .max, steps: 0))
                #expect(throws: HostRefusal.self) { try again.install(loader: loader, Self.settings) }
                continue
            }
            try again.install(loader: loader, Self.settings)
            let recovery = again.stepsDone
            #expect(Self.counted(again) == Self.counted(whole), "cut after \(power)")
            // And once more, with the power gone while the second run clears the disks. After that it is like
            // the first.
            for second in 0...(recovery - steps) {
                var twice = cut
                twice.power = second
                #expect(throws: PowerCut.self) { try twice.install(loader: loader, Self.settings) }
                twice.power = .max
                if twice.installation.disks[0].devices.first?.id != "own-id" {
                    try twice.install(loader: loader, Self.settings)
                }
                #expect(Self.counted(twice) == Self.counted(whole), "cut after \(power) and \(second)")
            }
        }
    }

    static func counted(_ machine: FakeMachine, power: Int = 0, steps: Int = 0) -> FakeMachine {
        var machine = machine
        (machine.power, machine.stepsDone) = (power, steps)
        return machine
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
