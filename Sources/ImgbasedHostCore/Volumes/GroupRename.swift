import ImgbasedCore

/// The volume group was given another name, as vgrename(8) does: its tag still says that it is ours, but entries and tables of
/// file systems name devices that are no more.
public struct GroupRename: Hashable, Sendable {
    /// What it was called.
    public var old: String
    /// What it is called now.
    public var new: String
    /// The entries as they are to be, in the order of their layers.
    private var entries: [BootEntry]
    /// The volumes there are.
    private var names: Set<String>

    /// The table of file systems of a layer that is not booted.
    public struct Table: Hashable, Sendable {
        /// The layer.
        public var layer: VolumePath
        /// The type of its file system.
        public var type: FileSystemType
        /// What is in its `/etc/fstab`.
        public var contents: [UInt8]

        /// The table of `layer`.
        public init(layer: VolumePath, type: FileSystemType, contents: [UInt8]) {
            (self.layer, self.type, self.contents) = (layer, type, contents)
        }
    }

    /// What is being done, as in `cannot …`.
    public static let goal = "follow the new name of the volume group"

    /// The change of name on the host in `state`; `nil` where every entry of a layer names the group it is in, or one that is
    /// there.
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

    /// The plan that has everything name the group as it is called now; `tables` are those of the layers that can be looked
    /// into. The tables come first: a layer that is booted meanwhile is found by its tag.
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

    /// A table that names the volumes by where they are now; `nil` where it does already.
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
    /// As a sentence without a full stop.
    public var description: String {
        "volume group '\(new)' was called '\(old)', and entries still have that name"
    }
}

extension BootEntry {
    /// The volume group that the entry names, where it says that it is of this layer.
    var group: String? {
        let line = KernelCommandLine(options.words.joined(separator: " "))
        guard let volume = line.last("root").flatMap({ VolumeArgument(root: $0) }), volume.volume == layer
        else {
            return nil
        }
        return volume.group
    }

    /// Has the words that say which layer it is name another group.
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
