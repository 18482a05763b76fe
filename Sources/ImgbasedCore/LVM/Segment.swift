/// A run of a volume's extents that are stored in one way (lvm2: _print_segment in lib/format_text/export.c and
/// text_export of each type).
public struct Segment: Hashable, Sendable {
    /// How the extents are stored. The type must be spelled exactly so: LVM2 glues flags to it, as in
    /// `cache+CACHE_USES_CACHEVOL`, to keep those away who do not know them.
    public enum Kind: Hashable, Sendable {
        /// `striped`, or `linear`, which lvm2 reads as well: on physical volumes, one after another or in stripes.
        case striped(Striped)
        /// `thin-pool`, `thin-pool+CROP_METADATA`
        case thinPool(ThinPool)
        /// `thin`: in a thin pool.
        case thin(Thin)
        /// `snapshot`: none at all, but what a snapshot consists of.
        case snapshot(Snapshot)
        /// Any other type, by its name; also one of the above that lacks what it needs.
        case other(String)
    }

    /// Extents on physical volumes.
    public struct Striped: Hashable, Sendable {
        /// A run of extents of a physical volume.
        public struct Area: Hashable, Sendable {
            /// The key of the physical volume; in stacks that are refused, the name of a volume.
            public let device: String
            /// Its first extent.
            public let firstExtent: Extents
        }

        /// How much goes to an area before the next one's turn; 0 where there is only one.
        public let stripeSize: Sectors
        /// The areas, in the order of the stripes.
        public let areas: [Area]
    }

    /// What a thin pool is made of.
    public struct ThinPool: Hashable, Sendable {
        /// What becomes of discards.
        public enum Discards: String, Hashable, Sendable {
            /// Nothing.
            case ignore
            /// They free blocks of the pool.
            case noPassdown = "nopassdown"
            /// They free blocks and go on to the device beneath.
            case passdown
        }

        /// The volume that holds its metadata.
        public let metadata: String
        /// The volume that holds its data.
        public let data: String
        /// How many changes LVM2 has made to it; the kernel's own count must be the same.
        public let transactionID: UInt64
        /// The length of a block.
        public let chunkSize: Sectors
        /// What becomes of discards.
        public let discards: Discards
        /// Whether a block is filled with zeros before its first use.
        public let zeroesNewBlocks: Bool
        /// Whether lvm2 keeps the kernel from metadata beyond what older versions of it use.
        public let cropsMetadata: Bool
        /// What lvm2 has noted in the metadata and may not have told the kernel yet.
        public let messages: [Message]
    }

    /// A change of a thin pool that lvm2 was about to make.
    public enum Message: Hashable, Sendable {
        /// To make this volume.
        case create(String)
        /// To remove the volume with this number in the pool.
        case delete(UInt32)
    }

    /// A place in a thin pool.
    public struct Thin: Hashable, Sendable {
        /// The pool.
        public let pool: String
        /// The number the volume has in the pool.
        public let deviceID: UInt32
        /// The volume of the same pool that it is a snapshot of.
        public let origin: String?
        /// The read-only volume outside the pool that it is a snapshot of, itself or by its `origin`.
        public let externalOrigin: String?
        /// The volume that is to get its content.
        public let mergesInto: String?
    }

    /// A snapshot that keeps in a volume of its own what its origin had.
    public struct Snapshot: Hashable, Sendable {
        /// The volume that it is a snapshot of.
        public let origin: String
        /// The volume that keeps what the origin had.
        public let store: String
        /// How much is kept at once.
        public let chunkSize: Sectors
        /// Whether the origin is to get its content back.
        public let isMerging: Bool
    }

    /// A text in the segment, which may name another volume.
    public struct Mention: Hashable, Sendable {
        /// The key it stands for.
        public let key: String
        /// The text.
        public let name: String
    }

    /// Its first extent.
    public let start: Extents
    /// How many extents.
    public let length: Extents
    /// How they are stored.
    public let kind: Kind
    /// The name of the type, as the metadata has it.
    public let type: String
    /// Its tags; LVM2 keeps segments apart whose tags differ.
    public let tags: [String]
    /// What may name another volume.
    public let mentions: [Mention]
    /// What is not understood, each as the end of a sentence.
    public let problems: [String]

    // The keys here and in the types below are all that lvm2 2.03 reads in a segment of these types (_read_segment in
    // lib/format_text/import_vsn1.c, text_import of each type); each is handled, or known to change no device. A key that is none of
    // them is of a version that does something else: that is left to lvm2. lvm2 reads the last two of any segment, and makes
    // something of them in arrays alone (_seg_len in lib/activate/dev_manager.c).
    private static let commonKeys: Set<String> = [
        "start_extent", "extent_count", "type", "tags", "reshape_count", "data_copies",
    ]
    private static let wordKeys: Set<String> = ["type", "tags", "discards"]

    /// Never throws: what is wrong with a segment concerns only those who want its volume.
    init(_ node: MetadataNode) {
        var problems: [String] = []
        // lvm2 takes a segment without a type for a striped one; it has not written such for many years.
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
        // What the pool's count was when the volume was made: history, but lvm2 wants it there.
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
