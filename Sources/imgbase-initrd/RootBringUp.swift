import ImgbasedCore
import ImgbasedLinux

/// Activates and mounts one chosen layer, or leaves nothing of it behind.
struct RootBringUp: ~Copyable {
    private static let target = "/sysroot"

    private let request: BootRequest
    private var found: VolumeGroupSearch.Found
    private let modules: KernelModules
    private var search: VolumeGroupSearch
    private var mapper = DeviceMapper()
    private var active: LayerActivation.Active?

    init(
        _ request: BootRequest, _ found: VolumeGroupSearch.Found, _ modules: KernelModules,
        _ search: consuming VolumeGroupSearch
    ) {
        self.request = request
        self.found = found
        self.modules = modules
        self.search = search
    }

    mutating func run(_ selection: LayerSelection, _ times: inout Stopwatch) throws(BootError) {
        // Another layer may need other disks.
        if !selection.fallbacks.isEmpty { found = try search.run(found, for: selection.volume) }
        var activation = LayerActivation(of: selection.volume, in: found, for: request, modules: modules)
        let active = try activation.run(&mapper) { () throws(SystemError) in try search.waitForDisk() }
        times.lap("activation")
        do throws(BootError) {
            let node = try BootError.call(name(selection.volume, active.device))
            times.lap("udev")
            try mount(node, active, isFallback: !selection.fallbacks.isEmpty)
        } catch {
            try activation.undo(after: error, &mapper)
            throw error
        }
        times.lap("mount")
        self.active = active
    }

    func report(of selection: LayerSelection, _ times: Stopwatch) -> BootReport {
        BootReport(
            layer: selection.volume, base: selection.base, volumeGroup: found.group.name,
            device: name(of: selection.volume), chosenBy: selection.chosenBy,
            reason: request.reason, mode: active?.mode ?? request.mode,
            activatedBy: active?.activator ?? .native,
            refusal: active?.refusal, degraded: active?.degraded, fallbacks: selection.fallbacks,
            warnings: request.warnings + found.warnings + (active?.warnings ?? []), timings: times.laps)
    }

    /// The device-mapper name of `volume`.
    private func name(of volume: String) -> String {
        DeviceMapperName(group: found.group.name, volume: volume).description
    }

    /// Sees to the names of `volume` in /dev, and returns the one to mount. udev makes them, and has the state it hands
    /// over to the booted system when the wait ends; without udev they are made as it would make them, which it
    /// then takes for its own.
    private mutating func name(_ volume: String, _ device: DeviceMapper.Info) throws(SystemError) -> String {
        mapper.waitForUdev()
        let node = "/dev/mapper/\(name(of: volume))"
        for path in [node, "/dev/\(found.group.name)/\(volume)"] where !SmallFile.exists(path) {
            try SmallFile.link(to: "../dm-\(device.minor)", at: path)
        }
        return node
    }

    private func mount(
        _ node: String, _ active: LayerActivation.Active, isFallback: Bool
    ) throws(BootError) {
        // Started again by hand, from dracut's shell.
        if Mount.isMountPoint(RootBringUp.target) { return }
        let check = try BootError.call(
            LayerMount.mount(
                node, at: RootBringUp.target, mode: active.mode, readOnly: !request.mountsWritable,
                check: active.device.isReadOnly ? nil : request.fileSystemCheck, options: request.rootFlags,
                modules: modules))
        if let check { say(check) }
        guard let reason = try BootError.call(flaw(isFallback: isFallback)) else { return }
        try BootError.call(LayerMount.unmount(RootBringUp.target, mode: active.mode))
        throw .failed(reason)
    }

    /// Why the system that is mounted cannot come up; `nil` where it can, as far as that can be seen.
    private func flaw(isFallback: Bool) throws(SystemError) -> String? {
        guard try InitProgram.exists(in: RootBringUp.target, asked: request.initProgram) else {
            return "it has no /sbin/init"
        }
        // The kernel that runs came with another layer.
        guard isFallback, let release = SmallFile.line("/proc/sys/kernel/osrelease"),
            !SmallFile.exists("\(RootBringUp.target)/usr/lib/modules/\(release)")
        else { return nil }
        return "it has no modules of the running kernel \(release)"
    }
}
