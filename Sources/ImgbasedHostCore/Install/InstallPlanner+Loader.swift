import ImgbasedCore

/// The parts of an installation that depend on the boot loader.
///
/// The loader and its modules are the running system's: they fit together, and no program of the image runs
/// before the image does.
extension InstallPlanner {
    private static let espSize = Bytes(256 << 20)
    private static let grub = "/boot/grub"
    private static let esp = "/boot/efi"
    /// The distance of systemd-boot's ESP from the start of its partition, until the installation is
    /// complete.
    private static let hiding = Bytes(1 << 20)

    private var roundedBootSize: Bytes { bootSize.roundedUp(to: Bytes(1 << 20)) }

    /// The reason for a refusal if the running system does not have the loader.
    var missingLoader: InstallReason {
        switch loader {
        case .grub: .noGRUB(GRUBPlatform.native)
        case .systemdBoot: .noSystemdBoot(InstallLoader.systemdBootProgram)
        }
    }

    /// The partitions of the first disk until the installation is complete.
    var partitions: [PartitionTable.Partition] {
        let volumes = PartitionTable.Partition(name: "imgbased", type: "lvm", size: nil)
        switch loader {
        case .grub:
            return [
                .init(
                    name: "bios", type: PartitionTable.biosBoot, id: InstallDisk.mark, size: Bytes(1 << 20)),
                .init(name: "esp", type: "uefi", size: InstallPlanner.espSize),
                .init(name: "boot", type: "linux", size: roundedBootSize), volumes,
            ]
        case .systemdBoot:
            // Firmware may look for a loader in any partition, whatever its type. It finds a file system only
            // at the start of one.
            return [
                .init(
                    name: "esp", type: "linux", id: InstallDisk.mark, start: PartitionTable.margin,
                    size: Bytes(InstallPlanner.hiding.count + roundedBootSize.count)), volumes,
            ]
        }
    }

    /// The first partition once everything is there.
    private var firstPartition: PartitionTable.Partition {
        switch loader {
        case .grub: .init(name: "bios", type: PartitionTable.biosBoot, id: partitionID)
        case .systemdBoot:
            .init(
                name: "esp", type: "uefi", id: partitionID,
                start: Bytes(PartitionTable.margin.count + InstallPlanner.hiding.count), size: roundedBootSize
            )
        }
    }

    /// The steps that make the file systems of the boot loader, and mount them.
    func files(_ table: PartitionTable, sectorSize: Bytes) -> [Step] {
        switch loader {
        case .grub:
            return [
                .makeBootFileSystem(table.device(3), uuid: bootUUID),
                .makeESP(table.device(2), id: espID, in: nil),
                .mountDevice(table.device(3), type: "ext4", at: BootState.mountPoint),
                .mountDevice(table.device(2), type: "vfat", at: InstallPlanner.esp),
            ]
        case .systemdBoot:
            let window = DeviceWindow(
                offset: InstallPlanner.hiding, size: roundedBootSize, sectorSize: sectorSize)
            return [
                .makeESP(table.device(1), id: espID, in: window),
                .mountDevice(table.device(1), type: "vfat", at: BootState.mountPoint, in: window),
                .installSystemdBoot,
            ]
        }
    }

    /// The steps that write the loader's configuration, to which the layers are added.
    ///
    /// GRUB's menu is on `console` too.
    func configuration(_ console: SerialConsole?) -> [Step] {
        switch loader {
        case .grub:
            let text = (console?.commandsOfGRUB ?? "") + InstallPlanner.grubConfiguration
            return [
                .makeDirectory(InstallPlanner.grub),
                .replaceFile(
                    path: InstallPlanner.grub + "/grub.cfg",
                    contents: Array(text.utf8), isOnBoot: true),
            ]
        case .systemdBoot:
            return [
                .replaceFile(
                    path: BootState.mountPoint + "/loader/loader.conf", contents: Array("timeout 5\n".utf8),
                    isOnBoot: true)
            ]
        }
    }

    /// The lines for the loader's file systems in the layer's table.
    var mounts: [FSTab.Entry] {
        let id = "UUID=\(espID.prefix(4))-\(espID.dropFirst(4))"
        switch loader {
        case .grub:
            return [
                FSTab.Entry(
                    source: "UUID=\(bootUUID)", target: BootState.mountPoint, type: "ext4",
                    options: "defaults", rest: ["0", "2"]),
                FSTab.Entry(
                    source: id, target: InstallPlanner.esp, type: "vfat", options: "umask=0077,nofail",
                    rest: ["0", "2"]),
            ]
        case .systemdBoot:
            return [
                FSTab.Entry(
                    source: id, target: BootState.mountPoint, type: "vfat", options: "umask=0077",
                    rest: ["0", "2"])
            ]
        }
    }

    /// The plan that makes the disks bootable, at the very end, and declares them complete.
    func complete(_ survey: InstallSurvey) -> Plan {
        var plan = Plan(goal: "make '\(survey.disks.first?.path ?? "")' bootable")
        guard let disk = survey.disks.first?.disk.kernelPath else { return plan }
        let table = PartitionTable(disk: disk, partitions: partitions)
        switch loader {
        case .grub:
            plan.prepare = survey.platforms.map { .installGRUB($0, disk: disk) }
            plan.prepare += [
                .unmountDevice(table.device(2), at: InstallPlanner.esp),
                .unmountDevice(table.device(3), at: BootState.mountPoint),
            ]
        case .systemdBoot: plan.prepare = [.unmountDevice(table.device(1), at: BootState.mountPoint)]
        }
        plan.prepare.append(.deactivateGroup(names.group))
        plan.commit = [
            .declareInstalled(disks: survey.disks.map(\.disk.kernelPath), firstPartition)
        ]
        return plan
    }

    /// GRUB's configuration, to which the layers are added.
    ///
    /// If the installation is not complete, GRUB goes back to the firmware, which may clear the screen. GRUB
    /// has nothing to wait for there, so the message stays for ten seconds, or until a key is pressed.
    ///
    /// One write, of the first partition's entry, makes the disk boot and protects it from another run.
    /// So nothing is ever written in a layer that another run would overwrite.
    private static let grubConfiguration = """
        # Written by imgbase install. grub-mkconfig replaces this file, and keeps the layers.
        insmod regexp
        insmod probe
        regexp --set=1:imgbased_disk '^([^,]*),' "${root}"
        probe --set=imgbased_first --part-uuid "(${imgbased_disk},gpt1)"
        if [ "${imgbased_first}" = "\(InstallDisk.mark)" ]; then
          echo "The installation on this disk is not complete: run it again."
          sleep --interruptible 10
          exit
        fi
        set timeout=5

        """
}
