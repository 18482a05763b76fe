/// A physical volume, as the metadata of its volume group describes it.
///
/// lvm2: _print_pvs in lib/format_text/export.c, _read_pv in import_vsn1.c.
public struct PhysicalVolume: Hashable, Sendable {
    /// The name that segments use for it, such as `pv0`.
    public let key: String
    /// The identifier, also found in its label.
    public let id: LVMIdentifier
    /// The start of its first extent on the device.
    public let firstExtent: Sectors
    /// The number of its extents.
    public let extentCount: Extents
    /// Whether LVM2 has noted that it was missing; the note stays when the disk comes back.
    public let isMissing: Bool
    /// Metadata not understood, each worded as the end of a sentence; it concerns the volumes on this disk.
    public internal(set) var problems: [String]

    // The former length of the device, dev_size, does not limit the extents: pvresize changes it alone. The
    // actual device limits a volume.
    private static let keys: Set<String> = [
        "id", "device", "device_id", "device_id_type", "status", "flags", "tags", "dev_size", "pe_start",
        "pe_count", "ba_start", "ba_size",
    ]

    init(_ node: MetadataNode) throws(MetadataError) {
        key = node.key
        id = try node.requiredIdentifier("id")
        firstExtent = Sectors(try node.requiredNumber("pe_start"))
        extentCount = Extents(UInt64(try node.requiredNumber("pe_count", as: UInt32.self)))
        let status = try node.strings("status")
        // LVM2 calls flags compatible: a reader skips those it does not know.
        let flags = try node.strings("flags")
        isMissing = status.contains("MISSING") || flags.contains("MISSING")
        var problems = node.unknownKeys(besides: PhysicalVolume.keys)
        if let key = node.repeatedKey { problems.append("has '\(key)' twice") }
        for word in status where word != "ALLOCATABLE" && word != "MISSING" {
            problems.append("has the status \(word)")
        }
        self.problems = problems
    }
}

extension MetadataNode {
    /// The problems of this section: one for each key that is not among `known`.
    func unknownKeys(besides known: Set<String>...) -> [String] {
        children.filter { child in !known.contains { $0.contains(child.key) } }.map { "has '\($0.key)'" }
    }
}
