/// Which volume group is wanted.
public enum GroupSelector: Hashable, Sendable, CustomStringConvertible {
    /// The one of that name.
    case named(String)
    /// The one tagged as ours or, where none is, the one of the usual name.
    case standard

    /// What it asks for, as the object of a sentence.
    public var description: String {
        switch self {
        case .named(let name): "volume group '\(name)'"
        case .standard: "a volume group tagged '\(Tag.volumeGroup)' or named '\(VolumeName.defaultGroup)'"
        }
    }

    /// Those of `groups` that are meant.
    func selected(from groups: [VolumeGroup]) -> [VolumeGroup] {
        switch self {
        case .named(let name):
            return groups.filter { $0.name == name }
        case .standard:
            let tagged = groups.filter { $0.tags.contains(Tag.volumeGroup) }
            return tagged.isEmpty ? groups.filter { $0.name == VolumeName.defaultGroup } : tagged
        }
    }
}

/// What the disks seen so far make of a volume group.
public enum GroupState: Hashable, Sendable {
    /// No disk has it.
    case absent
    /// Some of its physical volumes have not come yet.
    case incomplete(VolumeGroup, missing: [LVMIdentifier])
    /// Everything is there: on which device each physical volume is.
    case complete(VolumeGroup, devices: [LVMIdentifier: String])
    /// It should be left alone; more disks would not change that. The newest metadata of it, where the disks agree on
    /// which group is meant.
    case refused(Refusal, VolumeGroup?)
}

/// The disks seen so far.
public struct Inventory: Sendable {
    /// What they gave, in the order they came.
    public private(set) var scans: [PhysicalVolumeScan] = []

    /// No disks.
    public init() {}

    /// Takes note of a disk; instead of what was known of its path, if anything was.
    public mutating func add(_ scan: PhysicalVolumeScan) {
        remove(path: scan.path)
        scans.append(scan)
    }

    /// Forgets the disk at `path`.
    public mutating func remove(path: String) {
        scans.removeAll { $0.path == path }
    }

    /// What the disks make of the group that is `wanted`.
    public func volumeGroup(_ wanted: GroupSelector) -> GroupState {
        var newest: VolumeGroup?
        do throws(Refusal) {
            let copies = try copies(of: wanted)
            newest = copies.compactMap { $0.volumeGroup }.max { $0.sequenceNumber < $1.sequenceNumber }
            guard let group = newest else { return .absent }
            try checkAgreement(of: copies)
            if let refusal = group.refusal { throw refusal }
            return try locate(group)
        } catch {
            return .refused(error, newest)
        }
    }

    /// The disks that hold metadata of the one group that is `wanted`.
    private func copies(of wanted: GroupSelector) throws(Refusal) -> [PhysicalVolumeScan] {
        var ids: [LVMIdentifier] = []
        var names: [String] = []
        for group in wanted.selected(from: scans.compactMap { $0.volumeGroup }) where !ids.contains(group.id)
        {
            ids.append(group.id)
            if !names.contains(group.name) { names.append(group.name) }
        }
        guard let id = ids.first else { return [] }
        if ids.count > 1 {
            guard names.count > 1 else {
                throw Refusal("there are \(ids.count) volume groups named '\(names[0])'")
            }
            let list = names.map { "'\($0)'" }.joined(separator: ", ")
            throw Refusal(
                "the volume groups \(list) all are tagged '\(Tag.volumeGroup)'; name one with rd.imgbased.vg="
            )
        }
        // By identifier: one stale copy may know the group by another name or without the tag.
        return scans.filter { $0.volumeGroup?.id == id }
    }

    private func checkAgreement(of copies: [PhysicalVolumeScan]) throws(Refusal) {
        guard let first = copies.first else { return }
        for copy in copies.dropFirst() where copy.text != first.text {
            guard let group = first.volumeGroup, let other = copy.volumeGroup else { continue }
            throw Refusal(
                "'\(first.path)' and '\(copy.path)' disagree on volume group '\(group.name)': one has change "
                    + "\(group.sequenceNumber) of its metadata, the other \(other.sequenceNumber)")
        }
    }

    /// On which device each physical volume of `group` is.
    private func locate(_ group: VolumeGroup) throws(Refusal) -> GroupState {
        var devices: [LVMIdentifier: String] = [:]
        var missing: [LVMIdentifier] = []
        for volume in group.physicalVolumes {
            let found = scans.filter { $0.id == volume.id }
            guard let scan = found.first else {
                missing.append(volume.id)
                continue
            }
            if found.count > 1 {
                throw Refusal("'\(scan.path)' and '\(found[1].path)' are both physical volume \(volume.id)")
            }
            if let other = scan.volumeGroup, other.id != group.id {
                throw Refusal(
                    "'\(scan.path)' belongs to volume group '\(other.name)', and '\(group.name)' claims it too"
                )
            }
            if let flaw = scan.flaws.first { throw Refusal(flaw) }
            if let needed = volume.deviceSize {
                guard let needed = needed.bytes, scan.actualSize >= needed else {
                    throw Refusal("'\(scan.path)' is smaller than physical volume \(volume.id) was")
                }
            }
            devices[volume.id] = scan.path
        }
        for scan in scans where scan.volumeGroup?.id == group.id && devices[scan.id] == nil {
            throw Refusal(
                "'\(scan.path)' holds metadata of volume group '\(group.name)' and is no part of it")
        }
        if !missing.isEmpty { return .incomplete(group, missing: missing) }
        return .complete(group, devices: devices)
    }
}
