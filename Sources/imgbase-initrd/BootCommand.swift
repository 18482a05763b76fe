import ImgbasedCore
import ImgbasedLinux

/// `imgbase-initrd boot`: finds the disks, picks the layer, activates it and mounts it at `/sysroot`.
enum BootCommand {
    /// The kernel command line.
    static func commandLine() throws(BootError) -> KernelCommandLine {
        KernelCommandLine(try BootError.call(SmallFile.read("/proc/cmdline")))
    }

    /// The request of the kernel command line.
    static func request() throws(BootError) -> BootRequest {
        BootRequest(commandLine: try commandLine())
    }

    static func run() throws(BootError) {
        let request = try request()
        guard request.isOurs else { return }
        request.warnings.forEach(warn)

        var times = Stopwatch()
        let modules = KernelModules(request.limits.tool)
        let lacking = loadDrivers(modules)
        times.lap("modules")

        var search = try BootError.call(VolumeGroupSearch(timeout: request.timeout))
        let found = try search.run(request)
        times.lap("disks")

        var selection = try BootError.choose(LayerSelection(request, in: found.group))
        var root = RootBringUp(request, found, modules, lacking: lacking, search)
        try root.checkPlace()
        while true {
            do throws(BootError) {
                try root.run(selection, &times)
                break
            } catch {
                // The next choice, or an error with the reasons of this one and all before it.
                let reason = "cannot boot layer '\(selection.volume)': \(error)"
                selection = try BootError.choose(selection.next(after: reason))
            }
        }
        let report = root.report(of: selection, times)
        for item in BootedUnits.items(mode: report.mode) {
            try BootError.call(item.write(below: BootedUnits.directory))
        }
        try BootError.call(SmallFile.write(report.json, to: "/run/imgbased/boot.json"))
        announce(report, toldAlready: request.warnings.count)
    }

    /// Loads the kernel's drivers for thin volumes, and returns the error if that failed.
    ///
    /// An error is not final: not every layer is a thin volume, and lvm2 has its own ways.
    private static func loadDrivers(_ modules: KernelModules) -> SystemError? {
        do throws(SystemError) {
            try modules.load("dm-thin-pool")
            return nil
        } catch {
            try? modules.load("dm-mod")
            return error
        }
    }

    /// Reports the booted layer: in the journal or, if it is not the one requested, to everybody.
    private static func announce(_ report: BootReport, toldAlready: Int) {
        let booting = "booting layer '\(report.layer)' (\(report.chosenBy))"
        let reasons = report.fallbacks.map { $0.reason }
        if reasons.isEmpty {
            say(booting)
        } else {
            warn(([booting] + reasons).joined(separator: "; "))
        }
        if let refusal = report.refusal { say("lvm2 activated it: \(refusal)") }
        // The warnings of the request were printed at once.
        report.warnings.dropFirst(toldAlready).forEach(warn)
        if let degraded = report.degraded {
            warn("nothing that is written to layer '\(report.layer)' will be kept: \(degraded)")
        }
    }

    /// Prints a warning, for the journal of the booted system too.
    private static func warn(_ line: String) {
        complain(line)
        if !KernelLog.isJournalThere { KernelLog.warn("imgbase-initrd: \(line)") }
    }
}
