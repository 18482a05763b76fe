import ImgbasedCore
import ImgbasedLinux

/// `imgbase-initrd boot`: finds the disks, picks the layer, activates it and mounts it at `/sysroot`.
enum BootCommand {
    /// What the kernel command line asks for.
    static func request() throws(BootError) -> BootRequest {
        let text = try BootError.from { () throws(SystemError) in try SmallFile.read("/proc/cmdline") }
        return BootRequest(commandLine: KernelCommandLine(text))
    }

    static func run() throws {
        let request = try request()
        guard request.isOurs else { return }
        request.warnings.forEach(warn)

        var times = Stopwatch()
        let modules = KernelModules()
        try modules.load("dm-thin-pool")
        times.lap("modules")

        var search = try VolumeGroupSearch(timeout: request.timeout)
        let found = try search.run(request.groupSelector)
        times.lap("disks")

        var selection = try LayerSelection(request, in: found.group)
        var root = RootBringUp(request, found, modules, search)
        while true {
            do {
                try root.run(selection, &times)
                break
            } catch {
                // The next choice, or an error that has this one's reason and all before it.
                selection = try selection.next(after: "cannot boot layer '\(selection.volume)': \(error)")
            }
        }
        let report = root.report(of: selection, times)
        for item in BootedUnits.items(mode: report.mode) { try item.write(below: BootedUnits.directory) }
        try SmallFile.write(report.json, to: "/run/imgbased/boot.json")
        announce(report)
    }

    /// Says what is booted: in the journal or, where it is not what was wanted, to everybody.
    private static func announce(_ report: BootReport) {
        let booting = "booting layer '\(report.layer)' (\(report.chosenBy))"
        let reasons = report.fallbacks.map { $0.reason }
        if reasons.isEmpty {
            print(booting)
        } else {
            warn(([booting] + reasons).joined(separator: "; "))
        }
        if let refusal = report.refusal { print("lvm2 activated it: \(refusal)") }
        if let degraded = report.degraded {
            warn("nothing that is written to layer '\(report.layer)' will be kept: \(degraded)")
        }
    }

    /// Complains, in the journal of the booted system as well.
    private static func warn(_ line: String) {
        complain(line)
        if !KernelLog.isJournalThere { KernelLog.warn("imgbase-initrd: \(line)") }
    }
}
