/// The disks seen so far.
public struct Inventory: Sendable {
    /// The scans of the disks, in the order they came.
    public private(set) var scans: [PhysicalVolumeScan] = []

    /// Creates an inventory without disks.
    public init() {}

    /// Adds a disk, and replaces an earlier scan of the same path.
    public mutating func add(_ scan: PhysicalVolumeScan) {
        remove(path: scan.path)
        scans.append(scan)
    }

    /// Forgets the disk at `path`.
    public mutating func remove(path: String) {
        scans.removeAll { $0.path == path }
    }

    /// The state of the `wanted` group, judged by these disks.
    public func volumeGroup(_ wanted: GroupSelector) -> GroupState {
        // A stale copy may have another name or lack the tag: the newest copy of each group counts.
        var newest: [VolumeGroup] = []
        let whole = scans.filter { !$0.isTorn }.flatMap { $0.copies }.map { $0.group }
        let known = Set(whole.map { $0.id })
        let torn = scans.filter { $0.isTorn }.flatMap { $0.copies }.map { $0.group }
        for group in whole + torn.filter({ !known.contains($0.id) }) {
            if let index = newest.firstIndex(where: { $0.id == group.id }) {
                if group.sequenceNumber > newest[index].sequenceNumber { newest[index] = group }
            } else {
                newest.append(group)
            }
        }
        let groups = wanted.selected(from: newest)
        guard let group = groups.first else { return .absent }
        guard groups.count == 1 else {
            let refusal = Inventory.ambiguity(of: groups)
            let unowned = groups.filter { $0.systemID == nil }
            guard unowned.count < groups.count, groups.allSatisfy({ $0.name == group.name }) else {
                return .refused(refusal)
            }
            return .contested(
                group.name, unowned: unowned.count == 1 ? LocatedGroup(unowned[0], on: scans) : nil, refusal)
        }
        return .found(LocatedGroup(group, on: scans))
    }

    private static func ambiguity(of groups: [VolumeGroup]) -> Refusal {
        var names: [String] = []
        for group in groups where !names.contains(group.name) { names.append(group.name) }
        guard names.count > 1 else {
            return Refusal("there are \(groups.count) volume groups named '\(names[0])'")
        }
        let list = names.map { "'\($0)'" }.joined(separator: ", ")
        return Refusal(
            "the volume groups \(list) are all tagged '\(Tag.volumeGroup)'; name one with rd.imgbased.vg=")
    }
}
