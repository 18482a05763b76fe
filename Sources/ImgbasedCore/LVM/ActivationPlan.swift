/// The devices to create for one volume, exactly as lvm2 would: names, UUIDs, tables, read-only flags.
///
/// lvm2: lib/activate/dev_manager.c, lib/thin/thin.c, lib/striped/striped.c.
public struct ActivationPlan: Hashable, Sendable {
    /// The name of the volume group.
    public let volumeGroupName: String
    /// The name of the volume.
    public let volume: String
    /// What to create, in that order.
    public private(set) var devices: [MappedDevice]
    /// The transaction id that the kernel must show for the pool; `nil` where no pool is involved.
    public let poolTransactionID: UInt64?

    /// The plan for the volume `name` in `group`.
    ///
    /// - Throws: why lvm2 should do it, if anybody.
    public init(_ name: String, in group: VolumeGroup) throws(Refusal) {
        if let refusal = group.refusal { throw refusal }
        let builder = ActivationPlanBuilder(group: group)
        let volume = try builder.existing(name)
        guard volume.isVisible else { throw builder.refusal(of: name, "is a part of another volume") }
        if let thin = volume.thin {
            let pool = try builder.existing(thin.pool)
            devices = try builder.pool(pool, under: volume) + [builder.thin(volume, thin, in: pool)]
            poolTransactionID = pool.thinPool?.transactionID
        } else if let pool = volume.thinPool {
            devices = try builder.pool(volume, under: nil)
            poolTransactionID = pool.transactionID
        } else {
            devices = [try builder.striped(volume, role: .volume)]
            poolTransactionID = nil
        }
        var stack: Set<String> = [name]
        if let pool = volume.thin?.pool { stack.insert(pool) }
        if let pool = volume.thinPool ?? volume.thin.flatMap({ group.volume($0.pool)?.thinPool }) {
            stack.formUnion([pool.metadata, pool.data])
        }
        try builder.checkNobodyElseUses(stack, target: volume)
        volumeGroupName = group.name
        self.volume = name
    }

    /// Forbids writing to the volume, not to what is beneath it, as lvm2 does for those in its
    /// `activation/read_only_volume_list`.
    public mutating func makeVolumeReadOnly() {
        guard let last = devices.indices.last else { return }
        devices[last].isReadOnly = true
    }

    /// Forbids writing to the volume and changing anything in the metadata of the pool under it. Not what lvm2 does:
    /// its `lvchange --refresh` makes such a pool an ordinary one again.
    public mutating func makePoolReadOnly() {
        makeVolumeReadOnly()
        for index in devices.indices {
            guard case .pool = devices[index].role else { continue }
            devices[index].targets = devices[index].targets.map { $0.withReadOnlyPool }
        }
    }

    /// The plan for no more than the device that holds the metadata of the pool; without devices where no pool is
    /// involved.
    public var ofPoolMetadata: ActivationPlan {
        var plan = self
        plan.devices.removeAll { $0.role != .poolMetadata }
        return plan
    }
}

/// Makes devices of volumes.
private struct ActivationPlanBuilder {
    let group: VolumeGroup

    // From the kernel's drivers/md/dm-thin.c and lvm2's device_mapper/all.h; all in sectors but the last.
    private static let chunkSizes: ClosedRange<UInt64> = 128...2_097_152
    private static let chunkSizeUnit: UInt64 = 128
    private static let poolMetadataLimit: UInt64 = 255 * (1 << 14) * 8 - 256 * 1024
    private static let deviceIDLimit: UInt32 = 1 << 24

    func refusal(of name: String, _ reason: String) -> Refusal {
        Refusal("volume '\(group.name)/\(name)' \(reason)")
    }

    /// The volume `name`, with nothing about it that is not understood.
    func existing(_ name: String) throws(Refusal) -> LogicalVolume {
        guard let volume = group.volume(name) else {
            throw Refusal("there is no volume '\(name)' in volume group '\(group.name)'")
        }
        if let doubt = volume.doubts.first { throw refusal(of: name, doubt) }
        return volume
    }

    // MARK: Devices

    /// The devices of `pool`; where it is not for the sake of the volume above it, also the one that lvm2 makes to
    /// show that the pool is active.
    func pool(_ volume: LogicalVolume, under user: LogicalVolume?) throws(Refusal) -> [MappedDevice] {
        guard let pool = volume.thinPool else {
            throw refusal(of: volume.name, "is not a thin pool, and '\(user?.name ?? "")' is in it")
        }
        guard ActivationPlanBuilder.chunkSizes.contains(pool.chunkSize.count),
            pool.chunkSize.count.isMultiple(of: ActivationPlanBuilder.chunkSizeUnit)
        else { throw refusal(of: volume.name, "has a chunk size the kernel does not take") }
        let metadata = try part(pool.metadata, of: volume, role: .poolMetadata)
        let data = try part(pool.data, of: volume, role: .poolData)
        let length = try sectors(volume.extentCount, of: volume)
        guard data.length == length else { throw refusal(of: volume.name, "is not as long as its data") }
        guard metadata.length.count <= ActivationPlanBuilder.poolMetadataLimit else {
            throw refusal(of: volume.name, "has more metadata than the kernel uses")
        }
        let target = MappedTarget(
            start: Sectors(0), length: length,
            kind: .thinPool(
                metadata: .mapped(metadata.device.name), data: .mapped(data.device.name),
                chunkSize: pool.chunkSize,
                // What lvm.conf's thin_pool_autoextend_threshold of 100, the default, means: never.
                lowWaterMark: 0, features: features(of: pool, in: volume)))
        let isNew = pool.transactionID == 0
        // lvm2 counts every volume it makes. Volumes in a pool where it counted none are not its work.
        if isNew, let user { throw refusal(of: user.name, "is in a thin pool without transactions") }
        // A pool that never held a volume is its own device, with no other to show it (lvm2: lv_is_new_thin_pool).
        let inner = try device(
            volume, layer: isNew ? nil : "tpool", suffix: "tpool", isReadOnly: volume.isReadOnly,
            role: .pool(transactionID: pool.transactionID), targets: [target])
        var devices = [metadata.device, data.device, inner]
        if user == nil, !isNew {
            let whole = MappedTarget(
                start: Sectors(0), length: length,
                kind: .linear(.init(device: .mapped(inner.name), offset: Sectors(0))))
            devices.append(
                try device(volume, suffix: "pool", isReadOnly: true, role: .volume, targets: [whole]))
        }
        return devices
    }

