/// A device that a device-mapper table refers to.
public enum DeviceReference: Hashable, Sendable {
    /// A physical volume, by its identifier.
    case physicalVolume(LVMIdentifier)
    /// Another device of the same plan, by its device-mapper name.
    case mapped(String)
}

/// One line of a device-mapper table.
public struct MappedTarget: Hashable, Sendable {
    /// The type and the arguments of a target (linux: `Documentation/admin-guide/device-mapper/`).
    public enum Kind: Hashable, Sendable {
        /// `linear DEVICE OFFSET`
        case linear(StripeArea)
        /// `striped COUNT SIZE (DEVICE OFFSET)…`
        case striped(size: Sectors, areas: [StripeArea])
        /// `thin-pool METADATA DATA CHUNK LOW-WATER COUNT FEATURES…`
        case thinPool(
            metadata: DeviceReference, data: DeviceReference, chunkSize: Sectors, lowWaterMark: UInt64,
            features: [String])
        /// `thin POOL DEVICE-ID [EXTERNAL-ORIGIN]`
        case thin(pool: DeviceReference, deviceID: UInt32, externalOrigin: DeviceReference?)
        /// `snapshot-origin DEVICE`
        case snapshotOrigin(DeviceReference)
        /// `snapshot ORIGIN STORE P CHUNK`; `snapshot-merge` instead while its content returns to the origin.
        case snapshot(origin: DeviceReference, store: DeviceReference, chunkSize: Sectors, isMerging: Bool)
        /// `error`: nothing can be read or written.
        case error
    }

    /// The place on a device at which a stripe begins.
    public struct StripeArea: Hashable, Sendable {
        /// The device with the stripe.
        public var device: DeviceReference
        /// The distance from the start of the device.
        public var offset: Sectors

        /// Creates a place `offset` sectors into `device`.
        public init(device: DeviceReference, offset: Sectors) {
            self.device = device
            self.offset = offset
        }
    }

    /// The first sector of the target in the mapped device.
    public var start: Sectors
    /// The length of the target.
    public var length: Sectors
    /// The type of the target and its arguments.
    public var kind: Kind

    /// Creates a target of `kind` over `length` sectors from `start`.
    public init(start: Sectors, length: Sectors, kind: Kind) {
        self.start = start
        self.length = length
        self.kind = kind
    }
}

/// A device-mapper device as lvm2 would create it.
public struct MappedDevice: Hashable, Sendable {
    /// The role of a device in a stack; it decides the checks and the udev flags.
    public enum Role: Hashable, Sendable {
        /// The metadata of a thin pool.
        case poolMetadata
        /// The data of a thin pool.
        case poolData
        /// A thin pool; the kernel must report `transactionID`, or one less if the pool `mayLag`.
        case pool(transactionID: UInt64, mayLag: Bool)
        /// The content of a volume, under both the volume and its snapshots.
        case origin
        /// The store in which a snapshot keeps old content of its origin.
        case snapshotStore
        /// A snapshot of a volume, beside that volume.
        case snapshot
        /// A snapshot that is being merged into its volume and cannot be read meanwhile.
        case mergingSnapshot
        /// A volume that users see.
        case volume
    }

    /// The device-mapper name: group and volume with their hyphens doubled.
    public var name: String
    /// The device-mapper UUID, `LVM-…`.
    public var uuid: String
    /// Whether writing to the device is forbidden.
    public var isReadOnly: Bool
    /// The role of the device in its stack.
    public var role: Role
    /// The table of the device, one target per line.
    public var targets: [MappedTarget]
    /// The kernel's read-ahead; `nil` if the kernel chooses.
    public var readAhead: Sectors?
    /// The minor number of the device; `nil` for any.
    public var minor: UInt32?

    /// Creates a device of these parts.
    public init(
        name: String, uuid: String, isReadOnly: Bool, role: Role, targets: [MappedTarget],
        readAhead: Sectors? = nil, minor: UInt32? = nil
    ) {
        self.readAhead = readAhead
        self.minor = minor
        self.name = name
        self.uuid = uuid
        self.isReadOnly = isReadOnly
        self.role = role
        self.targets = targets
    }

    /// The length of the device, summed over its targets.
    public var length: Sectors {
        Sectors(targets.reduce(0) { $0 + $1.length.count })
    }
}

extension MappedTarget {
    /// The same target; a pool gets the feature `read_only`.
    var withReadOnlyPool: MappedTarget {
        guard case .thinPool(let metadata, let data, let chunkSize, let lowWaterMark, let features) = kind
        else { return self }
        var target = self
        target.kind = .thinPool(
            metadata: metadata, data: data, chunkSize: chunkSize, lowWaterMark: lowWaterMark,
            features: features + ["read_only"])
        return target
    }

    /// The kernel's name of the target type.
    public var type: String {
        switch kind {
        case .linear: "linear"
        case .striped: "striped"
        case .thinPool: "thin-pool"
        case .thin: "thin"
        case .snapshotOrigin: "snapshot-origin"
        case .snapshot(_, _, _, let isMerging): isMerging ? "snapshot-merge" : "snapshot"
        case .error: "error"
        }
    }

    /// The arguments of the target, with each device spelled by `resolve`.
    ///
    /// `resolve` returns MAJOR:MINOR for the kernel, a path or name for people.
    public func arguments(resolve: (DeviceReference) -> String) -> String {
        func spell(_ areas: [StripeArea]) -> [String] {
            areas.flatMap { [resolve($0.device), String($0.offset.count)] }
        }
        let words: [String] =
            switch kind {
            case .linear(let area):
                spell([area])
            case .striped(let size, let areas):
                [String(areas.count), String(size.count)] + spell(areas)
            case .thinPool(let metadata, let data, let chunkSize, let lowWaterMark, let features):
                [
                    resolve(metadata), resolve(data), String(chunkSize.count), String(lowWaterMark),
                    String(features.count),
                ] + features
            case .thin(let pool, let deviceID, let externalOrigin):
                [resolve(pool), String(deviceID)] + (externalOrigin.map { [resolve($0)] } ?? [])
            case .snapshotOrigin(let device):
                [resolve(device)]
            case .snapshot(let origin, let store, let chunkSize, _):
                [resolve(origin), resolve(store), "P", String(chunkSize.count)]
            case .error:
                []
            }
        return words.joined(separator: " ")
    }
}
