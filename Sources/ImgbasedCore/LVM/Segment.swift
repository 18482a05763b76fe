/// A run of a volume's extents that are stored in one way (lvm2: _print_segment in lib/format_text/export.c and
/// text_export of each type).
public struct Segment: Hashable, Sendable {
    /// How the extents are stored. The type must be spelled exactly so: LVM2 glues flags to it, as in
    /// `thin-pool+CROP_METADATA`, to keep those away who do not know them.
    public enum Kind: Hashable, Sendable {
        /// `striped`: on physical volumes, one after another or in stripes.
        case striped(Striped)
        /// `thin-pool`
        case thinPool(ThinPool)
        /// `thin`: in a thin pool.
        case thin(Thin)
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
    public let doubts: [String]

    private static let commonKeys: Set<String> = ["start_extent", "extent_count", "type", "tags"]
    private static let wordKeys: Set<String> = ["type", "tags", "discards"]

    /// Never throws: what is wrong with a segment concerns only those who want its volume.
    init(_ node: MetadataNode) {
        var doubts: [String] = []
        // lvm2 takes a segment without a type for a striped one; it has not written such for many years.
        type = Segment.read(&doubts) { () throws(MetadataError) in try node.requiredString("type") } ?? "?"
        start = Segment.extents("start_extent", of: node, &doubts)
        length = Segment.extents("extent_count", of: node, &doubts)
        tags = Segment.read(&doubts) { () throws(MetadataError) in try node.strings("tags") } ?? []
        let type = type
        kind =
            Segment.read(&doubts) { () throws(MetadataError) in
                switch type {
                case "striped": .striped(try Striped(node))
                case "thin-pool": .thinPool(try ThinPool(node))
                case "thin": .thin(try Thin(node))
                default: .other(type)
                }
            } ?? .other(type)
        switch kind {
        case .striped: doubts += node.unknownKeys(besides: Striped.keys, Segment.commonKeys)
        case .thinPool: doubts += node.unknownKeys(besides: ThinPool.keys, Segment.commonKeys)
        case .thin: doubts += node.unknownKeys(besides: Thin.keys, Segment.commonKeys)
        case .other: if doubts.isEmpty { doubts = ["has a segment of type '\(type)'"] }
        }
        self.doubts = doubts
        mentions = Segment.mentions(in: node)
    }

    private static func read<Value>(
        _ doubts: inout [String], _ body: () throws(MetadataError) -> Value
    ) -> Value? {
        do throws(MetadataError) {
            return try body()
        } catch {
            doubts.append("has a segment in which \(error.reason)")
            return nil
        }
    }

    private static func extents(_ key: String, of node: MetadataNode, _ doubts: inout [String]) -> Extents {
        let count = read(&doubts) { () throws(MetadataError) in try node.requiredNumber(key, as: UInt32.self)
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
        "metadata", "pool", "transaction_id", "chunk_size", "discards", "zero_new_blocks",
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
    }
}

extension Segment.Thin {
    fileprivate static let keys: Set<String> = [
        "thin_pool", "transaction_id", "device_id", "origin", "external_origin",
    ]

    fileprivate init(_ node: MetadataNode) throws(MetadataError) {
        pool = try node.requiredString("thin_pool")
        deviceID = try node.requiredNumber("device_id")
        origin = try node.string("origin")
        externalOrigin = try node.string("external_origin")
        // What the pool's count was when the volume was made: history, but lvm2 wants it there.
        _ = try node.requiredNumber("transaction_id", as: UInt64.self)
    }
}
