import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Surveys the root file system of the running system.
enum SystemProbe {
    /// The survey. `root` is what the user named; `volume` holds the root, if it is on one.
    static func survey(
        root: String, _ mount: MountReport.Mount?, _ volume: Volume?, _ boot: BootState
    ) throws(HostFailure) -> ConversionSurvey {
        var survey = ConversionSurvey(fileSystem: mount?.fstype ?? "not known")
        survey.device = mount?.source
        survey.volume = volume?.path
        survey.isNamed = isRoot(root, volume?.path)
        // Only a root that can be converted has a kernel that matters. Without its /boot it has none.
        guard survey.isNamed, FileSystemType(rawValue: survey.fileSystem) != nil, !boot.isMissing,
            boot.prefix.isEmpty
        else { return survey }
        let tree = try calling(ConfinedTree("/"))
        (survey.size, survey.used) = (tree.capacity, tree.usage)
        survey.swapFiles = try swapFiles(tree, &survey.used)
        let (files, source, helper) = try LayerProbe.runningFiles(named: "/")
        survey.kernel = RunningKernel(files, in: source)
        survey.helper = helper
        return survey
    }

    /// Whether `name` means the running root, on `volume`: `/`, `VG/LV`, or a path of its device.
    private static func isRoot(_ name: String, _ volume: VolumePath?) -> Bool {
        if name == "/" || name == volume?.description { return true }
        guard name.hasPrefix("/") else { return false }
        return HostSystem.number(ofDevice: name).map { $0 == HostSystem.device(of: "/") } ?? false
    }

    /// The swap files in use in the root file system. Their space is taken off `used`.
    private static func swapFiles(
        _ tree: borrowing ConfinedTree, _ used: inout TreeSize
    ) throws(HostFailure) -> [String] {
        // A kernel without swap has no such file.
        guard HostSystem.exists("/proc/swaps") else { return [] }
        let text = try calling(SmallFile.read("/proc/swaps"))
        var found: [String] = []
        for path in SwapTable.files(text) where HostSystem.device(of: path) == HostSystem.device(of: "/") {
            guard let status = try calling(tree.openFile(path)?.status()) else { continue }
            used.data -= min(used.data, status.allocated)
            found.append(path)
        }
        return found
    }
}
