import ImgbasedCore
import ImgbasedLinux

/// `imgbase-initrd plan`: prints what `boot` would create, from disks or image files on any machine.
struct PlanCommand {
    private let commandLine: String
    private let paths: [String]

    /// Reads the arguments after `plan`; `nil` if they do not match the usage.
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
        var reader = MetadataReader()
        for path in paths {
            guard let scan = try PhysicalVolumeScan.read(path: path, by: &reader) else {
                throw .refused("'\(path)' has no LVM2 label")
            }
            inventory.add(scan)
        }
        switch inventory.volumeGroup(request.groupSelector) {
        case .found(let located), .contested(_, let located?, _):
            let selection = try BootError.choose(LayerSelection(request, in: located.group))
            let plan = try BootError.check(located.plan(for: selection.volume))
            try BootError.check(located.check(plan))
            let missing = located.lacking(plan)
            guard missing.isEmpty else {
                let list = missing.map { $0.description }.joined(separator: ", ")
                throw .refused("volume group '\(located.group.name)' lacks physical volume \(list)")
            }
            (located.warnings + plan.warnings).forEach(complain)
            plan.rendered { located.devices[$0] ?? $0.description }.forEach(say)
        case .absent:
            let damages = inventory.scans.flatMap { $0.damages }.map { "; \($0)" }.joined()
            throw .refused("no disk has \(request.groupSelector)" + damages)
        case .refused(let refusal), .contested(_, nil, let refusal):
            throw .refused(refusal)
        }
    }
}
