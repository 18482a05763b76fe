public import ImgbasedCore

/// The layer of the next unattended boot, and why. `GRUBScript` decides the same at boot; this tells
/// beforehand.
public struct BootChoice: Hashable, Sendable {
    /// The name of the layer.
    public var layer: String
    /// Why the boot loader picks this layer.
    public var reason: BootReason

    /// The layers in the order in which they are tried if earlier ones do not load. If the record leaves the
    /// default to the entries besides layers, those come after the last one.
    public static func order(_ record: BootRecord, _ entries: [BootEntry]) -> [BootChoice] {
        let layers = entries.sorted(by: BootEntry.isNewer(_:than:))
        var wanted: [(String?, BootReason)] = [(record.once, .once)]
        if let trial = record.trial, trial.triesLeft > 0 { wanted.append((trial.layer, .trial)) }
        // A trial without tries left does not come back as the default.
        if record.defaultLayer != record.trial?.layer { wanted.append((record.defaultLayer, .default)) }
        wanted.append((record.good, .good))
        if !record.leavesDefault { wanted += byHealth(layers).map { ($0.layer, .best) } }
        var left = Set(layers.map(\.layer))
        return wanted.compactMap { name, reason in
            name.flatMap { left.remove($0) }.map { BootChoice(layer: $0, reason: reason) }
        }
    }

    /// The layer booted unattended in the long run; `nil` if that is an entry besides layers. Without a
    /// record, or if its layer is gone, the boot loader chooses.
    public static func defaultLayer(_ record: BootRecord, _ entries: [BootEntry]) -> String? {
        var record = record
        (record.once, record.trial) = (nil, nil)
        return order(record, entries).first?.layer
    }

    /// `entries`, in menu order, with good ones first and bad ones last.
    static func byHealth(_ entries: [BootEntry]) -> [BootEntry] {
        [LayerHealth.good, .unknown, .bad].flatMap { health in entries.filter { $0.health == health } }
    }
}
