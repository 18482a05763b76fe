/// A volume group and those of its disks that have come so far.
///
/// The newest readable copy of the metadata counts, on any disk (lvm2: _vg_read in lib/metadata/metadata.c):
/// a power cut during lvm2's commit leaves copies of different age. A problem of a disk that a volume does
/// not use is no reason to refuse the volume.
public struct LocatedGroup: Hashable, Sendable {
    /// The group, from the newest copy of its metadata.
    public let group: VolumeGroup
    /// The device of each physical volume; of several that claim to be the same, the first that came.
    public let devices: [LVMIdentifier: String]
    /// The physical volumes found on no disk, in the order of the metadata.
    public let missing: [LVMIdentifier]
    /// The disks without a head that leads to a whole text, if no other disk has a better copy.
    ///
    /// lvm2 does not see the group until these disks are repaired with `text`.
    public let torn: [TornDisk]
    /// The metadata text of `group`, as it is on the disks.
    public let text: [UInt8]

    /// Copies as new as `group` but different: which one is true cannot be decided.
    private let rivals: [VolumeGroup]
    /// The scans of disks with an identifier of the group's physical volumes.
    private let scans: [PhysicalVolumeScan]
    private let warningsOfDisks: [String]

    /// Locates `group` on the disks of `scans`.
    public init(_ group: VolumeGroup, on scans: [PhysicalVolumeScan]) {
        var devices: [LVMIdentifier: String] = [:]
        var rivals: [VolumeGroup] = []
        var warnings: [String] = []
        let ids = Set(group.physicalVolumes.map { $0.id })
        let parts = scans.filter { ids.contains($0.id) }
        for scan in parts where devices[scan.id] == nil { devices[scan.id] = scan.path }
        let copies = scans.filter { scan in scan.copies.contains { $0.group.id == group.id } }
        let isTorn = copies.allSatisfy { $0.isTorn }
        torn = isTorn ? parts.filter { $0.isTorn }.map { TornDisk(path: $0.path, areas: $0.areas) } : []
        text = copies.flatMap { $0.copies }.first { $0.group == group }?.text ?? []
        for scan in scans {
            let copies = scan.isTorn && !isTorn ? [] : scan.copies.filter { $0.group.id == group.id }
            for copy in copies.map({ $0.group }) {
                if copy.sequenceNumber < group.sequenceNumber {
                    warnings.append(
                        "'\(scan.path)' has change \(copy.sequenceNumber) of the metadata of volume group '\(group.name)', "
                            + "which is out of date: \(group.sequenceNumber) is the newest")
                } else if copy != group, !rivals.contains(copy) {
                    rivals.append(copy)
                    warnings.append(
                        "'\(scan.path)' has another change \(copy.sequenceNumber) of the metadata of volume group "
                            + "'\(group.name)' than other disks")
                }
            }
            for other in scan.copies.map({ $0.group }) where other.name == group.name && other.id != group.id
            {
                guard let owner = other.systemID else { continue }
                warnings.append(
                    "'\(scan.path)' has another volume group '\(group.name)', of the host with system id '\(owner)'"
                )
            }
            if !copies.isEmpty, devices[scan.id] == nil {
                warnings.append("'\(scan.path)' is no longer part of volume group '\(group.name)'")
            }
            if !copies.isEmpty || devices[scan.id] != nil { warnings += scan.damages }
        }
        self.group = group
        self.devices = devices
        self.rivals = rivals
        self.scans = parts
        missing = group.physicalVolumes.map { $0.id }.filter { devices[$0] == nil }
        warningsOfDisks = warnings
    }

    /// The plan for the volume `name`, if all newest copies of the metadata agree on it.
    ///
    /// - Throws: why only lvm2 may be able to activate it.
    public func plan(for name: String) throws(Refusal) -> ActivationPlan {
        let plan = try ActivationPlan(name, in: group)
        for rival in rivals {
            let other = try? ActivationPlan(name, in: rival)
            guard other?.devices == plan.devices else {
                throw Refusal(
                    "copies of change \(group.sequenceNumber) of the metadata of volume group '\(group.name)' differ in volume '\(name)'"
                )
            }
        }
        return plan
    }

    /// The physical volumes that `plan` needs and that are on no disk.
    public func lacking(_ plan: ActivationPlan) -> [LVMIdentifier] {
        plan.physicalVolumes.filter { devices[$0] == nil }
    }

    /// Checks that the disks that `plan` needs and that have come are those it was made for.
    ///
    /// - Throws: why only lvm2 may be able to activate it. More disks may change that: lvm2 prefers arrays
    ///   and multipath devices to their parts.
    public func check(_ plan: ActivationPlan) throws(Refusal) {
        for id in plan.physicalVolumes {
            let found = scans.filter { $0.id == id }
            guard let scan = found.first else { continue }
            if found.count > 1 {
                throw Refusal("'\(scan.path)' and '\(found[1].path)' are both physical volume \(id)")
            }
            if !scan.isTorn, let other = scan.copies.first(where: { $0.group.id != group.id }) {
                throw Refusal(
                    "'\(scan.path)' belongs to volume group '\(other.group.name)', and '\(group.name)' claims it too"
                )
            }
            if scan.isArrayMember { throw Refusal("'\(scan.path)' is a member of an md array") }
            // A disk without metadata does not show whether it was away; lvm2 then takes it (_set_pv_device).
            if scan.holdsMetadata, group.physicalVolumes.contains(where: { $0.id == id && $0.isMissing }) {
                throw Refusal(
                    "volume group '\(group.name)' was changed while physical volume \(id), "
                        + "on which volume '\(plan.volume)' lies, was missing")
            }
            guard let end = plan.end(on: id)?.bytes, end <= scan.actualSize else {
                throw Refusal("volume '\(group.name)/\(plan.volume)' goes beyond the end of '\(scan.path)'")
            }
        }
    }

    /// Warnings about the group and its disks, each one sentence; limited to the first few.
    public var warnings: [String] {
        var warnings = group.warnings
        for volume in group.physicalVolumes {
            if devices[volume.id] == nil {
                warnings.append("volume group '\(group.name)' lacks physical volume \(volume.id)")
            } else if volume.isMissing {
                warnings.append(
                    "volume group '\(group.name)' was changed while physical volume \(volume.id) was missing")
            }
            let paths = scans.filter { $0.id == volume.id }.map { "'\($0.path)'" }
            if paths.count > 1 {
                warnings.append("\(paths.joined(separator: " and ")) are all physical volume \(volume.id)")
            }
        }
        warnings += warningsOfDisks
        guard warnings.count > LocatedGroup.warningLimit else { return warnings }
        let others = warnings.count - LocatedGroup.warningLimit
        return Array(warnings.prefix(LocatedGroup.warningLimit)) + ["\(others) more warnings of that kind"]
    }

    private static let warningLimit = 12
}
