/// Makes devices of volumes, each after those it stands on.
struct ActivationPlanBuilder {
    private let group: VolumeGroup
    /// The volumes that thin volumes have for their external origin: lvm2 activates one as a device that all of them
    /// and a volume for users stand on.
    private let externalOrigins: Set<String>
    /// What was made.
    private(set) var devices: [MappedDevice] = []
    /// The volumes that it was made of.
    private var volumes: Set<String> = []

    // From the kernel's drivers/md/dm-thin.c and lvm2's device_mapper/all.h; all in sectors but the last.
    private static let chunkSizes: ClosedRange<UInt64> = 128...2_097_152
    private static let chunkSizeUnit: UInt64 = 128
    private static let poolMetadataLimit: UInt64 = 255 * (1 << 14) * 8 - 256 * 1024
    private static let deviceIDLimit: UInt32 = 1 << 24

    /// A builder for volumes of `group` that has made nothing.
    init(_ group: VolumeGroup) {
        self.group = group
        externalOrigins = Set(group.logicalVolumes.compactMap { $0.thin?.externalOrigin })
    }

    /// Adds the devices of the volume `name`, the last of which is for users.
    mutating func addTarget(_ name: String) throws(Refusal) {
        let volume = try existing(name)
        guard volume.isVisible else { throw refusal(of: name, "is a part of another volume") }
        if let pool = volume.thinPool {
            let inner = try addPool(pool, of: volume)
            // A pool that never held a volume is its own device, with no other to show it.
            if pool.transactionID == 0 { return }
            try addLayer(over: inner, of: volume, suffix: "pool", isReadOnly: true)
        } else if externalOrigins.contains(name) {
            let inner = try addExternalOrigin(name)
            try addLayer(over: inner, of: volume, isReadOnly: volume.isReadOnly)
        } else {
            try addContent(of: volume, role: .volume)
        }
    }

    // MARK: Devices

    /// Adds the devices of a volume with content of its own: one in a thin pool, or one on physical volumes.
    @discardableResult
    private mutating func addContent(
        of volume: LogicalVolume, layer: String? = nil, suffix: String? = nil, role: MappedDevice.Role
    ) throws(Refusal) -> DeviceReference {
        let targets: [MappedTarget]
        if let thin = volume.thin {
            targets = [try addStack(under: volume, thin)]
        } else {
            targets = try StripedTargets.of(volume, in: group)
        }
        return try add(
            volume, layer: layer, suffix: suffix, isReadOnly: volume.isReadOnly, role: role, targets: targets)
    }

    /// Adds what `volume`, which is `thin`, stands on: its pool and its external origin, in lvm2's order.
    private mutating func addStack(
        under volume: LogicalVolume, _ thin: Segment.Thin
    ) throws(Refusal) -> MappedTarget {
        let pool = try existing(thin.pool)
        guard let segment = pool.thinPool else {
            throw refusal(of: pool.name, "is not a thin pool, and '\(volume.name)' is in it")
        }
        // lvm2 counts every volume it makes. Volumes in a pool where it counted none are not its work.
        guard segment.transactionID > 0 else {
            throw refusal(of: volume.name, "is in a thin pool without transactions")
        }
        guard thin.deviceID < ActivationPlanBuilder.deviceIDLimit else {
            throw refusal(of: volume.name, "has a device id the kernel does not take")
        }
        // lvm2 fails with a chain of them: it looks for no second one (track_external_lv_deps).
        guard thin.externalOrigin == nil || !externalOrigins.contains(volume.name) else {
            throw refusal(of: volume.name, "is an external origin and has one itself")
        }
        let device = try addPool(segment, of: pool)
        let externalOrigin: DeviceReference? =
            if let origin = thin.externalOrigin { try addExternalOrigin(origin) } else { nil }
        return MappedTarget(
            start: Sectors(0), length: try sectors(volume.extentCount, of: volume),
            kind: .thin(pool: device, deviceID: thin.deviceID, externalOrigin: externalOrigin))
    }

    /// Adds the device of the volume `name` that thin volumes read where they hold nothing themselves.
    private mutating func addExternalOrigin(_ name: String) throws(Refusal) -> DeviceReference {
        let volume = try existing(name)
        guard isFitForExternalOrigin(volume) else {
            throw refusal(of: name, "is an external origin and not a read-only volume")
        }
        return try addContent(of: volume, layer: "real", suffix: "real", role: .externalOrigin)
    }

    /// Adds the devices of `volume`, which is a thin `pool`.
    private mutating func addPool(
        _ pool: Segment.ThinPool, of volume: LogicalVolume
    ) throws(Refusal) -> DeviceReference {
        guard ActivationPlanBuilder.chunkSizes.contains(pool.chunkSize.count),
            pool.chunkSize.count.isMultiple(of: ActivationPlanBuilder.chunkSizeUnit)
        else { throw refusal(of: volume.name, "has a chunk size the kernel does not take") }
        let metadata = try addPart(pool.metadata, of: volume, role: .poolMetadata)
        let data = try addPart(pool.data, of: volume, role: .poolData)
        let length = try sectors(volume.extentCount, of: volume)
        guard data.length == length else { throw refusal(of: volume.name, "is not as long as its data") }
        guard metadata.length.count <= ActivationPlanBuilder.poolMetadataLimit else {
            throw refusal(of: volume.name, "has more metadata than the kernel uses")
        }
        let target = MappedTarget(
            start: Sectors(0), length: length,
            kind: .thinPool(
                metadata: metadata.device, data: data.device, chunkSize: pool.chunkSize,
                // What lvm.conf's thin_pool_autoextend_threshold of 100, the default, means: never. Under another
                // one lvm2 puts its own number there as soon as it activates anything in the pool.
                lowWaterMark: 0, features: features(of: pool, in: volume)))
        // lvm2: lv_is_new_thin_pool.
        let isNew = pool.transactionID == 0
        return try add(
            volume, layer: isNew ? nil : "tpool", suffix: "tpool", isReadOnly: volume.isReadOnly,
            role: .pool(transactionID: pool.transactionID), targets: [target])
    }

