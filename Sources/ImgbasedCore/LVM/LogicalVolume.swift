/// A volume, as the metadata of its volume group describes it (lvm2: _print_lv in lib/format_text/export.c).
public struct LogicalVolume: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its identifier.
    public let id: LVMIdentifier
    /// Its tags.
    public let tags: [String]
    /// Whether writing to it is forbidden.
    public let isReadOnly: Bool
    /// Whether it is a volume for users, not a part of another one.
    public let isVisible: Bool
    /// When it was made, in seconds since 1970; 0 where the metadata does not say.
    public let creationTime: UInt64
    /// Its status words besides READ, WRITE and VISIBLE, and its flags.
    public let flags: [String]
    /// Its segments, by their first extent.
    public let segments: [Segment]
    /// What in its section is not understood, each as the end of a sentence.
    public let doubts: [String]

    private static let keys: Set<String> = [
        "id", "status", "flags", "tags", "creation_time", "creation_host", "allocation_policy",
        "segment_count",
    ]
    // What a profile of lvm.profile(5) changes in the table of a pool is its low water mark, which lvm2 sets anew when
    // it activates any volume of it; oVirt's imgbased gave its pools one.
    private static let poolKeys = keys.union(["profile"])
    private static let plainStatus: Set<String> = ["READ", "WRITE", "VISIBLE"]
    // ACTIVATION_SKIP and NOAUTOACTIVATE forbid only what nobody asked for by name.
    private static let knownFlags: Set<String> = ["ACTIVATION_SKIP", "NOAUTOACTIVATE", "ERROR_WHEN_FULL"]

    init(_ node: MetadataNode) throws(MetadataError) {
        name = node.key
        do throws(NameError) {
            try VolumeName.checkGroup(name)
        } catch {
            throw node.error("'\(name)' is no name for a volume: \(error)")
        }
        id = try node.requiredIdentifier("id")
        tags = try node.strings("tags")
        creationTime = try node.number("creation_time") ?? 0
        let status = try node.strings("status")
        let flags = try node.strings("flags")
        isReadOnly = !status.contains("WRITE")
        isVisible = status.contains("VISIBLE")
        let special = status.filter { !LogicalVolume.plainStatus.contains($0) }
        self.flags = special + flags
        let sections = node.children.filter { $0.isSection }
        segments = sections.map(Segment.init).sorted { $0.start < $1.start }

        var doubts = special.map { "has the status \($0)" }
        doubts += flags.filter { !LogicalVolume.knownFlags.contains($0) }.map { "has the flag \($0)" }
        if !status.contains("READ") { doubts.append("has not the status READ") }
        let isPool = if case .thinPool? = segments.first?.kind { true } else { false }
        let keys = isPool ? LogicalVolume.poolKeys : LogicalVolume.keys
        for child in node.children where !child.isSection && !keys.contains(child.key) {
            doubts.append("has '\(child.key)'")
        }
        if try node.requiredNumber("segment_count", as: Int.self) != segments.count {
            doubts.append("has not as many segments as it says")
        }
        var end: UInt64 = 0
        for segment in segments {
            if segment.start.count != end || segment.length.count == 0 {
                doubts.append("has segments that do not follow each other")
                break
            }
            end += segment.length.count
        }
        if segments.isEmpty { doubts.append("has no segments") }
        self.doubts = doubts + segments.flatMap { $0.doubts }
    }

    /// Whether it bears `tag`.
    public func has(_ tag: String) -> Bool {
        tags.contains(tag)
    }

    /// How many extents it has.
    public var extentCount: Extents {
        Extents(segments.reduce(0) { $0 + $1.length.count })
    }

    /// Where it is in a thin pool, for a thin volume.
    public var thin: Segment.Thin? {
        if segments.count == 1, case .thin(let thin) = segments[0].kind { thin } else { nil }
    }

    /// What it is made of, for a thin pool.
    public var thinPool: Segment.ThinPool? {
        if segments.count == 1, case .thinPool(let pool) = segments[0].kind { pool } else { nil }
    }
}
