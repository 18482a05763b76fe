/// A volume group, as its metadata describes it (lvm2: lib/format_text/export.c, import_vsn1.c).
public struct VolumeGroup: Hashable, Sendable {
    /// The name of the group.
    public let name: String
    /// The identifier of the group.
    public let id: LVMIdentifier
    /// The number of changes to its metadata.
    public let sequenceNumber: UInt32
    /// The length of an extent.
    public let extentSize: Sectors
    /// The tags of the group.
    public let tags: [String]
    /// The system id of the host that owns the group; `nil` if any host may use it.
    public let systemID: String?
    /// How hosts that share the group lock it; `nil` if none share it.
    public let lockType: String?
    /// The physical volumes of the group.
    public let physicalVolumes: [PhysicalVolume]
    /// The volumes of the group.
    public let logicalVolumes: [LogicalVolume]
    /// Why our own code leaves the whole group to lvm2: the first reason found; `nil` if it does not.
    public let refusal: Refusal?
    /// Oddities of the group that change no device understood, each one sentence.
    public let warnings: [String]
    /// The volumes that cannot be read.
    let unreadVolumes: [UnreadVolume]

    /// Whether all physical volumes and volumes could be read.
    let isRead: Bool

    private let volumeIndex: [String: Int]
    private let physicalVolumeIndex: [String: Int]

    private static let keys: Set<String> = [
        "id", "seqno", "format", "status", "flags", "tags", "system_id", "lock_type", "lock_args",
        "extent_size",
        "max_lv", "max_pv", "allocation_policy", "profile", "metadata_copies", "physical_volumes",
        "logical_volumes", "historical_logical_volumes",
    ]

    /// Reads the group that `text` describes.
    ///
    /// Problems of a volume are kept with the volume. A problem of the group is its `refusal` if it may
    /// concern every volume, otherwise one of its `warnings`.
    ///
    /// - Throws: if the text lacks what every group has.
    public init(_ text: MetadataText) throws(MetadataError) {
        let root = text.root
        guard try root.string("contents") == "Text Format Volume Group", try root.number("version") == 1
        else {
            throw root.error("this is not the metadata of a volume group")
        }
        // The group is the section; the order of the other keys varies.
        let sections = root.children.filter { $0.isSection }
        guard sections.count == 1, let node = sections.first else {
            throw root.error("there must be one volume group, not \(sections.count)")
        }
        if let key = node.repeatedKey { throw node.error("'\(key)' is there twice") }
        name = node.key
        do throws(NameError) {
            try VolumeName.checkGroup(name, limit: VolumeName.readLimit)
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

        let subject = "volume group '\(name)'"
        var warnings = try VolumeGroup.notes(node).map { "\(subject) \($0)" }
        var physicalVolumes: [PhysicalVolume] = []
        var logicalVolumes: [LogicalVolume] = []
        var unreadVolumes: [UnreadVolume] = []
        let disks = node.child("physical_volumes")
        let repeatedDisks = disks?.repeatedKeys ?? []
        for child in disks?.children ?? [] {
            do throws(MetadataError) {
                if repeatedDisks.contains(child.key) { throw child.error("it is there twice") }
                physicalVolumes.append(try PhysicalVolume(child))
            } catch {
                warnings.append(
                    "physical volume '\(child.key)' of \(subject) is passed over: \(error.reason)")
            }
        }
        // They are found by their identifiers, and two sections need not agree where the extents begin.
        var seen: Set<LVMIdentifier> = []
        let twice = Set(physicalVolumes.map { $0.id }.filter { !seen.insert($0).inserted })
        for index in physicalVolumes.indices where twice.contains(physicalVolumes[index].id) {
            physicalVolumes[index].problems.append("is there under two names")
        }
        let volumes = node.child("logical_volumes")
        let repeatedVolumes = volumes?.repeatedKeys ?? []
        for child in volumes?.children ?? [] {
            do throws(MetadataError) {
                if repeatedVolumes.contains(child.key) { throw child.error("it is there twice") }
                logicalVolumes.append(try LogicalVolume(child))
            } catch {
                unreadVolumes.append(UnreadVolume(child))
                warnings.append("volume '\(child.key)' of \(subject) is passed over: \(error.reason)")
            }
        }
        self.physicalVolumes = physicalVolumes
        self.logicalVolumes = logicalVolumes
        self.unreadVolumes = unreadVolumes
        isRead = unreadVolumes.isEmpty && physicalVolumes.count == disks?.children.count ?? 0
        self.warnings = warnings
        var volumeIndex: [String: Int] = [:]
        for (index, volume) in logicalVolumes.enumerated() { volumeIndex[volume.name] = index }
        self.volumeIndex = volumeIndex
        var physicalVolumeIndex: [String: Int] = [:]
        for (index, volume) in physicalVolumes.enumerated() { physicalVolumeIndex[volume.key] = index }
        self.physicalVolumeIndex = physicalVolumeIndex
        let problems = try VolumeGroup.problems(node, systemID: systemID, lockType: lockType)
        refusal = problems.first.map { Refusal("\(subject) \($0)") }
    }

    /// The volume called `name`; `nil` without one.
    public func volume(_ name: String) -> LogicalVolume? {
        volumeIndex[name].map { logicalVolumes[$0] }
    }

    /// The physical volume that segments call `key`; `nil` without one.
    public func physicalVolume(_ key: String) -> PhysicalVolume? {
        physicalVolumeIndex[key].map { physicalVolumes[$0] }
    }

    /// The UUID that device-mapper knows `volume` by (lvm2: lib/misc/lvm-string.c, build_dm_uuid).
    public func deviceMapperUUID(of volume: LogicalVolume) -> String {
        "LVM-" + id.characters + volume.id.characters
    }

    /// Problems that may concern every volume.
    ///
    /// These are the owner of the group, and words with which lvm2 forbids its use to readers that do not
    /// know them.
    private static func problems(
        _ node: MetadataNode, systemID: String?, lockType: String?
    ) throws(MetadataError) -> [String] {
        var problems: [String] = []
        let status = try node.strings("status")
        if status.contains("EXPORTED") { problems.append("is exported") }
        if status.contains("CLUSTERED") { problems.append("is clustered") }
        if let systemID { problems.append("belongs to the host with system id '\(systemID)'") }
        if let lockType { problems.append("is shared with lock type '\(lockType)'") }
        let known = ["RESIZEABLE", "READ", "WRITE", "PVMOVE", "SHARED", "EXPORTED", "CLUSTERED"]
        problems += status.filter { !known.contains($0) }.map { "has the status \($0)" }
        if let format = try node.string("format"), format != "lvm2" {
            problems.append("has the format '\(format)'")
        }
        return problems
    }

    private static func notes(_ node: MetadataNode) throws(MetadataError) -> [String] {
        var notes: [String] = []
        let flags = try node.strings("flags")
        if !(try node.strings("status")).contains("WRITE"), !flags.contains("WRITE_LOCKED") {
            notes.append("is read-only")
        }
        notes += flags.filter { !["NOAUTOACTIVATE", "WRITE_LOCKED"].contains($0) }.map {
            "has the flag \($0)"
        }
        return notes + node.unknownKeys(besides: keys)
    }
}
