/// Makes the devices of volumes, each device after those it depends on.
struct ActivationPlanBuilder {
    private let group: VolumeGroup
    /// The external origins of thin volumes.
    ///
    /// lvm2 activates each as one device under all of these volumes and under a volume for users.
    private let externalOrigins: Set<String>
    /// The devices made so far, in order.
    private(set) var devices: [MappedDevice] = []
    /// The volumes that the devices were made of.
    private(set) var volumes: Set<String> = []
    /// Warnings about these volumes, each one sentence.
    private(set) var warnings: [String] = []

    // From the kernel's drivers/md/dm-thin.c and lvm2's device_mapper/all.h; all but the last in sectors.
    private static let chunkSizes: ClosedRange<UInt64> = 128...2_097_152
    private static let chunkSizeUnit: UInt64 = 128
    private static let poolMetadataLimit: UInt64 = 255 * (1 << 14) * 8 - 256 * 1024
    private static let deviceIDLimit: UInt32 = 1 << 24

    /// Creates a builder without devices for volumes of `group`.
    init(_ group: VolumeGroup) {
        self.group = group
        externalOrigins = Set(group.logicalVolumes.compactMap { $0.thin?.externalOrigin })
    }

    /// Adds the devices of the volume `name`; the last one is for users.
    mutating func addTarget(_ name: String) throws(Refusal) {
        let volume = try existing(name)
        guard volume.isVisible else { throw refusal(of: name, "is a part of another volume") }
        let snapshots = group.logicalVolumes.filter { $0.snapshot?.origin == name }
        if let pool = volume.thinPool {
            // A pool that never held a volume has one device, for pool and user alike (lvm2:
            // lv_is_new_thin_pool).
            let isNew = pool.transactionID == 0
            let inner = try addPool(pool, of: volume, layer: isNew ? nil : "tpool")
            if isNew { return }
            try addLayer(over: inner, of: volume, suffix: "pool", isReadOnly: true)
        } else if !snapshots.isEmpty, !externalOrigins.contains(name) {
            try addOrigin(volume, of: snapshots)
        } else if externalOrigins.contains(name) {
            let inner = try addExternalOrigin(name)
            try addLayer(over: inner, of: volume, isReadOnly: volume.isReadOnly)
        } else {
            try addContent(of: volume, role: .volume)
        }
    }

    // MARK: Devices

    /// Adds the devices of a volume with its own content, in a thin pool or on physical volumes.
    @discardableResult
    private mutating func addContent(
        of volume: LogicalVolume, layer: String? = nil, suffix: String? = nil, isReadOnly: Bool? = nil,
        role: MappedDevice.Role
    ) throws(Refusal) -> DeviceReference {
        let targets: [MappedTarget]
        if let thin = volume.thin {
            targets = [try addStack(under: volume, thin)]
        } else {
            targets = try StripedTargets.of(volume, in: group)
        }
        return try add(
            volume, layer: layer, suffix: suffix, isReadOnly: isReadOnly ?? volume.isReadOnly, role: role,
            targets: targets)
    }

    /// Adds the devices under `volume`, which is `thin`: pool and external origin, in lvm2's order.
    private mutating func addStack(
        under volume: LogicalVolume, _ thin: Segment.Thin
    ) throws(Refusal) -> MappedTarget {
        let pool = try existing(thin.pool)
        guard let segment = pool.thinPool else {
            throw refusal(of: pool.name, "is not a thin pool, and '\(volume.name)' is in it")
        }
        let content = try content(of: volume, thin)
        guard content.thin.deviceID < ActivationPlanBuilder.deviceIDLimit else {
            throw refusal(of: volume.name, "has a device id the kernel does not take")
        }
        // lvm2 fails with a chain of external origins: it looks for no second one (track_external_lv_deps).
        guard thin.externalOrigin == nil || !externalOrigins.contains(volume.name) else {
            throw refusal(of: volume.name, "is an external origin and has one itself")
        }
        let device = try addPool(
            segment, of: pool, layer: "tpool",
            mayLag: try isThere(content.volume, content.thin, before: segment.messages))
        if !segment.messages.isEmpty {
            warnings.append(
                "a change of thin pool '\(group.name)/\(pool.name)' is not complete; lvm2 completes it")
        }
        let externalOrigin: DeviceReference? =
            if let origin = thin.externalOrigin { try addExternalOrigin(origin) } else { nil }
        return MappedTarget(
            start: Sectors(0), length: try sectors(volume.extentCount, of: volume),
            kind: .thin(pool: device, deviceID: content.thin.deviceID, externalOrigin: externalOrigin))
    }

