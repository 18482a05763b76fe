import ImgbasedCore
import ImgbasedLinux

/// `imgbase-initrd plan`: what `boot` would create, from disks or image files on any machine.
enum PlanCommand {
    static func run(_ arguments: [String]) throws {
        var commandLine: String?
        var paths: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            if argument == "--cmdline" {
                guard commandLine == nil, let value = rest.popFirst() else { throw UsageError() }
                commandLine = value
            } else if argument.hasPrefix("-") {
                throw UsageError()
            } else {
                paths.append(argument)
            }
        }
        guard let commandLine, !paths.isEmpty else { throw UsageError() }

        let request = BootRequest(commandLine: KernelCommandLine(commandLine))
        request.warnings.forEach(complain)
        var inventory = Inventory()
        for path in paths {
            guard let scan = try PhysicalVolumeScan.read(OpenBlockSource(path: path), path: path) else {
                throw Refusal("'\(path)' has no LVM2 label")
            }
            inventory.add(scan)
        }
        switch inventory.volumeGroup(request.groupSelector) {
        case .complete(let group, let devices):
            let selection = try LayerSelection(request, in: group)
            let plan = try ActivationPlan(selection.volume, in: group)
            plan.rendered { devices[$0] ?? $0.description }.forEach { print($0) }
        case .incomplete(let group, let missing):
            let list = missing.map(\.description).joined(separator: ", ")
            throw Refusal("volume group '\(group.name)' lacks physical volume \(list)")
        case .absent:
            throw Refusal("no disk has \(request.groupSelector)")
        case .refused(let refusal, _):
            throw refusal
        }
    }
}
