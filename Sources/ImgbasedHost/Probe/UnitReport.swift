import ImgbasedCore
public import ImgbasedHostCore

/// The states of units, as `systemctl show` prints them: `PROPERTY=VALUE`, and an empty line between units.
public enum UnitReport {
    /// Asks for the states of `units`.
    public static func command(_ units: [String]) -> Command {
        Command(.systemctl, ["show", "--property=Id,LoadState,ActiveState"] + units, about: "the units")
    }

    /// Parses the report of ``command(_:)`` on `units`, which systemd answers in their order.
    ///
    /// systemd's own name of a unit that does not exist, or is an alias, may differ.
    public static func states(_ report: [UInt8], of units: [String]) throws(HostFailure) -> [HostCheck
        .UnitState]
    {
        let lines = String(decoding: report, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false)
        let blocks = lines.split { $0.isEmpty }
        guard blocks.count == units.count else {
            throw .report(.systemctl, reason: "it has \(blocks.count) units, not \(units.count)")
        }
        return zip(units, blocks).map { unit, block in
            func value(_ key: String) -> String {
                block.first { $0.hasPrefix(key + "=") }.map { String($0.dropFirst(key.count + 1)) } ?? ""
            }
            return HostCheck.UnitState(name: unit, load: value("LoadState"), activity: value("ActiveState"))
        }
    }
}
