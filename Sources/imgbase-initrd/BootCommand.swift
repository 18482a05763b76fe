import ImgbasedCore
import ImgbasedLinux

/// `imgbase-initrd boot`: finds the disks, picks the layer, activates it and mounts it at `/sysroot`.
enum BootCommand {
    /// What the kernel command line asks for.
    static func request() throws -> BootRequest {
        BootRequest(commandLine: KernelCommandLine(try SmallFile.read("/proc/cmdline")))
    }

    static func run() throws {
        let request = try request()
        guard request.isOurs else { return }
        request.warnings.forEach(complain)

        var times = Stopwatch()
        let modules = KernelModules()
        try modules.load("dm-thin-pool")
        times.lap("modules")

        var search = VolumeGroupSearch()
        let found = try search.run(
            request.groupSelector, until: Monotonic.now().advanced(bySeconds: request.timeout))
        times.lap("disks")

        var selection = try LayerSelection(request, in: found.group)
        var mapper = DeviceMapper()
        var root = RootBringUp(request, found, modules)
        while true {
            do {
                try root.run(selection, &mapper, &times)
                break
            } catch {
                // The next choice, or an error that has this one's reason and all before it.
                selection = try selection.next(after: "cannot boot layer '\(selection.volume)': \(error)")
            }
        }
        let report = BootReport(
            layer: selection.volume, base: selection.base, volumeGroup: found.group.name, device: root.device,
            chosenBy: selection.chosenBy, mode: request.mode, fallbacks: selection.fallbacks,
            warnings: request.warnings, timings: times.laps)
        try SmallFile.write(report.json, to: "/run/imgbased/boot.json")
        let booting = "booting layer '\(selection.volume)' (\(selection.chosenBy))"
        if selection.fallbacks.isEmpty {
            print(booting)
        } else {
            complain(([booting] + selection.fallbacks.map(\.reason)).joined(separator: "; "))
        }
    }
}
