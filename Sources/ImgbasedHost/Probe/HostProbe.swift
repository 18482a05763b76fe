public import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Observes the host and changes nothing.
public struct HostProbe: Sendable {
    private let runner: CommandRunner
    private let group: GroupSelector
    private let readsFirmware: Bool

    /// A probe that runs its commands through `runner` and expects the volume group `group`, if given.
    ///
    /// - Parameter readsFirmware: Whether `/boot` belongs to the boot loader that set the firmware's
    ///   variables.
    public init(runner: CommandRunner, group: String? = nil, readsFirmware: Bool = true) {
        self.runner = runner
        self.readsFirmware = readsFirmware
        self.group = group.map { .named($0) } ?? .default
    }

    /// Whether the system is shutting down, as systemd says.
    public func isShuttingDown() async -> Bool {
        // The exit status depends on the answer (systemctl(1)).
        let command = Command(.systemctl, ["is-system-running"], successes: [0, 1])
        guard let answer = try? await runner.run(command) else { return false }
        return String(decoding: answer, as: UTF8.self).hasPrefix("stopping")
    }

    /// Why the boot loader booted the running system; `nil` if its arguments do not say.
    public var reason: BootReason? { BootProbe.runningState.reason }

    /// The host with its volume groups, volumes and booted layer.
    public func volumes() async throws(HostFailure) -> HostState {
        var state = HostState()
        state.groups = try LVMReport.groups(try await runner.run(LVMReport.groupsCommand))
        if let repair = try repair(of: state.groups) { throw .contents(.tornGroup(repair.group)) }
        state.volumes = try LVMReport.volumes(try await runner.run(LVMReport.volumesCommand))
        let report = try EarlyBootReport.read()
        state.earlyBoot = report?.value
        state.hooks = try HookRunner.hooks()
        state.booted = bootedLayer(state.volumes, report)
        state.root = rootVolume(state.volumes)?.path
        return state
    }

