import ImgbasedCore

/// A rename of the volume group, as by vgrename(8). The tag still identifies the group, but entries and
/// file-system tables name devices that no longer exist.
public struct GroupRename: Hashable, Sendable {
    /// The previous name of the group.
    public var old: String
    /// The current name of the group.
    public var new: String
    /// The updated entries, in the order of their layers.
    private var entries: [BootEntry]
    /// The names of the existing volumes in the group.
    private var names: Set<String>

    /// The file-system table of a layer that is not booted.
    public struct Table: Hashable, Sendable {
        /// The volume of the layer.
        public var layer: VolumePath
        /// The type of the layer's file system.
        public var type: FileSystemType
        /// The contents of its `/etc/fstab`.
        public var contents: [UInt8]

        /// The table of `layer`.
        public init(layer: VolumePath, type: FileSystemType, contents: [UInt8]) {
            (self.layer, self.type, self.contents) = (layer, type, contents)
        }
    }

    /// The goal for messages: `cannot …`.
    public static let goal = "follow the new name of the volume group"

    /// The rename on the host in `state`; `nil` if every entry of a layer names an existing group.
    public init?(_ state: HostState, names: HostNames) {
        let layout = Layout(state.volumes, group: names.group)
        let groups = Set(state.groups.map(\.name))
        var old: String?
        var entries: [BootEntry] = []
        for var entry in BootPlanner.entries(state.boot).sorted(by: {
            NaturalOrder.precedes($0.layer, $1.layer)
        }) {
            guard let group = entry.group, !groups.contains(group), layout[entry.layer]?.isLayer == true
            else {
                continue
            }
            entry.follow(from: group, to: names.group)
            entries.append(entry)
            old = group
        }
        guard let old else { return nil }
        (self.old, new, self.entries) = (old, names.group, entries)
        self.names = Set(state.volumes.filter { $0.path.group == names.group }.map(\.name))
    }

    /// The plan that puts the current name everywhere; `tables` are those of the readable layers. Tables are
    /// written first: a layer booted in between is found by its tag.
    public func plan(_ state: HostState, _ tables: [Table]) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: GroupRename.goal)
        do throws(HostReason) {
            try state.boot.check()
            for table in tables {
                if let contents = renamed(table.contents) {
                    plan.prepare.append(
                        .replaceLayerFile(
                            table.layer, type: table.type, path: "/etc/fstab", contents: contents))
                }
            }
            if let contents = renamed(state.config.fstab) {
                plan.prepare.append(.replaceFile(path: "/etc/fstab", contents: contents, isOnBoot: false))
            }
            plan.commit = try BootPlanner.steps(state.boot, changing: entries, state.boot.record)
            plan.checkScripts()
        } catch {
            throw HostRefusal(GroupRename.goal, error)
        }
        return plan
    }

    /// The table with the current devices; `nil` if it has them already.
    private func renamed(_ contents: [UInt8]) -> [UInt8]? {
        var table = FSTab(contents)
        table.renameSources { source in
            guard let volume = VolumeArgument(root: KernelCommandLine.Argument(name: "root", value: source)),
                volume.group == old, names.contains(volume.volume)
            else {
                return nil
            }
            return VolumePath(group: new, name: volume.volume).device
        }
        return table.contents == contents ? nil : table.contents
    }
}

extension GroupRename: CustomStringConvertible {
    /// The rename, as a sentence without a full stop.
    public var description: String {
        "volume group '\(new)' was called '\(old)', and entries still have that name"
    }
}

extension BootEntry {
    /// Replaces the group in the arguments that choose the layer.
    fileprivate mutating func follow(from old: String, to new: String) {
        let (before, after) = (VolumePath(group: old, name: layer), VolumePath(group: new, name: layer))
        let mapped = "/dev/mapper/\(DeviceMapperName(group: old, volume: layer))"
        let pairs =
            Array(zip(BootArguments.own(layer: before), BootArguments.own(layer: after))) + [
                ("root=\(mapped)", "root=\(after.device)"),
                ("rd.imgbased.vg=\(old)", "rd.imgbased.vg=\(new)"),
            ]
        options.words = options.words.map { word in pairs.first { $0.0 == word }?.1 ?? word }
    }
}
