public import ImgbasedCore

/// Which layer the next boot without a person is of, and why: what `GRUBScript` decides, for those who want to know
/// before.
public struct BootChoice: Hashable, Sendable {
    /// The layer.
    public var layer: String
    /// Why.
    public var reason: BootReason

    /// Every layer that would be tried, in that order, should those before it not load; then what there is besides layers, where
    /// the record leaves the default to that.
    public static func order(_ record: BootRecord, _ entries: [BootEntry]) -> [BootChoice] {
        let layers = entries.sorted(by: BootEntry.isNewer(_:than:))
        var wanted: [(String?, BootReason)] = [(record.once, .once)]
        if let trial = record.trial, trial.triesLeft > 0 { wanted.append((trial.layer, .trial)) }
        // A trial that has used up its tries does not come back as the default.
        if record.defaultLayer != record.trial?.layer { wanted.append((record.defaultLayer, .default)) }
        wanted.append((record.good, .good))
        if !record.leavesDefault { wanted += byHealth(layers).map { ($0.layer, .best) } }
        var left = Set(layers.map(\.layer))
        return wanted.compactMap { name, reason in
            name.flatMap { left.remove($0) }.map { BootChoice(layer: $0, reason: reason) }
        }
    }

    /// The layer that is booted unattended in the long run: without a record, or with one of a layer that is gone, the boot
    /// loader chooses. `nil` where that is what there is besides layers.
    public static func defaultLayer(_ record: BootRecord, _ entries: [BootEntry]) -> String? {
        var record = record
        (record.once, record.trial) = (nil, nil)
        return order(record, entries).first?.layer
    }

    /// `entries`, which are in the menu's order, with the good ones first and the bad ones last.
    static func byHealth(_ entries: [BootEntry]) -> [BootEntry] {
        [LayerHealth.good, .unknown, .bad].flatMap { health in entries.filter { $0.health == health } }
    }
}