    /// The repair of the expected group, if a power cut tore its metadata and hid it from lvm2.
    func repair() async throws(HostFailure) -> GroupRepair? {
        // Reading the disks starts no process.
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
            // lvm2 reports a disk that cannot be read.
            guard let scan = try? PhysicalVolumeScan.read(path: device.path, by: &reader) else { continue }
            inventory.add(scan)
        }
        guard case .found(let located) = inventory.volumeGroup(group) else { return nil }
        return GroupRepair(located)
    }

    /// The result of ``volumes()``, with the physical volumes, `disks` and Config.
    public func layout(disks: [String]) async throws(HostFailure) -> HostState {
        var state = try await volumes()
        try await addDisks(disks, to: &state)
        let mounts = try MountReport(try await runner.run(MountReport.command))
        state.config = try config(mounts)
        return state
    }

    private func addDisks(_ disks: [String], to state: inout HostState) async throws(HostFailure) {
        state.physicalVolumes = try LVMReport.physicalVolumes(
            try await runner.run(LVMReport.physicalVolumesCommand))
        for disk in disks {
            let (devices, signatures) = try await reports(on: disk)
            var found = try DiskReport.disk(disk, devices: devices, signatures: signatures)
            found.isUnbegun = HostProbe.scan(found)?.isUnbegun == true
            state.disks.append(found)
        }
    }

    /// `state`, that of ``boot()``, with what a conversion of the running system on `root` needs.
    func conversion(
        _ state: HostState, root: String, disks: [String]
    ) async throws(HostFailure) -> (HostState, ConversionSurvey) {
        var state = state
        try await addDisks(disks, to: &state)
        let mounts = try MountReport(try await runner.run(MountReport.command))
        var survey = try SystemProbe.survey(
            root: root, mounts.at("/"), rootVolume(state.volumes), state.boot)
        survey.hasOwnUsr = mounts.at("/usr") != nil
        return (state, survey)
    }

    /// The groups and volumes, and the content of `disks` for an installation.
    ///
    /// A group whose metadata a power cut has torn is left alone: it may be on such a disk.
    func installation(disks: [String]) async throws(HostFailure) -> (HostState, InstallSurvey) {
        var state = HostState()
        state.groups = try LVMReport.groups(try await runner.run(LVMReport.groupsCommand))
        state.volumes = try LVMReport.volumes(try await runner.run(LVMReport.volumesCommand))
        state.physicalVolumes = try LVMReport.physicalVolumes(
            try await runner.run(LVMReport.physicalVolumesCommand))
        var found: [InstallDisk] = []
        for disk in disks {
            let (devices, signatures) = try await reports(on: disk)
            var seen = try DiskReport.installDisk(disk, devices: devices, signatures: signatures)
            let scan = HostProbe.scan(seen.disk)
            // A physical volume without a place for metadata leaves it to others, and can hold anything.
            let isBlank = scan.map { !$0.holdsMetadata && $0.areas > 0 } ?? false
            seen.disk.isUnbegun = scan?.isUnbegun == true || isBlank
            seen.host = HostProbe.host(on: seen)
            seen.isHeld = try calling(HostSystem.isHeld(seen.disk.kernelPath))
            for (index, device) in seen.devices.enumerated()
            where device.kind == "part" && !device.hasDevices {
                seen.devices[index].isHeld = try calling(HostSystem.isHeld(device.path))
            }
            found.append(seen)
        }
        let platforms = GRUBPlatform.native.filter { HostSystem.exists($0.directory + "/modinfo.sh") }
        var survey = InstallSurvey(
            disks: found, platforms: platforms,
            hasBootDirectory: HostSystem.isDirectory(BootState.mountPoint),
            tools: Set(Tool.allCases.filter { HostSystem.exists($0.path) }))
        survey.hasSystemdBoot = HostSystem.exists(InstallLoader.systemdBootProgram)
        survey.kernelArguments = BootProbe.runningState.runningArguments
        return (state, survey)
    }

    private func reports(
        on disk: String
    ) async throws(HostFailure) -> (devices: [UInt8], signatures: [UInt8]) {
        (
            try await runner.run(DiskReport.devicesCommand(disk)),
            try await runner.run(DiskReport.signaturesCommand(disk))
        )
    }

    private static func scan(_ disk: HostState.Disk) -> PhysicalVolumeScan? {
        scan(path: disk.kernelPath)
    }

    private static func scan(path: String) -> PhysicalVolumeScan? {
        var reader = MetadataReader()
        return try? PhysicalVolumeScan.read(path: path, by: &reader)
    }

    /// The host of imgbased on `disk`, as the metadata on its physical volumes tells.
    private static func host(on disk: InstallDisk) -> InstallDisk.Host? {
        let paths = [disk.disk.kernelPath] + disk.devices.filter { $0.kind == "part" }.map(\.path)
        for path in paths {
            guard let group = scan(path: path)?.volumeGroup, group.tags.contains(Tag.volumeGroup) else {
                continue
            }
            return InstallDisk.Host(group: group.name, id: "\(group.id)")
        }
        return nil
    }

    /// The result of ``volumes()``, with the state of the boot loader.
    public func boot() async throws(HostFailure) -> HostState {
        var state = try await volumes()
        try await addMenu(to: &state)
        state.carried = VolumeCarry.carried()
        state.packages = PackageTree.record(of: try calling(ConfinedTree("/")))
        state.carryFailure = SmallFile.line(StagedLayer.failurePath)
        state.leftBehind = SmallFile.line(StagedLayer.leftBehindPath)
        return state
    }

    /// The part of the status that every user may read; `nil` if nothing is recorded.
    ///
    /// - Throws: if a record exists and cannot be read.
    public func recordedStatus() throws(HostFailure) -> RecordedStatus? {
        var message: String?
        do throws(SystemError) { message = try SmallFile.read(RecordedStatus.path) } catch {
            if !error.isMissing { throw .system(error) }
        }
        return RecordedStatus(early: try EarlyBootReport.read()?.value, reason: reason, message: message)
    }

    /// The boot loader, its record and the initramfs's report alone, without volumes.
    public func menu() async throws(HostFailure) -> HostState {
        var state = HostState()
        state.earlyBoot = try EarlyBootReport.read()?.value
        try await addMenu(to: &state)
        return state
    }

    /// Adds the boot loader and its record to `state`.
    public func addMenu(to state: inout HostState) async throws(HostFailure) {
        let mounts = try MountReport(try await runner.run(MountReport.command))
        state.config = try config(mounts)
        state.boot = try BootProbe.observe(
            mounts, fstab: FSTab(state.config.fstab), readsFirmware: readsFirmware)
    }

    private func config(_ mounts: MountReport) throws(HostFailure) -> ConfigState {
        var config = ConfigState()
        config.isMounted = mounts.at("/config") != nil
        config.fstab = try calling(ConfinedTree("/").read("/etc/fstab", limit: 1 << 20)) ?? []
        return config
    }

    /// The layer this system runs from, as device-mapper names the device of `/`.
    ///
    /// If `/` is an overlay, the helper's report in `/run` names the layer.
    private func bootedLayer(_ volumes: [Volume], _ report: EarlyBootReport?) -> VolumePath? {
        if HostProbe.rootIdentifier != nil {
            return rootVolume(volumes).flatMap { $0.role == .layer ? $0.path : nil }
        }
        return volumes.first { $0.role == .layer && report?.names($0) == true }?.path
    }

    /// The volume mounted at `/`; `nil` if it is none of `volumes`.
    private func rootVolume(_ volumes: [Volume]) -> Volume? {
        // "LVM-", the UUID of the group, the UUID of the volume: 32 characters each, without hyphens.
        let identifier = HostProbe.rootIdentifier?.dropFirst("LVM-".count + 32).prefix(32)
        return volumes.first { volume in
            identifier.map { volume.uuid.filter { $0 != "-" } == $0 } ?? false
        }
    }

    /// The device-mapper UUID of the device of `/`; `nil` if it is not mapped.
    private static var rootIdentifier: String? {
        HostSystem.device(of: "/").flatMap { SmallFile.line("/sys/dev/block/\($0)/dm/uuid") }
    }
}
