import ImgbasedCore
import ImgbasedLinux

/// Activates and mounts one chosen layer, or leaves nothing of it behind.
struct RootBringUp {
    private static let target = "/sysroot"

    private let request: BootRequest
    private let found: VolumeGroupSearch.Found
    private let modules: KernelModules
    /// The device-mapper name of the layer that is mounted.
    private(set) var device = ""

    init(_ request: BootRequest, _ found: VolumeGroupSearch.Found, _ modules: KernelModules) {
        self.request = request
        self.found = found
        self.modules = modules
    }

    mutating func run(
        _ selection: LayerSelection, _ mapper: inout DeviceMapper, _ times: inout Stopwatch
    ) throws {
        var plan = try ActivationPlan(selection.volume, in: found.group)
        if request.mode != .readWrite { plan.makeVolumeReadOnly() }
        var activation = StackActivation(plan, on: found.numbers, checkMetadata: ThinCheck.run)
        let result = try activation.run(&mapper)
        times.lap("activation")
        do {
            device = plan.devices.last?.name ?? ""
            try name(selection.volume, result.device, &mapper)
            times.lap("udev")
            try mount("/dev/mapper/\(device)", isFallback: !selection.fallbacks.isEmpty)
        } catch {
            try activation.undo(after: error, &mapper)
            throw error
        }
        times.lap("mount")
    }

    /// Sees to the names in /dev. udev makes them, and has the state it hands over to the booted system when the wait
    /// ends; without udev they are made as it would make them, which it then takes for its own.
    private func name(
        _ volume: String, _ info: DeviceMapper.Info, _ mapper: inout DeviceMapper
    ) throws {
        mapper.waitForUdev()
        for path in ["/dev/mapper/\(device)", "/dev/\(found.group.name)/\(volume)"]
        where !SmallFile.exists(path) {
            try SmallFile.link(to: "../dm-\(info.minor)", at: path)
        }
    }

    private func mount(_ node: String, isFallback: Bool) throws {
        // Started again by hand, from dracut's shell.
        if Mount.isMountPoint(RootBringUp.target) { return }
        try LayerMount.mount(
            node, at: RootBringUp.target, mode: request.mode, readOnly: !request.mountsWritable,
            options: request.rootFlags, modules: modules)
        // The kernel that runs came with another layer.
        guard isFallback, let release = SmallFile.line("/proc/sys/kernel/osrelease"),
            !SmallFile.exists("\(RootBringUp.target)/usr/lib/modules/\(release)")
        else { return }
        try LayerMount.unmount(RootBringUp.target, mode: request.mode)
        throw Refusal("it has no modules of the running kernel \(release)")
    }
}
