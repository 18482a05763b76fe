import ImgbasedCore

/// The problems that `imgbase boot --verify` finds: entries in the boot menu that cannot boot.
public struct BootAudit: Hashable, Sendable {
    /// The examined contents of the layers and of `/boot`.
    public struct Findings: Hashable, Sendable {
        /// The digests whose stored kernel and initramfs are whole and match the digest.
        public var intact: Set<String> = []
        /// The existing files that entries name outside our store.
        public var files: Set<String> = []
        /// The kernel versions with modules in each layer; without layers that were not read.
        public var modules: [String: Set<String>] = [:]
        /// The contents of `/etc/fstab` of those layers, if present.
        public var tables: [String: [UInt8]] = [:]
        /// The reason why a layer could not be read, by layer.
        public var unread: [String: String] = [:]
        /// Whether each initramfs that entries name has our helper, by path.
        public var helpers: [String: HelperPresence] = [:]

        /// Empty findings.
        public init() {}
    }

    /// The problems, each one sentence without a full stop.
    public private(set) var problems: [String] = []

    /// Checks the host in `state` against `findings`.
    public init(_ state: HostState, names: HostNames, _ findings: Findings) {
        let boot = state.boot
        let layout = Layout(state.volumes, group: names.group)
        let rename = GroupRename(state, names: names)
        for (layer, text) in boot.entries.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }) {
            guard let entry = BootEntry(layer: layer, text: text) else {
                problems.append("the entry of '\(layer)' names no kernel or no initramfs")
                continue
            }
            if let group = entry.group, rename?.old == group {
                problems.append(
                    "the entry of '\(layer)' names volume group '\(group)', which is now called '\(names.group)'; fix it with "
                        + "'imgbase boot --refresh' or 'imgbase recover'")
            }
            guard layout[layer]?.isLayer == true else {
                problems.append("there is an entry of '\(layer)', but no such layer")
                continue
            }
            if let path = entry.strangePath {
                problems.append("\(HostReason.strangePath(path, of: layer))")
            }
            for path in [entry.linux, entry.initrd]
            where !BootEntry.isStrange(path) && !Self.isThere(path, boot, findings) {
                problems.append("'\(path)' of layer '\(layer)' is missing or damaged")
            }
            switch findings.helpers[entry.initrd] {
            case .absent?: problems.append("\(HostReason.noHelper(layer: layer, initrd: entry.initrd))")
            case .unknown(let reason)?:
                problems.append(
                    "initramfs '\(entry.initrd)' of layer '\(layer)' cannot be inspected: \(reason)")
            case .present?, nil: break
            }
            do throws(HostReason) { try entry.checkLength() } catch { problems.append("\(error)") }
            if let modules = findings.modules[layer], !modules.contains(entry.version) {
                problems.append("layer '\(layer)' has no modules of its kernel \(entry.version)")
            }
            if let reason = findings.unread[layer] {
                problems.append("layer '\(layer)' cannot be inspected: \(reason)")
            }
            if let group = Self.lostGroup(in: findings.tables[layer] ?? [], state, names),
                group != rename?.old
            {
                problems.append(
                    "'/etc/fstab' of layer '\(layer)' names volume group '\(group)', which is not there; change it to "
                        + "'\(names.group)'")
            }
        }
        for layer in layout.layers where boot.entries[layer.name] == nil {
            problems.append("layer '\(layer.name)' has no entry")
        }
        if let defaultLayer = boot.record.defaultLayer, boot.entries[defaultLayer] == nil {
            problems.append("the default is '\(defaultLayer)', which has no entry")
        }
        switch boot.loader {
        case nil: problems.append("no known boot loader is installed")
        case .grub, .systemdBoot: if let problem = boot.recordProblem { problems.append("\(problem)") }
        }
        if let path = boot.recordLink { problems.append("\(HostReason.recordIsLink(path))") }
        switch boot.loader {
        case nil: break
        case .grub: auditGRUB(boot)
        case .systemdBoot: auditSystemdBoot(boot)
        }
    }

    /// A volume group that `table` names for one of our volumes and that does not exist; `nil` if none.
    private static func lostGroup(
        in table: [UInt8], _ state: HostState, _ names: HostNames
    ) -> String? {
        let volumes = FSTab(table).entries.compactMap {
            VolumeArgument(root: KernelCommandLine.Argument(name: "root", value: $0.source))
        }
        return volumes.first { argument in
            guard let group = argument.group, !state.groups.contains(where: { $0.name == group }) else {
                return false
            }
            return state.volumes.contains { $0.path == VolumePath(group: names.group, name: argument.volume) }
        }?.group
    }

    private static func isThere(_ path: String, _ boot: BootState, _ findings: Findings) -> Bool {
        let store = boot.prefix + "/imgbased/"
        guard path.hasPrefix(store) else { return findings.files.contains(path) }
        let parts = path.dropFirst(store.count).split(separator: "/").map(String.init)
        return parts.count == 2 && findings.intact.contains(parts[0])
            && ["linux", "initrd"].contains(parts[1])
    }

    private mutating func auditSystemdBoot(_ boot: BootState) {
        if let problem = boot.problem { problems.append("\(problem)") }
        if !SystemdBoot.isRecorded(boot) {
            problems.append(
                "the files of the entries differ from the record; renew them with 'imgbase boot --install'")
        }
        if boot.fileSystem != "vfat" {
            problems.append(
                "'/boot' is \(boot.fileSystem), which systemd-boot cannot read; use the ESP or an XBOOTLDR partition"
            )
        }
    }

    private mutating func auditGRUB(_ boot: BootState) {
        if !boot.isInGRUBMenu { problems.append("\(HostReason.layersNotInMenu)") }
        let entries = BootPlanner.entries(boot)
        if !BootPlanner.menu(entries, boot.record, boot, in: "").isEmpty {
            problems.append("GRUB's menu differs from the entries; renew it with 'imgbase boot --install'")
        }
        if boot.recordLink == nil, !GRUBEnvironment.isBlock(boot.environment ?? []) {
            problems.append(
                "GRUB's environment block is missing or damaged; renew it with 'imgbase boot --set-default'")
        }
        if !boot.isWritableByGRUB {
            problems.append("\(HostReason.triesNotCounted(fileSystem: boot.fileSystem))")
        }
    }
}