    /// The device of `volume`, which is `thin` in `pool`.
    func thin(
        _ volume: LogicalVolume, _ thin: Segment.Thin, in pool: LogicalVolume
    ) throws(Refusal) -> MappedDevice {
        guard thin.deviceID < ActivationPlanBuilder.deviceIDLimit else {
            throw refusal(of: volume.name, "has a device id the kernel does not take")
        }
        let target = MappedTarget(
            start: Sectors(0), length: try sectors(volume.extentCount, of: volume),
            kind: .thin(
                pool: .mapped(try name(of: pool, layer: "tpool")), deviceID: thin.deviceID))
        return try device(volume, isReadOnly: volume.isReadOnly, role: .volume, targets: [target])
    }

    /// The device of `volume`, which lies on physical volumes.
    func striped(_ volume: LogicalVolume, role: MappedDevice.Role) throws(Refusal) -> MappedDevice {
        let suffix: String? =
            switch role {
            case .poolMetadata: "tmeta"
            case .poolData: "tdata"
            case .pool, .volume: nil
            }
        return try device(
            volume, suffix: suffix, isReadOnly: volume.isReadOnly, role: role,
            targets: StripedTargets.of(volume, in: group))
    }

    private func part(
        _ name: String, of pool: LogicalVolume, role: MappedDevice.Role
    ) throws(Refusal) -> (device: MappedDevice, length: Sectors) {
        let volume = try existing(name)
        if volume.isVisible { throw refusal(of: name, "is a part of '\(pool.name)' and shown as a volume") }
        return (try striped(volume, role: role), try sectors(volume.extentCount, of: volume))
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

    private func device(
        _ volume: LogicalVolume, layer: String? = nil, suffix: String? = nil, isReadOnly: Bool,
        role: MappedDevice.Role, targets: [MappedTarget]
    ) throws(Refusal) -> MappedDevice {
        MappedDevice(
            name: try name(of: volume, layer: layer),
            uuid: group.deviceMapperUUID(of: volume) + (suffix.map { "-" + $0 } ?? ""),
            isReadOnly: isReadOnly, role: role, targets: targets)
    }

    private func name(of volume: LogicalVolume, layer: String?) throws(Refusal) -> String {
        let name = DeviceMapperName(group: group.name, volume: volume.name, layer: layer).description
        guard name.utf8.count <= DeviceMapperName.limit else {
            throw refusal(of: volume.name, "has too long a name for device-mapper")
        }
        return name
    }

    private func sectors(_ extents: Extents, of volume: LogicalVolume) throws(Refusal) -> Sectors {
        guard let sectors = extents.sectors(ofSize: group.extentSize), sectors.bytes != nil else {
            throw refusal(of: volume.name, "is too long")
        }
        return sectors
    }

    // MARK: The rest of the group

    /// Throws where a volume other than those that must, makes use of one in the `stack` under `target`.
    ///
    /// An origin of a snapshot looks like a plain volume in its own section; only the snapshot's names it.
    func checkNobodyElseUses(_ stack: Set<String>, target: LogicalVolume) throws(Refusal) {
        for volume in group.logicalVolumes {
            for segment in volume.segments {
                for mention in segment.mentions where stack.contains(mention.name) {
                    if isHarmless(mention, in: segment, of: volume, target: target) { continue }
                    throw refusal(
                        of: mention.name, "is used by '\(volume.name)' (\(segment.type), \(mention.key))")
                }
            }
        }
    }

    private func isHarmless(
        _ mention: Segment.Mention, in segment: Segment, of volume: LogicalVolume, target: LogicalVolume
    ) -> Bool {
        switch segment.kind {
        case .striped:
            // A name that is both a physical volume's key and a volume's means the former, as in lvm2.
            mention.key == "stripes" && group.physicalVolume(mention.name) != nil
        case .thin:
            mention.key == "thin_pool"
                ? group.volume(mention.name)?.thinPool != nil
                : mention.key == "origin" && mention.name == target.name && target.thin != nil
        case .thinPool(let pool):
            // This pool's own parts: another pool that claims them is not harmless.
            volume.name == (target.thin?.pool ?? target.name)
                && (mention.key == "metadata" && mention.name == pool.metadata
                    || mention.key == "pool" && mention.name == pool.data)
        case .other:
            false
        }
    }
}
