extension ActivationPlan {
    /// The plan as text, to be read and compared: for each target a line as `dmsetup table` prints it, with a
    /// physical volume by `pathOf` and another device by its name instead of MAJOR:MINOR; then for each device a
    /// line `NAME uuid UUID ro|rw`; then a line `NAME read-ahead SECTORS` or `NAME minor NUMBER` where the metadata asks for it.
    public func rendered(pathOf: (LVMIdentifier) -> String) -> [String] {
        var lines: [String] = []
        for device in devices {
            for target in device.targets {
                let arguments = target.arguments { reference in
                    switch reference {
                    case .physicalVolume(let id): pathOf(id)
                    case .mapped(let name): name
                    }
                }
                lines.append(
                    "\(device.name): \(target.start.count) \(target.length.count) \(target.type) \(arguments)"
                )
            }
        }
        for device in devices {
            lines.append("\(device.name) uuid \(device.uuid) \(device.isReadOnly ? "ro" : "rw")")
        }
        for device in devices {
            if let readAhead = device.readAhead {
                lines.append("\(device.name) read-ahead \(readAhead.count)")
            }
            if let minor = device.minor { lines.append("\(device.name) minor \(minor)") }
        }
        return lines
    }
}
