public import ImgbasedCore

/// A logical volume, as lvm2 reports it.
public struct Volume: Hashable, Sendable {
    /// Where it is.
    public var path: VolumePath
    /// Its identifier, as lvm2 prints it.
    public var uuid: String
    /// How large it is.
    public var size: Bytes
    /// Its tags.
    public var tags: Set<String>
    /// When it was created, in seconds since 1970.
    public var created: Int64
    /// lvm2's name for its kind: `thin`, `thin-pool`, `linear`…
    public var segmentType: String
    /// The pool of a thin volume.
    public var pool: String?
    /// The volume it was a snapshot of, while that exists.
    public var origin: String?
    /// Whether its device exists.
    public var isActive: Bool
    /// Whether it is mounted, or open otherwise.
    public var isOpen = false
    /// What a pool says of its space, while it is active.
    public var usage: PoolUsage?

    /// A volume of these parts.
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

    /// Its name, without the group's.
    public var name: String { path.name }

    /// Whether it is not complete: never booted, removed by the next run.
    public var isBuilding: Bool { tags.contains(Tag.building) }

    /// Whether it is a base, complete.
    public var isBase: Bool { tags.contains(Tag.base) && !isBuilding }

    /// Whether it is a layer, complete.
    public var isLayer: Bool { tags.contains(Tag.layer) && !isBuilding }

    /// Whether it is a base whose update was not completed.
    public var isUpdating: Bool { tags.contains(Tag.updating) }

    /// The layer whose configuration was carried into this one, while it was not booted.
    public var carriedFrom: String? { value(of: Tag.carriedPrefix) }

    /// Whether all that was changed there was carried when the system shut down.
    public var isSettled: Bool { tags.contains(Tag.settled) }

    /// Whether it carries the mark of what is being removed.
    public var isMarkedForRemoval: Bool { tags.contains(Tag.removing) }

    /// Whether it is a base that is not removed to make room.
    public var isPinned: Bool { tags.contains(Tag.pinned) }

    /// The name of the base a layer came from, by its tag, or by its name where the tag is missing.
    public var baseName: String? {
        value(of: Tag.originPrefix) ?? (try? LayerName(name))?.base.description
    }

    /// What follows `prefix` in the first tag that has it.
    public func value(of prefix: String) -> String? {
        tags.filter { $0.hasPrefix(prefix) }.min().map { String($0.dropFirst(prefix.count)) }
    }
}

/// How full a thin pool is.
public struct PoolUsage: Hashable, Sendable {
    /// Percent of the data that is used.
    public var data: Double
    /// Percent of the metadata that is used.
    public var metadata: Double
    /// How large the metadata is.
    public var metadataSize: Bytes
    /// How long a chunk is, the unit of allocation.
    public var chunkSize: Bytes
    /// Whether a chunk is zeroed before it is given to a volume.
    public var zeroes: Bool

    /// A usage of these parts.
    public init(data: Double, metadata: Double, metadataSize: Bytes, chunkSize: Bytes, zeroes: Bool) {
        self.data = data
        self.metadata = metadata
        self.metadataSize = metadataSize
        self.chunkSize = chunkSize
        self.zeroes = zeroes
    }

    /// What the kernel says of a pool with such chunks, and how large that is; `nil` where it has failed.
    ///
    /// A block of metadata has 4096 bytes (linux: drivers/md/dm-thin-metadata.h).
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

    /// What of a pool of `size` no volume has yet.
    public func free(of size: Bytes) -> Bytes {
        Bytes(size.count - min(size.count, UInt64((Double(size.count) * data / 100).rounded(.up))))
    }
}
