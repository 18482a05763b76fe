import ImgbasedCore
import ImgbasedLinux

/// `imgbase-initrd plan`: what `boot` would create, from disks or image files on any machine.
struct PlanCommand {
    private let commandLine: String
    private let paths: [String]

    /// Reads what stands behind `plan`; `nil` where that is not its usage.
    init?(_ arguments: ArraySlice<String>) {
        var commandLine: String?
        var paths: [String] = []
        var rest = arguments
        while let argument = rest.popFirst() {
            if argument == "--cmdline" {
                guard commandLine == nil, let value = rest.popFirst() else { return nil }
                commandLine = value
            } else if argument.hasPrefix("-") {
                return nil
            } else {
                paths.append(argument)
            }
        }
        guard let commandLine, !paths.isEmpty else { return nil }
        self.commandLine = commandLine
        self.paths = paths
    }

    func run() throws(BootError) {
        let request = BootRequest(commandLine: KernelCommandLine(commandLine))
        request.warnings.forEach(complain)
        var inventory = Inventory()
        for path in paths {
            guard let scan = try PhysicalVolumeScan.read(path: path) else {
                throw .refused("'\(path)' has no LVM2 label")
            }
            inventory.add(scan)
        }
        switch inventory.volumeGroup(request.groupSelector) {
        case .complete(let group, let devices):
            let selection = try BootError.choose(LayerSelection(request, in: group))
            let plan = try BootError.check(ActivationPlan(selection.volume, in: group))
            plan.rendered { devices[$0] ?? $0.description }.forEach(say)
        case .incomplete(let group, let missing):
            let list = missing.map { $0.description }.joined(separator: ", ")
            throw .refused("volume group '\(group.name)' lacks physical volume \(list)")
        case .absent:
            throw .refused("no disk has \(request.groupSelector)")
        case .refused(let refusal, _):
            throw .refused(refusal)
        }
    }
}