    private mutating func addPart(
        _ name: String, of pool: LogicalVolume, role: MappedDevice.Role
    ) throws(Refusal) -> (device: DeviceReference, length: Sectors) {
        let volume = try existing(name)
        if volume.isVisible { throw refusal(of: name, "is a part of '\(pool.name)' and shown as a volume") }
        let device = try add(
            volume, suffix: role == .poolMetadata ? "tmeta" : "tdata", isReadOnly: volume.isReadOnly,
            role: role, targets: StripedTargets.of(volume, in: group))
        return (device, try sectors(volume.extentCount, of: volume))
    }

    /// Adds the device that shows users the whole of `inner`, which is the content of `volume`.
    private mutating func addLayer(
        over inner: DeviceReference, of volume: LogicalVolume, suffix: String? = nil, isReadOnly: Bool
    ) throws(Refusal) {
        let whole = MappedTarget(
            start: Sectors(0), length: try sectors(volume.extentCount, of: volume),
            kind: .linear(.init(device: inner, offset: Sectors(0))))
        try add(volume, suffix: suffix, isReadOnly: isReadOnly, role: .volume, targets: [whole])
    }

    @discardableResult
    private mutating func add(
        _ volume: LogicalVolume, layer: String? = nil, suffix: String? = nil, isReadOnly: Bool,
        role: MappedDevice.Role, targets: [MappedTarget]
    ) throws(Refusal) -> DeviceReference {
        let name = DeviceMapperName(group: group.name, volume: volume.name, layer: layer).description
        guard name.utf8.count <= DeviceMapperName.limit else {
            throw refusal(of: volume.name, "has too long a name for device-mapper")
        }
        // Two pools of one volume's extents, or a pool on both sides of a thin volume.
        guard !devices.contains(where: { $0.name == name }) else {
            throw refusal(of: volume.name, "is needed twice")
        }
        devices.append(
            MappedDevice(
                name: name,
                uuid: group.deviceMapperUUID(of: volume) + (suffix.map { "-" + $0 } ?? ""),
                isReadOnly: isReadOnly, role: role, targets: targets))
        volumes.insert(volume.name)
        return .mapped(name)
    }

    private func isFitForExternalOrigin(_ volume: LogicalVolume) -> Bool {
        volume.isVisible && volume.isReadOnly && volume.thinPool == nil
    }

    /// In the order in which lvm2 writes them (device_mapper/libdm-deptree.c, _thin_pool_emit_segment_line).
    private func features(of pool: Segment.ThinPool, in volume: LogicalVolume) -> [String] {
        var features: [String] = []
        if !pool.zeroesNewBlocks { features.append("skip_block_zeroing") }
        switch pool.discards {
        case .ignore: features.append("ignore_discard")
        case .noPassdown: features.append("no_discard_passdown")
        case .passdown: break
        }
        if volume.flags.contains("ERROR_WHEN_FULL") { features.append("error_if_no_space") }
        return features
    }

    /// The volume `name`, with nothing about it that is not understood.
    private func existing(_ name: String) throws(Refusal) -> LogicalVolume {
        guard let volume = group.volume(name) else {
            throw Refusal("there is no volume '\(name)' in volume group '\(group.name)'")
        }
        if let doubt = volume.doubts.first { throw refusal(of: name, doubt) }
        return volume
    }

    private func sectors(_ extents: Extents, of volume: LogicalVolume) throws(Refusal) -> Sectors {
        guard let sectors = extents.sectors(ofSize: group.extentSize), sectors.bytes != nil else {
            throw refusal(of: volume.name, "is too long")
        }
        return sectors
    }

    private func refusal(of name: String, _ reason: String) -> Refusal {
        Refusal("volume '\(group.name)/\(name)' \(reason)")
    }

    // MARK: The rest of the group

    /// Throws where a volume other than those that must, makes use of one that devices were made of.
    ///
    /// An origin of a snapshot looks like a plain volume in its own section; only the snapshot's names it.
    func checkNobodyElseUsesThem() throws(Refusal) {
        for volume in group.logicalVolumes {
            for segment in volume.segments {
                for mention in segment.mentions where volumes.contains(mention.name) {
                    if isHarmless(mention, in: segment, of: volume) { continue }
                    throw refusal(
                        of: mention.name, "is used by '\(volume.name)' (\(segment.type), \(mention.key))")
                }
            }
        }
    }

    private func isHarmless(
        _ mention: Segment.Mention, in segment: Segment, of volume: LogicalVolume
    ) -> Bool {
        switch segment.kind {
        case .striped:
            // A name that is both a physical volume's key and a volume's means the former, as in lvm2.
            mention.key == "stripes" && group.physicalVolume(mention.name) != nil
        case .thin:
            switch mention.key {
            case "thin_pool": group.volume(mention.name)?.thinPool != nil
            case "origin": group.volume(mention.name)?.thin != nil
            // It was made as one. Pools and their parts are not.
            case "external_origin":
                volume.thin != nil && group.volume(mention.name).map(isFitForExternalOrigin) ?? false
            default: false
            }
        case .thinPool(let pool):
            // A pool's own parts: another pool that claims them is not harmless.
            volumes.contains(volume.name)
                && (mention.key == "metadata" && mention.name == pool.metadata
                    || mention.key == "pool" && mention.name == pool.data)
        case .other:
            false
        }
    }
}
