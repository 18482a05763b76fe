/// The devices to create for one volume, exactly as lvm2 would: names, UUIDs, tables, read-only flags.
///
/// lvm2: `_add_new_lv_to_dtree` in lib/activate/dev_manager.c, lib/thin/thin.c, lib/striped/striped.c,
/// lib/snapshot/snapshot.c.
public struct ActivationPlan: Hashable, Sendable {
    /// The name of the volume group.
    public let volumeGroupName: String
    /// The name of the volume.
    public let volume: String
    /// The devices to create, in order.
    public private(set) var devices: [MappedDevice]
    /// Warnings about these devices and about skipped metadata, each one sentence.
    public let warnings: [String]

    /// Plans the volume `name` in `group`.
    ///
    /// - Throws: why only lvm2 may be able to activate it.
    public init(_ name: String, in group: VolumeGroup) throws(Refusal) {
        if let refusal = group.refusal { throw refusal }
        var builder = ActivationPlanBuilder(group)
        try builder.addTarget(name)
        try VolumeUsers(of: builder.volumes, in: group).check()
        devices = builder.devices
        warnings = builder.warnings
        volumeGroupName = group.name
        volume = name
    }

    /// The physical volumes under the volume, each once.
    public var physicalVolumes: [LVMIdentifier] {
        var ids: [LVMIdentifier] = []
        for area in areas {
            if case .physicalVolume(let id) = area.device, !ids.contains(id) { ids.append(id) }
        }
        return ids
    }

    /// The end of the last area used on a physical volume, from the start of the device.
    ///
    /// `nil` if it does not fit 64 bits.
    public func end(on id: LVMIdentifier) -> Sectors? {
        var end = Sectors(0)
        for area in areas where area.device == .physicalVolume(id) {
            let (sum, overflow) = area.offset.count.addingReportingOverflow(area.length.count)
            if overflow { return nil }
            end = max(end, Sectors(sum))
        }
        return end
    }

    /// Whether the plan needs the driver for snapshots with a store of their own.
    public var hasSnapshots: Bool {
        devices.contains { $0.role == .snapshotStore }
    }

    /// Forbids writing to the volume, not to the devices beneath it.
    ///
    /// lvm2 does the same for the volumes in its `activation/read_only_volume_list`.
    public mutating func makeVolumeReadOnly() {
        guard let last = devices.indices.last else { return }
        devices[last].isReadOnly = true
    }

    /// Forbids writing to the volume, and any change to the metadata of the pool under it.
    ///
    /// lvm2 does not do this: its `lvchange --refresh` makes such a pool an ordinary one again.
    public mutating func makePoolReadOnly() {
        makeVolumeReadOnly()
        for index in devices.indices {
            guard case .pool = devices[index].role else { continue }
            devices[index].targets = devices[index].targets.map { $0.withReadOnlyPool }
        }
    }

    /// The plan for only the device with the metadata of the volume's pool; no devices if it is in no pool.
    public var ofPoolMetadata: ActivationPlan {
        var plan = self
        let own = content.map { references(of: $0) } ?? []
        let pools = devices.filter { own.contains(.mapped($0.name)) }
        let parts = pools.flatMap { references(of: $0) }
        plan.devices.removeAll { $0.role != .poolMetadata || !parts.contains(.mapped($0.name)) }
        return plan
    }

    /// The device with the content of the volume; for a volume with snapshots it is not the last one.
    private var content: MappedDevice? {
        switch devices.last?.targets.first?.kind {
        case .snapshotOrigin(.mapped(let name)), .snapshot(.mapped(let name), _, _, _):
            devices.first { $0.name == name }
        default:
            devices.last
        }
    }

    private func references(of device: MappedDevice) -> [DeviceReference] {
        device.targets.flatMap { target -> [DeviceReference] in
            switch target.kind {
            case .thin(let pool, _, _): [pool]
            case .thinPool(let metadata, _, _, _, _): [metadata]
            case .linear, .striped, .snapshotOrigin, .snapshot, .error: []
            }
        }
    }

    /// A run of sectors that a table uses on a device.
    private struct Area {
        let device: DeviceReference
        let offset: Sectors
        let length: Sectors
    }

    private var areas: [Area] {
        var areas: [Area] = []
        for target in devices.flatMap({ $0.targets }) {
            switch target.kind {
            case .linear(let area):
                areas.append(Area(device: area.device, offset: area.offset, length: target.length))
            case .striped(_, let stripes):
                let length = Sectors(target.length.count / UInt64(stripes.count))
                areas += stripes.map { Area(device: $0.device, offset: $0.offset, length: length) }
            case .thinPool, .thin, .snapshotOrigin, .snapshot, .error:
                break
            }
        }
        return areas
    }
}
