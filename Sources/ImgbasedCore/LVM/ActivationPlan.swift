/// The devices to create for one volume, exactly as lvm2 would: names, UUIDs, tables, read-only flags.
///
/// lvm2: `_add_new_lv_to_dtree` in lib/activate/dev_manager.c, lib/thin/thin.c, lib/striped/striped.c.
public struct ActivationPlan: Hashable, Sendable {
    /// The name of the volume group.
    public let volumeGroupName: String
    /// The name of the volume.
    public let volume: String
    /// What to create, in that order.
    public private(set) var devices: [MappedDevice]

    /// The plan for the volume `name` in `group`.
    ///
    /// - Throws: why lvm2 should do it, if anybody.
    public init(_ name: String, in group: VolumeGroup) throws(Refusal) {
        if let refusal = group.refusal { throw refusal }
        var builder = ActivationPlanBuilder(group)
        try builder.addTarget(name)
        try builder.checkNobodyElseUsesThem()
        devices = builder.devices
        volumeGroupName = group.name
        volume = name
    }

    /// Forbids writing to the volume, not to what is beneath it, as lvm2 does for those in its
    /// `activation/read_only_volume_list`.
    public mutating func makeVolumeReadOnly() {
        guard let last = devices.indices.last else { return }
        devices[last].isReadOnly = true
    }

    /// Forbids writing to the volume and changing anything in the metadata of a pool under it. Not what lvm2 does: its
    /// `lvchange --refresh` makes such a pool an ordinary one again.
    public mutating func makePoolReadOnly() {
        makeVolumeReadOnly()
        for index in devices.indices {
            guard case .pool = devices[index].role else { continue }
            devices[index].targets = devices[index].targets.map { $0.withReadOnlyPool }
        }
    }

    /// The plan for no more than the device that holds the metadata of the pool the volume is in; without devices
    /// where it is in none.
    public var ofPoolMetadata: ActivationPlan {
        var plan = self
        let own = devices.last.map { references(of: $0) } ?? []
        let pools = devices.filter { own.contains(.mapped($0.name)) }
        let parts = pools.flatMap { references(of: $0) }
        plan.devices.removeAll { $0.role != .poolMetadata || !parts.contains(.mapped($0.name)) }
        return plan
    }

    private func references(of device: MappedDevice) -> [DeviceReference] {
        device.targets.flatMap { target -> [DeviceReference] in
            switch target.kind {
            case .thin(let pool, _, _): [pool]
            case .thinPool(let metadata, _, _, _, _): [metadata]
            case .linear, .striped: []
            }
        }
    }
}
