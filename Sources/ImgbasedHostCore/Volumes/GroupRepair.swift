public import ImgbasedCore

/// What brings back a volume group that lvm2 does not see since a power cut has torn its newest metadata: lvm2's own pvck(8) writes the
/// newest that is whole to each metadata area, one after the other, so that a power cut meanwhile leaves it in the others.
public struct GroupRepair: Hashable, Sendable {
    /// The group.
    public let group: String
    /// The change that is brought back.
    public let sequenceNumber: UInt32
    /// Where it is written.
    public let disks: [TornDisk]
    /// It, as it is on the disks.
    public let text: [UInt8]

    /// What is being done, as in `cannot …`.
    public static let goal = "repair a volume group that a power cut has torn"
    /// For pvck, which takes it from a file.
    private static let path = "/run/imgbased/metadata"

    /// The repair of `located`; `nil` if it needs none, or if it is not for us to decide: a disk that is missing may have metadata that
    /// is newer and whole, and a group that is exported or another host's is not ours to write to.
    public init?(_ located: LocatedGroup) {
        guard !located.torn.isEmpty, located.missing.isEmpty, located.group.refusal == nil else { return nil }
        group = located.group.name
        sequenceNumber = located.group.sequenceNumber
        disks = located.torn
        text = located.text
    }

    /// The plan.
    public var plan: Plan {
        var plan = Plan(goal: GroupRepair.goal)
        plan.commit = [.repairGroup(self)]
        let message = JournalMessage(.warning, layer: nil, "\(self)")
        plan.cleanup = [.tell([message], motd: nil)]
        return plan
    }

    /// What pvck is told.
    var actions: [Action] {
        // What ends the text on the disk is not part of the file.
        var actions = [Action.replaceFile(path: GroupRepair.path, contents: text.filter { $0 != 0 })]
        for disk in disks {
            for area in 1...max(1, disk.areas) {
                let arguments = [
                    "--yes", "--repairtype", "metadata", "--settings", "mda_num=\(area)", "--file",
                    GroupRepair.path, disk.path,
                ]
                actions += [.run(Command(.pvck, arguments)), .flushDevice(disk.path)]
            }
        }
        actions.append(.removeFile(GroupRepair.path))
        // What lvm2 would have activated when the disks came. A volume that it cannot activate (5) is no failure of the repair.
        actions.append(.run(Command(.vgchange, ["--activate", "ay", group], successes: [0, 5])))
        return actions
    }
}

extension GroupRepair: CustomStringConvertible {
    /// One line, for those who have to know.
    public var description: String {
        "a power cut has torn the newest metadata of volume group '\(group)'; change \(sequenceNumber), the newest that is whole, is "
            + "brought back"
    }
}
