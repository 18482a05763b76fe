public import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Looks at the host, and changes nothing.
public struct HostProbe: Sendable {
    private let runner: CommandRunner
    private let group: GroupSelector

    /// A probe that asks its questions through `runner`, and expects the volume group `group`, if there is one.
    public init(runner: CommandRunner, group: String? = nil) {
        self.runner = runner
        self.group = group.map { .named($0) } ?? .default
    }

    /// Whether the system is shutting down, as systemd says.
    public func isShuttingDown() async -> Bool {
        // It has a status for each answer (systemctl(1)).
        let command = Command(.systemctl, ["is-system-running"], successes: [0, 1])
        guard let answer = try? await runner.run(command) else { return false }
        return String(decoding: answer, as: UTF8.self).hasPrefix("stopping")
    }

    /// Why the boot loader booted the running system.
    public var reason: BootReason? { BootProbe.runningState.reason }

    /// Volume groups, volumes and the booted layer.
    public func volumes() async throws(HostFailure) -> HostState {
        var state = HostState()
        state.groups = try LVMReport.groups(try await runner.run(LVMReport.groupsCommand))
        if let repair = try repair(of: state.groups) { throw .contents(.tornGroup(repair.group)) }
        state.volumes = try LVMReport.volumes(try await runner.run(LVMReport.volumesCommand))
        let report = try EarlyBootReport.read()
        state.earlyBoot = report?.value
        state.hooks = try HookRunner.hooks()
        state.booted = bootedLayer(state.volumes, report)
        return state
    }

    /// What brings back the group that is expected, if a power cut has torn its metadata so that lvm2 does not see it.
    func repair() async throws(HostFailure) -> GroupRepair? {
        // Reading the disks takes no process.
        guard try repair(of: []) != nil else { return nil }
        // Another lvm2 may have been writing. This one waits for it.
        return try repair(of: LVMReport.groups(try await runner.run(LVMReport.groupsCommand)))
    }

    private func repair(of groups: [HostState.Group]) throws(HostFailure) -> GroupRepair? {
        let isThere = groups.contains { seen in
            switch group {
            case .named(let name): seen.name == name
            case .default: seen.tags.contains(Tag.volumeGroup) || seen.name == VolumeName.defaultGroup
            }
        }
        guard !isThere else { return nil }
        var inventory = Inventory()
        var reader = MetadataReader()
        for device in try calling(BlockDevice.all()) where device.mayHoldPhysicalVolume {
            // What cannot be read is lvm2's to tell.
            guard let scan = try? PhysicalVolumeScan.read(path: device.path, by: &reader) else { continue }
            inventory.add(scan)
        }
        guard case .found(let located) = inventory.volumeGroup(group) else { return nil }
        return GroupRepair(located)
    }

    /// The same, and the physical volumes and `disks`, and what is mounted.
    public func layout(disks: [String]) async throws(HostFailure) -> HostState {
        var state = try await volumes()
        state.physicalVolumes = try LVMReport.physicalVolumes(
            try await runner.run(LVMReport.physicalVolumesCommand))
        for disk in disks {
            let devices = try await runner.run(DiskReport.devicesCommand(disk))
            let signatures = try await runner.run(DiskReport.signaturesCommand(disk))
            var found = try DiskReport.disk(disk, devices: devices, signatures: signatures)
            var reader = MetadataReader()
            found.isUnbegun =
                (try? PhysicalVolumeScan.read(path: found.kernelPath, by: &reader))?.isUnbegun == true
            state.disks.append(found)
        }
        let mounts = try MountReport(try await runner.run(MountReport.command))
        state.config = try config(mounts)
        return state
    }

    /// The same as ``volumes()``, and what the boot loader has.
    public func boot() async throws(HostFailure) -> HostState {
        var state = try await volumes()
        let mounts = try MountReport(try await runner.run(MountReport.command))
        state.config = try config(mounts)
        state.boot = try BootProbe.observe(mounts, fstab: FSTab(state.config.fstab))
        state.conflicts = VolumeCarry.conflicts()
        state.carryFailure = SmallFile.line(StagedLayer.failurePath)
        state.leftBehind = SmallFile.line(StagedLayer.leftBehindPath)
        return state
    }

    private func config(_ mounts: MountReport) throws(HostFailure) -> ConfigState {
        var config = ConfigState()
        config.isMounted = mounts.at("/config") != nil
        config.fstab = try calling(ConfinedTree("/").read("/etc/fstab", limit: 1 << 20)) ?? []
        return config
    }

    /// The layer this system runs from: what device-mapper says of the device `/` is on; or, where `/` is an
    /// overlay, what the helper left in `/run`.
    private func bootedLayer(_ volumes: [Volume], _ report: EarlyBootReport?) -> VolumePath? {
        if let number = HostSystem.device(of: "/"),
            let uuid = SmallFile.line("/sys/dev/block/\(number)/dm/uuid")
        {
            // "LVM-", the identifier of the group and that of the volume, 32 characters each without hyphens.
            let identifier = uuid.dropFirst("LVM-".count + 32).prefix(32)
            let volume = volumes.first { $0.uuid.filter { $0 != "-" } == identifier }
            return volume.flatMap { $0.tags.contains(Tag.layer) ? $0.path : nil }
        }
        return volumes.first { $0.tags.contains(Tag.layer) && report?.names($0) == true }?.path
    }
}
