/// What dracut's other modules are told where the helper brings the root.
public enum DracutArguments {
    /// Arguments besides those of `commandLine`, as dracut.cmdline(7) has them.
    ///
    /// dracut's lvm module would activate the layer too, at the same time, and wait for a volume that `rd.lvm.lv=` names
    /// and that need not be there. It is told to stay out unless it is asked for something else than a layer.
    public static func additional(to commandLine: KernelCommandLine) -> [String] {
        let root = commandLine.last("root").flatMap { VolumeArgument(root: $0) }
        let isForOthers = commandLine.arguments.contains { argument in
            switch argument.name {
            case "rd.auto", "rd.lvm.vg": return true
            case "rd.lvm.lv":
                guard let volume = VolumeArgument(lvm: argument) else { return true }
                let isRoot = volume.group == root?.group && volume.volume == root?.volume
                return !isRoot && !volume.hasNameOfLayer
            default: return false
            }
        }
        return isForOthers ? [] : ["rd.lvm=0"]
    }
}
