public import ImgbasedCore
import ImgbasedLinux

/// Looks at the host, and changes nothing.
public struct HostProbe: Sendable {
    private let runner: CommandRunner

    /// A probe that asks its questions through `runner`.
    public init(runner: CommandRunner) {
        self.runner = runner
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
        state.volumes = try LVMReport.volumes(try await runner.run(LVMReport.volumesCommand))
        let report = try EarlyBootReport.read()
        state.earlyBoot = report?.value
        state.hooks = try HookRunner.hooks()
        state.booted = bootedLayer(state.volumes, report)
        return state
    }

    /// The same, and the physical volumes and `disks`, and what is mounted.
    public func layout(disks: [String]) async throws(HostFailure) -> HostState {
        var state = try await volumes()
        state.physicalVolumes = try LVMReport.physicalVolumes(
            try await runner.run(LVMReport.physicalVolumesCommand))
        for disk in disks {
            let devices = try await runner.run(DiskReport.devicesCommand(disk))
            let signatures = try await runner.run(DiskReport.signaturesCommand(disk))
            state.disks.append(try DiskReport.disk(disk, devices: devices, signatures: signatures))
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
        config.fstab =
            try calling { () throws(SystemError) in try HostTree("/").read("/etc/fstab", limit: 1 << 20) }
            ?? []
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
