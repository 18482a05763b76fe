public import ImgbasedCore

/// A logical volume, as lvm2 reports it.
public struct Volume: Hashable, Sendable {
    /// The group and the name.
    public var path: VolumePath
    /// The identifier, as lvm2 prints it.
    public var uuid: String
    /// The virtual size.
    public var size: Bytes
    /// The LVM tags, ours and others.
    public var tags: Set<String>
    /// The creation time, in seconds since 1970.
    public var created: Int64
    /// lvm2's name for the kind: `thin`, `thin-pool`, `linear`…
    public var segmentType: String
    /// The pool of a thin volume; `nil` for other kinds.
    public var pool: String?
    /// The volume this is a snapshot of; `nil` if none, or if it was removed.
    public var origin: String?
    /// Whether the device exists.
    public var isActive: Bool
    /// Whether the volume is mounted or otherwise open.
    public var isOpen = false
    /// The usage of a pool; `nil` if it is not active.
    public var usage: PoolUsage?
    /// Whether the volume is a pool that ignores discards (lvmthin(7)).
    public var ignoresDiscards = false
    /// The part of a thin volume that has data, its own or its origin's; `nil` if unknown.
    public var data: Bytes?

    /// A volume with these values.
    public init(
        path: VolumePath, uuid: String = "", size: Bytes, tags: Set<String> = [], created: Int64 = 0,
        segmentType: String, pool: String? = nil, origin: String? = nil, isActive: Bool = true,
        usage: PoolUsage? = nil
    ) {
        self.path = path
        self.uuid = uuid
        self.size = size
        self.tags = tags
        self.created = created
        self.segmentType = segmentType
        self.pool = pool
        self.origin = origin
        self.isActive = isActive
        self.usage = usage
    }

    /// The name without the group.
    public var name: String { path.name }

    /// Whether the volume is incomplete: never booted, removed by the next run.
    public var isBuilding: Bool { tags.contains(Tag.building) }

    /// Whether the volume is a complete base.
    public var isBase: Bool { role == .base && !isBuilding }

    /// Whether the volume is a complete layer.
    public var isLayer: Bool { role == .layer && !isBuilding }

    /// The role, complete or not; `nil` if the volume has none.
    public var role: VolumeRole? { VolumeRole(name: name, tags: tags) }

    /// Whether another program made the layer, as oVirt's imgbased does. Its entry in the boot menu is then
    /// another program's too.
    var isForeignLayer: Bool { isLayer && value(of: Tag.originPrefix) == nil }

    /// Whether the volume is a base whose update was not completed.
    public var isUpdating: Bool { tags.contains(Tag.updating) }

    /// The layer whose configuration was carried into this one; `nil` if none, or once this one has booted.
    public var carriedFrom: String? { value(of: Tag.carriedPrefix) }

    /// Whether all changes in that layer were carried at shutdown.
    public var isSettled: Bool { tags.contains(Tag.settled) }

    /// Whether an update left changes in this layer, and nobody has acknowledged them.
    public var isLeftWithChanges: Bool { tags.contains(Tag.left) }

    /// Whether the volume has the mark of a removal.
    public var isMarkedForRemoval: Bool { tags.contains(Tag.removing) }

    /// Whether the volume is a base that is not removed to make room.
    public var isPinned: Bool { tags.contains(Tag.pinned) }

    /// The base of a layer, by its tag, or by its name if it has no tag.
    public var baseName: String? {
        value(of: Tag.originPrefix) ?? (try? LayerName(name))?.base.description
    }

    /// The text after `prefix` in the first tag with it; `nil` if none.
    public func value(of prefix: String) -> String? {
        tags.filter { $0.hasPrefix(prefix) }.min().map { String($0.dropFirst(prefix.count)) }
    }
}

/// The usage of a thin pool.
public struct PoolUsage: Hashable, Sendable {
    /// The used part of the data, in percent.
    public var data: Double
    /// The used part of the metadata, in percent.
    public var metadata: Double
    /// The size of the metadata.
    public var metadataSize: Bytes
    /// The size of a chunk, the unit of allocation.
    public var chunkSize: Bytes
    /// Whether the pool zeroes a chunk before a volume gets it.
    public var zeroes: Bool

    /// A usage with these values.
    public init(data: Double, metadata: Double, metadataSize: Bytes, chunkSize: Bytes, zeroes: Bool) {
        self.data = data
        self.metadata = metadata
        self.metadataSize = metadataSize
        self.chunkSize = chunkSize
        self.zeroes = zeroes
    }

    /// The usage and the size of a pool, from the kernel's status; `nil` if the pool has failed.
    ///
    /// A metadata block has 4096 bytes (linux: drivers/md/dm-thin-metadata.h).
    public static func measured(
        _ status: ThinPoolStatus, chunkSize: Bytes
    ) -> (usage: PoolUsage, size: Bytes)? {
        guard let data = status.data, let metadata = status.metadata else { return nil }
        func percent(_ usage: ThinPoolStatus.Usage) -> Double {
            usage.total == 0 ? 100 : Double(usage.used) * 100 / Double(usage.total)
        }
        let (size, overflow) = data.total.multipliedReportingOverflow(by: chunkSize.count)
        let usage = PoolUsage(
            data: percent(data), metadata: percent(metadata),
            metadataSize: Bytes(min(metadata.total, 1 << 32) * 4096), chunkSize: chunkSize, zeroes: false)
        return (usage, overflow ? Bytes(UInt64.max) : Bytes(size))
    }

    /// The part of a pool of `size` that no volume uses.
    public func free(of size: Bytes) -> Bytes {
        Bytes(size.count - min(size.count, UInt64((Double(size.count) * data / 100).rounded(.up))))
    }
}
