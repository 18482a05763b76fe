/// A volume, as the metadata of its volume group describes it.
///
/// lvm2: _print_lv in lib/format_text/export.c, _read_lvnames and _read_lvsegs in import_vsn1.c.
public struct LogicalVolume: Hashable, Sendable {
    /// The name of the volume.
    public let name: String
    /// The identifier of the volume.
    public let id: LVMIdentifier
    /// The tags of the volume.
    public let tags: [String]
    /// Whether writing to the volume is forbidden.
    public let isReadOnly: Bool
    /// Whether the volume is for users, and not a part of another one.
    public let isVisible: Bool
    /// The time of creation, in seconds since 1970; 0 if the metadata does not say.
    public let creationTime: UInt64
    /// The status words except READ, WRITE and VISIBLE, and the flags.
    public let flags: [String]
    /// The kernel's read-ahead; `nil` if the kernel chooses.
    public let readAhead: Sectors?
    /// The minor number of the device; `nil` for any.
    public let minor: UInt32?
    /// The segments, ordered by their first extent.
    public let segments: [Segment]
    /// Metadata not understood that may change the devices, each worded as the end of a sentence.
    public let problems: [String]
    /// Skipped metadata, each item worded as the end of a sentence.
    public let notes: [String]

    // The keys that _read_lvnames and _read_lvsegs read; the others here change no device. A profile of
    // lvm.profile(5) changes a pool's low water mark, which lvm2 sets anew when it activates any volume of
    // the pool; oVirt's imgbased gave its pools a profile.
    private static let keys: Set<String> = [
        "id", "status", "flags", "tags", "creation_time", "creation_host", "allocation_policy",
        "segment_count", "profile", "lock_args", "read_ahead", "major", "minor",
    ]
    // The last three are of mirrors and arrays, and remain after a conversion.
    private static let plainStatus: Set<String> = [
        "READ", "WRITE", "VISIBLE", "FIXED_MINOR", "NOTSYNCED", "REBUILD", "WRITEMOSTLY",
    ]
    // ACTIVATION_SKIP and NOAUTOACTIVATE forbid only the activation of volumes not asked for by name.
    // WRITE_LOCKED hides from older versions of LVM2 that a volume is writable.
    private static let knownFlags: Set<String> = [
        "ACTIVATION_SKIP", "NOAUTOACTIVATE", "ERROR_WHEN_FULL", "WRITE_LOCKED",
    ]
    // lvm2 takes this word for a status in either list: a part of a cache.
    private static let cacheVolume = "CACHE_VOL"
    // 20 bits (lvm2: validate_major_minor).
    private static let minors: ClosedRange<Int64> = 0...1_048_575

    init(_ node: MetadataNode) throws(MetadataError) {
        name = node.key
        do throws(NameError) {
            try VolumeName.checkGroup(name, limit: VolumeName.readLimit)
        } catch {
            throw node.error("'\(name)' is no name for a volume: \(error)")
        }
        id = try node.requiredIdentifier("id")
        tags = try node.strings("tags")
        creationTime = (try? node.number("creation_time")) ?? 0
        let status = try node.strings("status")
        let flags = try node.strings("flags")
        isReadOnly = !status.contains("WRITE") && !flags.contains("WRITE_LOCKED")
        isVisible = status.contains("VISIBLE")
        self.flags = status.filter { !["READ", "WRITE", "VISIBLE"].contains($0) } + flags
        let sections = node.children.filter { $0.isSection }
        segments = sections.map(Segment.init).sorted { $0.start < $1.start }
        readAhead = LogicalVolume.readAhead(node)

        var notes: [String] = []
        var problems = status.filter { !LogicalVolume.plainStatus.contains($0) }.map {
            "has the status \($0)"
        }
        for flag in flags where !LogicalVolume.knownFlags.contains(flag) {
            if flag == LogicalVolume.cacheVolume {
                problems.append("has the flag \(flag)")
            } else {
                notes.append("has the flag \(flag)")
            }
        }
        var minor: UInt32?
        if status.contains("FIXED_MINOR") {
            let number = try? node.number("minor", as: Int64.self)
            if let number, LogicalVolume.minors.contains(number) {
                minor = UInt32(number)
            } else if number != nil {
                notes.append("has a minor number that no device can have")
            } else {
                problems.append("has no 'minor'")
            }
        }
        self.minor = minor
        for child in node.children where !child.isSection && !LogicalVolume.keys.contains(child.key) {
            problems.append("has '\(child.key)'")
        }
        if let key = node.repeatedKey { problems.append("has '\(key)' twice") }
        if (try? node.requiredNumber("segment_count", as: Int.self)) != segments.count {
            problems.append("has another number of segments than it says")
        }
        var end: UInt64 = 0
        for segment in segments {
            if segment.start.count != end || segment.length.count == 0 {
                problems.append("has segments that do not follow each other")
                break
            }
            end += segment.length.count
        }
        if segments.isEmpty { problems.append("has no segments") }
        self.problems = problems + segments.flatMap { $0.problems }
        self.notes = notes
    }

    /// Reads the read-ahead: lvm2 writes -1 for none, and nothing or 0 if the kernel chooses.
    private static func readAhead(_ node: MetadataNode) -> Sectors? {
        guard case .value(.integer(let number))? = node.child("read_ahead")?.content else { return nil }
        let sectors = UInt32(truncatingIfNeeded: number)
        return sectors == 0 ? nil : Sectors(sectors == .max ? 0 : UInt64(sectors))
    }

    /// Whether the volume has `tag`.
    public func has(_ tag: String) -> Bool {
        tags.contains(tag)
    }

    /// The number of extents of the volume.
    public var extentCount: Extents {
        Extents(segments.reduce(0) { $0 + $1.length.count })
    }

    /// The place in a thin pool, for a thin volume; else `nil`.
    public var thin: Segment.Thin? {
        if segments.count == 1, case .thin(let thin) = segments[0].kind { thin } else { nil }
    }

    /// The parts of the pool, for a thin pool; else `nil`.
    public var thinPool: Segment.ThinPool? {
        if segments.count == 1, case .thinPool(let pool) = segments[0].kind { pool } else { nil }
    }

    /// The snapshot that the volume stands for; `nil` if it is none of LVM2's volumes `snapshot0` and so on.
    ///
    /// LVM2 uses these volumes to note a snapshot with a store of its own.
    public var snapshot: Segment.Snapshot? {
        if segments.count == 1, case .snapshot(let snapshot) = segments[0].kind { snapshot } else { nil }
    }
}

/// A volume whose metadata cannot be read, and the segments it may use.
struct UnreadVolume: Hashable, Sendable {
    /// The key of its section.
    let name: String
    /// Its segments.
    let segments: [Segment]

    /// Reads the key and the segments of `node`.
    init(_ node: MetadataNode) {
        name = node.key
        segments = node.children.filter { $0.isSection }.map(Segment.init)
    }
}
