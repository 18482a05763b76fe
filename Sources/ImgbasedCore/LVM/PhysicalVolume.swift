/// A physical volume, as the metadata of its volume group describes it (lvm2: _print_pvs in
/// lib/format_text/export.c).
public struct PhysicalVolume: Hashable, Sendable {
    /// What segments call it, `pv0`.
    public let key: String
    /// Its identifier, which its label bears too.
    public let id: LVMIdentifier
    /// How long the device is that it was made on; `nil` in very old metadata.
    public let deviceSize: Sectors?
    /// Where its first extent begins.
    public let firstExtent: Sectors
    /// How many extents it has.
    public let extentCount: Extents
    /// Whether LVM2 has noted that it was missing. The note stays when the disk comes back.
    public let isMissing: Bool
    /// What in its section is not understood, each as the end of a sentence.
    public let doubts: [String]

    private static let keys: Set<String> = [
        "id", "device", "device_id", "device_id_type", "status", "flags", "tags", "dev_size", "pe_start",
        "pe_count", "ba_start", "ba_size",
    ]

    init(_ node: MetadataNode) throws(MetadataError) {
        key = node.key
        id = try node.requiredIdentifier("id")
        deviceSize = try node.number("dev_size").map(Sectors.init)
        firstExtent = Sectors(try node.requiredNumber("pe_start"))
        extentCount = Extents(UInt64(try node.requiredNumber("pe_count", as: UInt32.self)))
        let status = try node.strings("status")
        let flags = try node.strings("flags")
        isMissing = status.contains("MISSING") || flags.contains("MISSING")
        var doubts = node.unknownKeys(besides: PhysicalVolume.keys)
        for word in status where word != "ALLOCATABLE" && word != "MISSING" {
            doubts.append("has the status \(word)")
        }
        for word in flags where word != "MISSING" {
            doubts.append("has the flag \(word)")
        }
        self.doubts = doubts
    }
}

extension MetadataNode {
    /// What to say about the keys of this section that are not among `known`.
    func unknownKeys(besides known: Set<String>...) -> [String] {
        children.filter { child in !known.contains { $0.contains(child.key) } }.map { "has '\($0.key)'" }
    }
}
