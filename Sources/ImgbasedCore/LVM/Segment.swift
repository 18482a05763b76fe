/// A run of a volume's extents that are stored in one way.
///
/// lvm2: _print_segment in lib/format_text/export.c and text_export of each type.
public struct Segment: Hashable, Sendable {
    /// How the extents are stored.
    ///
    /// The type must be spelled exactly so: LVM2 appends flags, as in `cache+CACHE_USES_CACHEVOL`, to exclude
    /// readers that do not know them.
    public enum Kind: Hashable, Sendable {
        /// `striped`, or `linear`, which lvm2 reads too: on physical volumes, in sequence or in stripes.
        case striped(Striped)
        /// `thin-pool`, `thin-pool+CROP_METADATA`
        case thinPool(ThinPool)
        /// `thin`: in a thin pool.
        case thin(Thin)
        /// `snapshot`: no extents, but the parts of a snapshot.
        case snapshot(Snapshot)
        /// Any other type, by its name; also one of the types above with incomplete metadata.
        case other(String)
    }

    /// Extents on physical volumes.
    public struct Striped: Hashable, Sendable {
        /// A run of extents on a physical volume.
        public struct Area: Hashable, Sendable {
            /// The key of the physical volume; in stacks that are refused, the name of a volume.
            public let device: String
            /// The first extent of the area.
            public let firstExtent: Extents
        }

        /// The length written to one area before the next; 0 with a single area.
        public let stripeSize: Sectors
        /// The areas in the order of the stripes.
        public let areas: [Area]
    }

    /// The parts and settings of a thin pool.
    public struct ThinPool: Hashable, Sendable {
        /// How discards are treated.
        public enum Discards: String, Hashable, Sendable {
            /// Discards are ignored.
            case ignore
            /// Discards free blocks of the pool.
            case noPassdown = "nopassdown"
            /// Discards free blocks, and are passed to the device beneath.
            case passdown
        }

        /// The name of the volume with the metadata.
        public let metadata: String
        /// The name of the volume with the data.
        public let data: String
        /// The number of changes that LVM2 has made to the pool; the kernel's own count must be the same.
        public let transactionID: UInt64
        /// The length of a block.
        public let chunkSize: Sectors
        /// How discards are treated.
        public let discards: Discards
        /// Whether a block is filled with zeros before its first use.
        public let zeroesNewBlocks: Bool
        /// Whether lvm2 hides from the kernel any metadata space that older versions of it do not use.
        public let cropsMetadata: Bool
        /// The changes that lvm2 has noted in the metadata and may not have sent to the kernel yet.
        public let messages: [Message]
    }

    /// A change of a thin pool that lvm2 was about to make.
    public enum Message: Hashable, Sendable {
        /// Create the volume of this name.
        case create(String)
        /// Remove the volume with this number in the pool.
        case delete(UInt32)
    }

    /// A volume's place in a thin pool.
    public struct Thin: Hashable, Sendable {
        /// The name of the pool.
        public let pool: String
        /// The number of the volume in the pool.
        public let deviceID: UInt32
        /// The volume of the same pool that this is a snapshot of; `nil` without one.
        public let origin: String?
        /// The read-only volume outside the pool that this or its `origin` is a snapshot of; else `nil`.
        public let externalOrigin: String?
        /// The volume that is to get the content of this one; `nil` without one.
        public let mergesInto: String?
    }

    /// A snapshot that keeps old content of its origin in a volume of its own.
    public struct Snapshot: Hashable, Sendable {
        /// The volume that this is a snapshot of.
        public let origin: String
        /// The volume that keeps the origin's old content.
        public let store: String
        /// The length of the unit that is kept.
        public let chunkSize: Sectors
        /// Whether the origin is to get its old content back.
        public let isMerging: Bool
    }

    /// A text in the segment that may name another volume.
    public struct Mention: Hashable, Sendable {
        /// The key of the text.
        public let key: String
        /// The text, possibly the name of a volume.
        public let name: String
    }

    /// The first extent of the segment.
    public let start: Extents
    /// The number of extents.
    public let length: Extents
    /// How the extents are stored.
    public let kind: Kind
    /// The name of the type, as written in the metadata.
    public let type: String
    /// The tags of the segment; LVM2 keeps segments with different tags apart.
    public let tags: [String]
    /// The texts that may name another volume.
    public let mentions: [Mention]
    /// Metadata not understood, each worded as the end of a sentence.
    public let problems: [String]

    // The keys here and in the types below are all that lvm2 2.03 reads in a segment of these types
    // (_read_segment in lib/format_text/import_vsn1.c, text_import of each type). Each is handled, or known
    // to change no device. Any other key comes from a version with other behaviour: lvm2 must handle it. lvm2
    // reads the last two in any segment, but uses them only in arrays (_seg_len in
    // lib/activate/dev_manager.c).
    private static let commonKeys: Set<String> = [
        "start_extent", "extent_count", "type", "tags", "reshape_count", "data_copies",
    ]
    private static let wordKeys: Set<String> = ["type", "tags", "discards"]