    /// The volume whose content the thin `volume` shows: a snapshot to be merged into it, or itself.
    ///
    /// The merge was to start once the volume was unused. lvm2 does its rest later, with a change of the
    /// metadata (lib/thin/thin.c, _thin_add_target_line).
    private mutating func content(
        of volume: LogicalVolume, _ thin: Segment.Thin
    ) throws(Refusal) -> (volume: String, thin: Segment.Thin) {
        if let other = thin.mergesInto { throw refusal(of: volume.name, "is being merged into '\(other)'") }
        let merging = group.logicalVolumes.filter { $0.thin?.mergesInto == volume.name }
        guard let name = merging.first?.name else { return (volume.name, thin) }
        guard merging.count == 1, let snapshot = try existing(name).thin, snapshot.pool == thin.pool else {
            throw refusal(of: volume.name, "cannot take the merge of '\(name)'")
        }
        warnings.append(
            "snapshot '\(group.name)/\(name)' is being merged into volume '\(group.name)/\(volume.name)', which has its content now"
        )
        return (name, snapshot)
    }

    /// Whether the thin `volume` is in its pool before lvm2 has sent the noted `messages` to the pool.
    private func isThere(
        _ volume: String, _ thin: Segment.Thin, before messages: [Segment.Message]
    ) throws(Refusal) -> Bool {
        if messages.contains(.delete(thin.deviceID)) {
            throw refusal(of: volume, "is about to be removed from its thin pool")
        }
        return !messages.contains(.create(volume))
    }

    /// Adds the devices of `volume` and of its `snapshots`, which store old content of it.
    ///
    /// Each write to the volume must reach the snapshots first. lvm2 creates the volume's own device before
    /// theirs and starts it after them; here it is created last.
    private mutating func addOrigin(
        _ volume: LogicalVolume, of snapshots: [LogicalVolume]
    ) throws(Refusal) {
        let real = try addContent(of: volume, layer: "real", suffix: "real", role: .origin)
        let length = try sectors(volume.extentCount, of: volume)
        var merging: MappedTarget.Kind?
        for name in snapshots.map({ $0.name }) {
            guard let snapshot = try existing(name).snapshot else { continue }
            let store = try existing(snapshot.store)
            guard store.thinPool == nil, store.snapshot == nil else {
                throw refusal(of: store.name, "cannot store the old content of '\(volume.name)'")
            }
            let device = try addContent(
                of: store, layer: "cow", suffix: "cow", isReadOnly: false, role: .snapshotStore)
            let kind = MappedTarget.Kind.snapshot(
                origin: real, store: device, chunkSize: snapshot.chunkSize, isMerging: snapshot.isMerging)
            volumes.insert(name)
            if snapshot.isMerging {
                guard merging == nil else {
                    throw refusal(of: volume.name, "has two snapshots merged into it")
                }
                merging = kind
                warnings.append(
                    "volume '\(group.name)/\(volume.name)' gets back the content of its snapshot '\(store.name)'"
                )
            }
            let whole = MappedTarget(
                start: Sectors(0), length: length, kind: snapshot.isMerging ? .error : kind)
            try add(
                store, isReadOnly: store.isReadOnly,
                role: snapshot.isMerging ? .mergingSnapshot : .snapshot, targets: [whole])
        }
        let whole = MappedTarget(start: Sectors(0), length: length, kind: merging ?? .snapshotOrigin(real))
        try add(volume, isReadOnly: volume.isReadOnly, role: .volume, targets: [whole])
    }

