public import ImgbasedCore

/// The repair of a volume group whose newest metadata was torn by a power cut, so that lvm2 does not see it.
///
/// lvm2's own pvck(8) writes the newest whole metadata to one metadata area after the other: a power cut
/// meanwhile leaves it whole in the others.
public struct GroupRepair: Hashable, Sendable {
    /// The name of the group.
    public let group: String
    /// The sequence number of the restored metadata.
    public let sequenceNumber: UInt32
    /// The disks to write to.
    public let disks: [TornDisk]
    /// The metadata as stored on the disks.
    public let text: [UInt8]

    /// The goal for messages: `cannot …`.
    public static let goal = "repair a volume group that a power cut has torn"
    /// The file from which pvck reads the metadata.
    private static let path = "/run/imgbased/metadata"

    /// The repair of `located`; `nil` if it is not needed or not for us to decide. A missing disk may have
    /// newer, whole metadata; a group that is exported or another host's is not ours to write to.
    public init?(_ located: LocatedGroup) {
        guard !located.torn.isEmpty, located.missing.isEmpty, located.group.refusal == nil else { return nil }
        group = located.group.name
        sequenceNumber = located.group.sequenceNumber
        disks = located.torn
        text = located.text
    }

    /// The plan of the repair.
    public var plan: Plan {
        var plan = Plan(goal: GroupRepair.goal)
        plan.commit = [.repairGroup(self)]
        let message = JournalMessage(.warning, layer: nil, "\(self)")
        plan.cleanup = [.tell([message], motd: nil)]
        return plan
    }

    /// The actions of the repair.
    var actions: [Action] {
        // The terminator of the text on disk is not part of the file.
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
        // lvm2 would have activated these when the disks appeared. A volume that cannot be activated (5) does
        // not fail the repair.
        actions.append(.run(Command(.vgchange, ["--activate", "ay", group], successes: [0, 5])))
        return actions
    }
}

extension GroupRepair: CustomStringConvertible {
    /// One line for the administrator.
    public var description: String {
        "a power cut has torn the newest metadata of volume group '\(group)'; change \(sequenceNumber), the newest whole one, is "
            + "brought back"
    }
}
