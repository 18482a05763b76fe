@testable import ImgbasedCore
@testable import ImgbasedHostCore

extension FakeMachine {
    /// `imgbase install image DISK…`
    mutating func install(
        wipes: Bool = false, keepsHosts: Bool = false, loader: InstallLoader = .grub,
        volumes: [DataRequest] = [],
        _ settings: InstallSettings = InstallSettings()
    ) throws {
        var layout = InitPlanner(
            disks: installation.disks.map(\.path), size: nil, configSize: nil, configUUID: "config-uuid")
        layout.volumes = volumes
        var planner = InstallPlanner(
            names: FakeMachine.names, wipes: wipes, loader: loader, bootSize: nil, layout: layout,
            image: image,
            settings: settings, uuids: ("boot-uuid", "0a1b2c3d-0000", "own-id"))
        planner.keepsHosts = keepsHosts
        try run(.install(planner, uuid: "layer-uuid"))
    }

    /// Performs a step of an installation.
    mutating func install(_ step: Step) {
        switch step {
        case .deactivateGroup(let group):
            for path in state.volumes.map(\.path) where path.group == group {
                update(path) { $0.isActive = false }
            }
        case .clearDisk(let path, _):
            let index = installation.disks.firstIndex { $0.disk.kernelPath == path } ?? 0
            let paths = installation.disks[index].physicalVolumePaths
            state.physicalVolumes.removeAll { paths.contains($0.path) }
            let groups = Set(state.physicalVolumes.compactMap(\.group))
            state.groups.removeAll { !groups.contains($0.name) }
            for volume in state.volumes where !groups.contains(volume.path.group) {
                contents[volume.path] = nil
                fileSystems.remove(volume.path)
            }
            state.volumes.removeAll { !groups.contains($0.path.group) }
            installation.disks[index].disk.signatures = []
            installation.disks[index].disk.isUnbegun = false
            installation.disks[index].devices = []
            if index == 0 { (firmware, hasSystemdBoot, state.boot) = ([], false, BootState()) }
        case .partition(let table):
            installation.disks[0].disk.signatures = ["gpt"]
            installation.disks[0].devices = table.partitions.enumerated().map {
                InstallDisk.Device(path: table.device($0 + 1), kind: "part", id: $1.id)
            }
        case .makeBootFileSystem(_, let uuid):
            renewBoot(uuid)
            state.boot.free = Bytes(500 << 20)
            state.boot.grubScript = "menu\n"
        case .makeESP(_, let id, .some):
            renewBoot(id)
            state.boot.fileSystem = "vfat"
            state.boot.free = Bytes(500 << 20)
        case .installSystemdBoot:
            hasSystemdBoot = true
            state.boot.loader = .systemdBoot
            state.boot.loaderConfig = "#timeout 3\n"
        case .setUpLayer(let setup):
            let fstab = contents[setup.layer]?.fstab ?? []
            contents[setup.layer]?.fstab = setup.table.applied(to: fstab, type: setup.type)
            contents[setup.layer]?.settings = setup.settings
        case .installGRUB(let platform, _): firmware.insert(platform)
        case .declareInstalled(_, let partition):
            installation.disks[0].devices[0].id = partition.id
            if hasSystemdBoot, partition.type == "uefi" { firmware.insert(.efi64) }
        default: break
        }
    }

    /// An empty /boot, except for the leftovers, which are those in the running system's /etc.
    private mutating func renewBoot(_ uuid: String) {
        let leftovers = state.boot.leftovers
        state.boot = BootState()
        (state.boot.uuid, state.boot.leftovers) = (uuid, leftovers)
    }
}