    /// Adds the device of the external origin `name`, which thin volumes read for blocks they do not hold.
    private mutating func addExternalOrigin(_ name: String) throws(Refusal) -> DeviceReference {
        let volume = try existing(name)
        guard volume.isFitForExternalOrigin else {
            throw refusal(of: name, "is an external origin and not a read-only volume")
        }
        return try addContent(of: volume, layer: "real", suffix: "real", role: .origin)
    }

    /// Adds the devices of `volume`, which is a thin `pool`.
    private mutating func addPool(
        _ pool: Segment.ThinPool, of volume: LogicalVolume, layer: String?, mayLag: Bool = true
    ) throws(Refusal) -> DeviceReference {
        guard ActivationPlanBuilder.chunkSizes.contains(pool.chunkSize.count),
            pool.chunkSize.count.isMultiple(of: ActivationPlanBuilder.chunkSizeUnit)
        else { throw refusal(of: volume.name, "has a chunk size the kernel does not take") }
        let metadata = try addPart(pool.metadata, of: volume, role: .poolMetadata)
        let data = try addPart(pool.data, of: volume, role: .poolData)
        let length = try sectors(volume.extentCount, of: volume)
        guard data.length == length else { throw refusal(of: volume.name, "is not as long as its data") }
        // In this case lvm2 makes a shorter device.
        if pool.cropsMetadata, metadata.length.count > ActivationPlanBuilder.poolMetadataLimit {
            throw refusal(of: volume.name, "has more metadata than older versions of LVM2 use")
        }
        let target = MappedTarget(
            start: Sectors(0), length: length,
            kind: .thinPool(
                metadata: metadata.device, data: data.device, chunkSize: pool.chunkSize,
                // 0 means never, as lvm.conf's default thin_pool_autoextend_threshold of 100 does. With
                // another threshold, lvm2 sets its own number when it next activates a volume of the pool.
                lowWaterMark: 0, features: features(of: pool, in: volume)))
        return try add(
            volume, layer: layer, suffix: "tpool", isReadOnly: volume.isReadOnly,
            role: .pool(transactionID: pool.transactionID, mayLag: mayLag), targets: [target])
    }

    private mutating func addPart(
        _ name: String, of pool: LogicalVolume, role: MappedDevice.Role
    ) throws(Refusal) -> (device: DeviceReference, length: Sectors) {
        let volume = try existing(name)
        let device = try add(
            volume, suffix: role == .poolMetadata ? "tmeta" : "tdata", isReadOnly: volume.isReadOnly,
            role: role, targets: StripedTargets.of(volume, in: group))
        return (device, try sectors(volume.extentCount, of: volume))
    }

    /// Adds the device that shows users all of `inner`, the content of `volume`.
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
        // Two pools share the extents of one volume, or a pool is on both sides of a thin volume.
        guard !devices.contains(where: { $0.name == name }) else {
            throw refusal(of: volume.name, "is needed twice")
        }
        devices.append(
            MappedDevice(
                name: name,
                uuid: group.deviceMapperUUID(of: volume) + (suffix.map { "-" + $0 } ?? ""),
                isReadOnly: isReadOnly, role: role, targets: targets, readAhead: volume.readAhead,
                minor: layer == nil ? volume.minor : nil))
        if !volumes.contains(volume.name) {
            warnings += volume.notes.map {
                "volume '\(group.name)/\(volume.name)' \($0), which is passed over"
            }
        }
        volumes.insert(volume.name)
        return .mapped(name)
    }

    /// The features in lvm2's order (device_mapper/libdm-deptree.c, _thin_pool_emit_segment_line).
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

    /// The volume `name`; refuses it if anything about it is not understood.
    private func existing(_ name: String) throws(Refusal) -> LogicalVolume {
        guard let volume = group.volume(name) else {
            throw Refusal("there is no volume '\(name)' in volume group '\(group.name)'")
        }
        if let problem = volume.problems.first { throw refusal(of: name, problem) }
        // Device-mapper knows devices by these identifiers.
        if group.logicalVolumes.contains(where: { $0.id == volume.id && $0.name != name }) {
            throw refusal(of: name, "has the identifier of another volume")
        }
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
}
