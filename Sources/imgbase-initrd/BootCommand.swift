import ImgbasedCore
import ImgbasedLinux

/// `imgbase-initrd boot`: finds the disks, picks the layer, activates it and mounts it at `/sysroot`.
enum BootCommand {
    private static let root = "/sysroot"

    /// What the kernel command line asks for.
    static func request() throws -> BootRequest {
        BootRequest(commandLine: KernelCommandLine(try SmallFile.read("/proc/cmdline")))
    }

    static func run() throws {
        let request = try request()
        guard request.isOurs else { return }
        request.warnings.forEach(complain)

        var times = Stopwatch()
        let modules = try KernelModules()
        try modules.load("dm-thin-pool")
        times.lap("modules")

        var search = VolumeGroupSearch()
        let found = try search.run(
            request.groupSelector, until: Monotonic.now().advanced(bySeconds: request.timeout))
        times.lap("disks")

        let selection = try LayerSelection(request, in: found.group)
        var plan = try ActivationPlan(selection.volume, in: found.group)
        if request.mode != .readWrite { plan.makeVolumeReadOnly() }

        var mapper = DeviceMapper()
        var activation = StackActivation(plan, on: found.numbers, checkMetadata: ThinCheck.run)
        let result = try activation.run(&mapper)
        times.lap("activation")

        if !Mount.isMountPoint(root) {
            try LayerMount.mount(
                "/dev/dm-\(result.device.minor)", at: root, mode: request.mode,
                readOnly: !request.mountsWritable, options: request.rootFlags, modules: modules)
        }
        times.lap("mount")
        // The names in /dev, and the state that udev hands over to the booted system.
        mapper.waitForUdev()
        times.lap("udev")

        let report = BootReport(
            layer: selection.volume, base: selection.base, volumeGroup: found.group.name,
            device: plan.devices.last?.name ?? "", chosenBy: selection.chosenBy, mode: request.mode,
            activatedBy: "native", fallbacks: selection.fallbacks, warnings: request.warnings,
            timings: times.laps)
        try SmallFile.write(report.json, to: "/run/imgbased/boot.json")
        print("booting layer '\(selection.volume)' (\(selection.chosenBy))")
    }
}
