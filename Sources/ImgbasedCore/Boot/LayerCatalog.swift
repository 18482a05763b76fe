/// The layers of a volume group, and which of them a request means.
struct LayerCatalog: Hashable {
    private static let listLimit = 20

    private let group: VolumeGroup
    /// Whether a name means the volume itself, of any kind, and a base only if it is tagged as one.
    private let namesVolumes: Bool
    /// Whether only names identify layers.
    private let isUntagged: Bool
    private let defaultLayer: String?
    /// The layers that can be booted, oldest first.
    private let layers: [LogicalVolume]

    /// - Parameters:
    ///   - group: The group on the disks. Without our tag on it, names alone identify layers.
    ///   - namesVolumes: Whether a name means the volume itself.
    ///   - defaultLayer: The layer that `previous` is relative to; `nil` for the latest.
    init(_ group: VolumeGroup, namesVolumes: Bool, defaultLayer: String?) {
        let isUntagged = !group.tags.contains(Tag.volumeGroup)
        self.group = group
        self.namesVolumes = namesVolumes
        self.isUntagged = isUntagged
        self.defaultLayer = defaultLayer
        layers = group.logicalVolumes
            .filter { volume in
                if volume.has(Tag.building) { return false }
                let hasName =
                    isUntagged && volume.thin != nil
                    && (try? LayerName(volume.name, limit: VolumeName.readLimit)) != nil
                return volume.role == .layer || hasName
            }
            .sorted(by: LayerCatalog.isOlder)
    }

    /// The base of `volume`, from its tag or else from its name; `nil` if neither names one.
    func base(of volume: LogicalVolume) -> String? {
        for tag in volume.tags where tag.hasPrefix(Tag.originPrefix) {
            return String(tag.dropFirst(Tag.originPrefix.count))
        }
        return (try? LayerName(volume.name, limit: VolumeName.readLimit))?.base.description
    }

    /// The volume that `request` means.
    func volume(for request: LayerRequest) throws(SelectionError) -> LogicalVolume {
        switch request {
        case .named(let name): try named(name)
        case .latest: try latest()
        case .previous: try previous()
        }
    }

    private func named(_ name: String) throws(SelectionError) -> LogicalVolume {
        if let layer = layers.first(where: { $0.name == name }) { return layer }
        let volume = group.volume(name).flatMap { $0.isVisible ? $0 : nil }
        let isBase = !namesVolumes || volume.map { $0.role == .base } ?? true
        if isBase, let layer = layers.last(where: { base(of: $0) == name }) { return layer }
        guard let volume else {
            throw error("there is no layer '\(name)' in volume group '\(group.name)'; it has \(list)")
        }
        let subject = "volume '\(name)' in volume group '\(group.name)'"
        if volume.has(Tag.building) { throw error("\(subject) was never completed; it has \(list)") }
        if volume.role == .base {
            throw error("base '\(name)' in volume group '\(group.name)' has no layers")
        }
        if volume.thinPool != nil { throw error("\(subject) is a thin pool, not a layer; it has \(list)") }
        guard namesVolumes || isUntagged else { throw error("\(subject) is not a layer; it has \(list)") }
        return volume
    }

    private func latest() throws(SelectionError) -> LogicalVolume {
        var newest: (layer: LogicalVolume, base: String, time: UInt64)?
        var times: [String: UInt64] = [:]
        // Oldest first, so that the last layer of the newest base remains.
        for layer in layers {
            let base = base(of: layer) ?? layer.name
            // A removed base is as old as its first layer.
            let time = times[base] ?? group.volume(base)?.creationTime ?? layer.creationTime
            times[base] = time
            if let newest, base != newest.base {
                let isOlder =
                    time == newest.time ? NaturalOrder.precedes(base, newest.base) : time < newest.time
                if isOlder { continue }
            }
            newest = (layer, base, time)
        }
        guard let newest else { throw error("there are no layers in volume group '\(group.name)'") }
        return newest.layer
    }

    private func previous() throws(SelectionError) -> LogicalVolume {
        let later: LogicalVolume =
            if let name = defaultLayer, let layer = layers.first(where: { $0.name == name }) {
                layer
            } else {
                try latest()
            }
        guard let index = layers.firstIndex(of: later), index > 0 else {
            throw error("there is no layer before '\(later.name)' in volume group '\(group.name)'")
        }
        return layers[index - 1]
    }

    private static func isOlder(_ a: LogicalVolume, _ b: LogicalVolume) -> Bool {
        a.creationTime == b.creationTime
            ? NaturalOrder.precedes(a.name, b.name) : a.creationTime < b.creationTime
    }

    private func error(_ reason: String) -> SelectionError {
        SelectionError(reason: reason)
    }

    /// The names of the layers, to help a user who mistyped one; of many layers, only the newest.
    private var list: String {
        let newest = layers.suffix(LayerCatalog.listLimit).map { $0.name }.joined(separator: ", ")
        let others = layers.count - LayerCatalog.listLimit
        return layers.isEmpty ? "no layers" : others > 0 ? "\(others) older layers, \(newest)" : newest
    }
}

extension LogicalVolume {
    /// The role of the volume; `nil` if it has none.
    fileprivate var role: VolumeRole? { VolumeRole(name: name, tags: tags) }
}
