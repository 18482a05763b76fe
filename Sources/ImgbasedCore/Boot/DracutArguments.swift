/// The arguments for dracut's other modules if the helper brings up the root.
public enum DracutArguments {
    /// The arguments to add to those of `commandLine`, in the syntax of dracut.cmdline(7).
    ///
    /// dracut's lvm module would activate the layer at the same time, and wait for a volume of `rd.lvm.lv=`
    /// that may not exist. The module is switched off unless an argument requests something other than a
    /// layer.
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
