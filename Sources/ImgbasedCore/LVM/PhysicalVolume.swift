/// A physical volume, as the metadata of its volume group describes it (lvm2: _print_pvs in
/// lib/format_text/export.c, _read_pv in import_vsn1.c).
public struct PhysicalVolume: Hashable, Sendable {
    /// What segments call it, `pv0`.
    public let key: String
    /// Its identifier, which its label bears too.
    public let id: LVMIdentifier
    /// Where its first extent begins.
    public let firstExtent: Sectors
    /// How many extents it has.
    public let extentCount: Extents
    /// Whether LVM2 has noted that it was missing. The note stays when the disk comes back.
    public let isMissing: Bool
    /// What in its section is not understood, each as the end of a sentence. It concerns the volumes on it.
    public internal(set) var problems: [String]

    // How long the device was, dev_size, says nothing of the extents: pvresize changes it alone. What bounds a volume is the
    // device that is there.
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
        // Flags are what LVM2 calls compatible: who does not know one is to pass over it.
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
    /// What to say about the keys of this section that are not among `known`.
    func unknownKeys(besides known: Set<String>...) -> [String] {
        children.filter { child in !known.contains { $0.contains(child.key) } }.map { "has '\($0.key)'" }
    }
}