extension BootState {
    /// The reason why a write to `/boot` may be lost in a power failure; `nil` if none.
    ///
    /// No boot loader replays a journal, so the journal must be empty (`HostFlush`) or absent. A journal that
    /// holds data undoes GRUB's writes.
    var recordProblem: HostReason? {
        switch fileSystem {
        // btrfs writes beside the old data until one block switches to the new.
        case "ext2", "vfat", "btrfs": nil
        case "ext3", "ext4": isDataJournaled ? .bootJournalsData : nil
        case "xfs": prefix.isEmpty ? nil : .bootNotFlushed(fileSystem: fileSystem, isRoot: true)
        default: .bootNotFlushed(fileSystem: fileSystem, isRoot: false)
        }
    }

    /// The reason why the boot loader would not try a layer as recorded; `nil` if it would.
    var problem: HostReason? {
        switch loader {
        case nil: .noBootLoader
        case .grub where !isInGRUBMenu: .layersNotInMenu
        case .grub: isWritableByGRUB ? nil : .triesNotCounted(fileSystem: fileSystem)
        case .systemdBoot: SystemdBoot.problem(self)
        }
    }

    /// Whether the boot loader boots what the record says.
    var offersLayers: Bool {
        switch loader {
        case nil: false
        case .grub: isInGRUBMenu
        case .systemdBoot: problem == nil
        }
    }

    /// Whether GRUB's menu has the layers.
    fileprivate var isInGRUBMenu: Bool { GRUBConfig(grubConfig ?? "").hasSection }

    /// Whether GRUB can replace blocks of a file in `/boot`. It can if the file's blocks are those of a disk
    /// (grub-core/commands/loadenv.c, `check_blocklists`); of a multipath disk, the firmware shows one path.
    fileprivate var isWritableByGRUB: Bool {
        let types = ["ext2", "ext3", "ext4", "xfs", "vfat"]
        let isOfDisks =
            mapping.map { mapping in
                let kind = mapping.hasPrefix("part") ? mapping.drop { $0 != "-" }.dropFirst() : mapping[...]
                return kind.hasPrefix("mpath-") || kind.hasPrefix("DMRAID-")
            } ?? true
        return types.contains(fileSystem) && isOfDisks && !(device ?? "").hasPrefix("/dev/md")
    }
}