    /// Never throws: a problem of a segment concerns only users of its volume.
    init(_ node: MetadataNode) {
        var problems: [String] = []
        // lvm2 reads a segment without a type as striped, but has not written one for many years.
        type = Segment.read(&problems) { () throws(MetadataError) in try node.requiredString("type") } ?? "?"
        start = Segment.extents("start_extent", of: node, &problems)
        length = Segment.extents("extent_count", of: node, &problems)
        tags = Segment.read(&problems) { () throws(MetadataError) in try node.strings("tags") } ?? []
        let type = type
        kind =
            Segment.read(&problems) { () throws(MetadataError) in
                switch type {
                case "striped", "linear": .striped(try Striped(node))
                case "thin-pool", "thin-pool+CROP_METADATA": .thinPool(try ThinPool(node))
                case "thin": .thin(try Thin(node))
                case "snapshot": .snapshot(try Snapshot(node))
                default: .other(type)
                }
            } ?? .other(type)
        switch kind {
        case .striped: problems += node.unknownKeys(besides: Striped.keys, Segment.commonKeys)
        case .thinPool:
            // The sections are messages.
            let messages = Set(node.children.filter { $0.isSection }.map { $0.key })
            problems += node.unknownKeys(besides: ThinPool.keys, Segment.commonKeys, messages)
        case .thin: problems += node.unknownKeys(besides: Thin.keys, Segment.commonKeys)
        case .snapshot: problems += node.unknownKeys(besides: Snapshot.keys, Segment.commonKeys)
        case .other: if problems.isEmpty { problems = ["has a segment of type '\(type)'"] }
        }
        if let key = node.repeatedKey { problems.append("has a segment with '\(key)' twice") }
        self.problems = problems
        mentions = Segment.mentions(in: node)
    }

    private static func read<Value>(
        _ problems: inout [String], _ body: () throws(MetadataError) -> Value
    ) -> Value? {
        do throws(MetadataError) {
            return try body()
        } catch {
            problems.append("has a segment in which \(error.reason)")
            return nil
        }
    }

    private static func extents(_ key: String, of node: MetadataNode, _ problems: inout [String]) -> Extents {
        let count = read(&problems) { () throws(MetadataError) in
            try node.requiredNumber(key, as: UInt32.self)
        }
        return Extents(UInt64(count ?? 0))
    }

    private static func mentions(in node: MetadataNode) -> [Mention] {
        var mentions: [Mention] = []
        for child in node.children where !wordKeys.contains(child.key) {
            for case .string(let text) in child.values {
                mentions.append(Mention(key: child.key, name: text))
            }
            mentions += Segment.mentions(in: child)
        }
        return mentions
    }
}

extension Segment.Striped {
    fileprivate static let keys: Set<String> = ["stripe_count", "stripe_size", "stripes"]

    fileprivate init(_ node: MetadataNode) throws(MetadataError) {
        let count = try node.requiredNumber("stripe_count", as: UInt32.self)
        stripeSize = Sectors(count == 1 ? 0 : UInt64(try node.requiredNumber("stripe_size", as: UInt32.self)))
        let values = node.child("stripes")?.values ?? []
        guard count > 0, values.count.isMultiple(of: 2), values.count / 2 == count else {
            throw node.error("'stripes' does not hold 'stripe_count' areas")
        }
        var areas: [Area] = []
        for index in stride(from: 0, to: values.count, by: 2) {
            guard case .string(let device) = values[index], case .integer(let extent) = values[index + 1],
                let extent = UInt32(exactly: extent)
            else { throw node.error("'stripes' is not a list of names and extents") }
            areas.append(Area(device: device, firstExtent: Extents(UInt64(extent))))
        }
        self.areas = areas
    }
}

extension Segment.ThinPool {
    fileprivate static let keys: Set<String> = [
        "metadata", "pool", "transaction_id", "chunk_size", "discards", "zero_new_blocks", "crop_metadata",
    ]

    fileprivate init(_ node: MetadataNode) throws(MetadataError) {
        metadata = try node.requiredString("metadata")
        data = try node.requiredString("pool")
        transactionID = try node.requiredNumber("transaction_id")
        chunkSize = Sectors(UInt64(try node.requiredNumber("chunk_size", as: UInt32.self)))
        zeroesNewBlocks = try node.number("zero_new_blocks", as: UInt32.self) ?? 0 != 0
        let word = try node.string("discards") ?? Discards.ignore.rawValue
        guard let discards = Discards(rawValue: word) else {
            throw node.error("'discards' is '\(word)'")
        }
        self.discards = discards
        cropsMetadata = try node.number("crop_metadata", as: UInt32.self) ?? 0 != 0
        var messages: [Segment.Message] = []
        for section in node.children where section.isSection { messages.append(try Segment.Message(section)) }
        self.messages = messages
    }
}

extension Segment.Message {
    fileprivate init(_ node: MetadataNode) throws(MetadataError) {
        if let volume = try node.string("create"), node.children.count == 1 {
            self = .create(volume)
        } else if let id = try node.number("delete", as: UInt32.self), node.children.count == 1 {
            self = .delete(id)
        } else {
            throw node.error("'\(node.key)' is a message that is not known")
        }
    }
}

extension Segment.Thin {
    fileprivate static let keys: Set<String> = [
        "thin_pool", "transaction_id", "device_id", "origin", "external_origin", "merge",
    ]

    fileprivate init(_ node: MetadataNode) throws(MetadataError) {
        pool = try node.requiredString("thin_pool")
        deviceID = try node.requiredNumber("device_id")
        origin = try node.string("origin")
        externalOrigin = try node.string("external_origin")
        mergesInto = try node.string("merge")
        // The pool's count when the volume was made: history, but lvm2 requires it.
        _ = try node.requiredNumber("transaction_id", as: UInt64.self)
    }
}

extension Segment.Snapshot {
    fileprivate static let keys: Set<String> = ["chunk_size", "origin", "cow_store", "merging_store"]

    fileprivate init(_ node: MetadataNode) throws(MetadataError) {
        chunkSize = Sectors(UInt64(try node.requiredNumber("chunk_size", as: UInt32.self)))
        origin = try node.requiredString("origin")
        let merging = try node.string("merging_store")
        if merging != nil, node.child("cow_store") != nil {
            throw node.error("'cow_store' and 'merging_store' are both there")
        }
        store = if let merging { merging } else { try node.requiredString("cow_store") }
        isMerging = merging != nil
    }
}
