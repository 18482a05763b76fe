/// A volume group, as its metadata describes it (lvm2: lib/format_text/export.c, import_vsn1.c).
public struct VolumeGroup: Hashable, Sendable {
    /// Its name.
    public let name: String
    /// Its identifier.
    public let id: LVMIdentifier
    /// How often its metadata was changed.
    public let sequenceNumber: UInt32
    /// The length of an extent.
    public let extentSize: Sectors
    /// Its tags.
    public let tags: [String]
    /// The host it belongs to; `nil` where any may use it.
    public let systemID: String?
    /// How hosts that share it keep apart; `nil` where none do.
    public let lockType: String?
    /// Its physical volumes.
    public let physicalVolumes: [PhysicalVolume]
    /// Its volumes.
    public let logicalVolumes: [LogicalVolume]
    /// Why nothing in it should be touched, for the first reason found.
    public let refusal: Refusal?

    private let volumeIndex: [String: Int]
    private let physicalVolumeIndex: [String: Int]

    private static let keys: Set<String> = [
        "id", "seqno", "format", "status", "flags", "tags", "system_id", "lock_type", "lock_args",
        "extent_size",
        "max_lv", "max_pv", "allocation_policy", "metadata_copies", "physical_volumes", "logical_volumes",
        "historical_logical_volumes",
    ]

    /// Reads the group that `text` describes.
    ///
    /// What is not understood about a volume is kept with the volume; what is not understood about the group is
    /// its `refusal`.
    ///
    /// - Throws: where the text lacks what every group has.
    public init(_ text: MetadataText) throws(MetadataError) {
        let root = text.root
        guard try root.string("contents") == "Text Format Volume Group", try root.number("version") == 1
        else {
            throw root.error("this is not the metadata of a volume group")
        }
        // The group is the section; the order of what is beside it changes.
        let sections = root.children.filter { $0.isSection }
        guard sections.count == 1, let node = sections.first else {
            throw root.error("there must be one volume group, not \(sections.count)")
        }
        name = node.key
        do throws(NameError) {
            try VolumeName.checkGroup(name)
        } catch {
            throw node.error("'\(name)' is no name for a volume group: \(error)")
        }
        id = try node.requiredIdentifier("id")
        sequenceNumber = try node.requiredNumber("seqno")
        extentSize = Sectors(UInt64(try node.requiredNumber("extent_size", as: UInt32.self)))
        guard extentSize.count > 0 else { throw node.error("'extent_size' is zero") }
        tags = try node.strings("tags")
        systemID = try node.string("system_id").flatMap { $0.isEmpty ? nil : $0 }
        lockType = try node.string("lock_type").flatMap { $0 == "none" || $0.isEmpty ? nil : $0 }

        var physicalVolumes: [PhysicalVolume] = []
        for child in node.child("physical_volumes")?.children ?? [] {
            physicalVolumes.append(try PhysicalVolume(child))
        }
        var logicalVolumes: [LogicalVolume] = []
        for child in node.child("logical_volumes")?.children ?? [] {
            logicalVolumes.append(try LogicalVolume(child))
        }
        self.physicalVolumes = physicalVolumes
        self.logicalVolumes = logicalVolumes
        // The parser has refused keys that are there twice.
        var volumeIndex: [String: Int] = [:]
        for (index, volume) in logicalVolumes.enumerated() { volumeIndex[volume.name] = index }
        self.volumeIndex = volumeIndex
        var physicalVolumeIndex: [String: Int] = [:]
        for (index, volume) in physicalVolumes.enumerated() { physicalVolumeIndex[volume.key] = index }
        self.physicalVolumeIndex = physicalVolumeIndex
        let doubts = try VolumeGroup.doubts(
            node, systemID: systemID, lockType: lockType, physicalVolumes: physicalVolumes,
            logicalVolumes: logicalVolumes)
        let name = name
        refusal = doubts.first.map { Refusal("volume group '\(name)' \($0)") }
    }

    /// The volume called `name`.
    public func volume(_ name: String) -> LogicalVolume? {
        volumeIndex[name].map { logicalVolumes[$0] }
    }

    /// The physical volume that segments call `key`.
    public func physicalVolume(_ key: String) -> PhysicalVolume? {
        physicalVolumeIndex[key].map { physicalVolumes[$0] }
    }

    /// The UUID that device-mapper knows `volume` by (lvm2: lib/misc/lvm-string.c, build_dm_uuid).
    public func deviceMapperUUID(of volume: LogicalVolume) -> String {
        "LVM-" + id.characters + volume.id.characters
    }

    private static func doubts(
        _ node: MetadataNode, systemID: String?, lockType: String?, physicalVolumes: [PhysicalVolume],
        logicalVolumes: [LogicalVolume]
    ) throws(MetadataError) -> [String] {
        var doubts: [String] = []
        let status = try node.strings("status")
        if status.contains("EXPORTED") { doubts.append("is exported") }
        if status.contains("CLUSTERED") { doubts.append("is clustered") }
        if let systemID { doubts.append("belongs to the host with system id '\(systemID)'") }
        if let lockType { doubts.append("is shared with lock type '\(lockType)'") }
        if let volume = physicalVolumes.first(where: { $0.isMissing }) {
            doubts.append("was changed while its physical volume \(volume.id) was missing")
        }
        if Set(physicalVolumes.map { $0.id }).count != physicalVolumes.count {
            doubts.append("has two physical volumes of one identifier")
        }
        if Set(logicalVolumes.map { $0.id }).count != logicalVolumes.count {
            doubts.append("has two volumes of one identifier")
        }
        if physicalVolumes.isEmpty { doubts.append("has no physical volumes") }
        doubts += status.filter { !["RESIZEABLE", "READ", "WRITE"].contains($0) }.map {
            "has the status \($0)"
        }
        if !status.contains("READ") || !status.contains("WRITE") { doubts.append("is read-only") }
        doubts += try node.strings("flags").filter { $0 != "NOAUTOACTIVATE" }.map { "has the flag \($0)" }
        if let format = try node.string("format"), format != "lvm2" {
            doubts.append("has the format '\(format)'")
        }
        return doubts + node.unknownKeys(besides: keys)
    }
}
