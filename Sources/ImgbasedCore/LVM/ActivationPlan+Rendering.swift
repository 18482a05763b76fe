extension ActivationPlan {
    /// The plan as text, for people and for comparison.
    ///
    /// One line for each target as `dmsetup table` prints it, with the path `pathOf` for a physical volume
    /// and the name of any other device instead of MAJOR:MINOR. Then one line `NAME uuid UUID ro|rw` for each
    /// device. Then `NAME read-ahead SECTORS` and `NAME minor NUMBER` if the metadata asks for them.
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
                let line = "\(device.name): \(target.start.count) \(target.length.count) \(target.type)"
                lines.append(arguments.isEmpty ? line : line + " " + arguments)
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
