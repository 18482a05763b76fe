import ImgbasedCore

/// The problems that `imgbase boot verify` finds: entries in the boot menu that cannot boot.
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

    /// The problems, in the order in which they are found.
    public private(set) var findings: [Finding] = []

    /// The problems, each one sentence without a full stop.
    public var problems: [String] { findings.map(\.problem) }

    /// The layers that the next boots depend on.
    private var vital: Set<String> = []

    private static let recoverRemedy = "treat it with 'imgbase recover'"
    private static let kernelRemedy =
        "if it is the booted layer, renew it with 'imgbase boot refresh', otherwise remove the layer"

    /// Checks the host in `state` against `findings`.
    public init(_ state: HostState, names: HostNames, _ findings: Findings) {
        let boot = state.boot
        let layout = Layout(state.volumes, group: names.group)
        let entries = BootPlanner.entries(boot)
        let rename = GroupRename(state, names: names)
        let next = BootChoice.order(boot.record, entries).first?.layer
        vital = Set([next, boot.record.defaultLayer].compactMap { $0 })
        for (layer, text) in boot.entries.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }) {
            guard let entry = BootEntry(layer: layer, text: text) else {
                add(
                    .entries, of: layer, "the entry of '\(layer)' names no kernel or no initramfs",
                    "remove the layer, or restore the entry's file in /boot/loader/entries")
                continue
            }
            if let group = entry.group, rename?.old == group {
                add(
                    .entries, of: layer,
                    "the entry of '\(layer)' names volume group '\(group)', which is now called '\(names.group)'; fix it with "
                        + "'imgbase boot refresh' or 'imgbase recover'")
            }
            guard layout[layer]?.isLayer == true else {
                add(
                    .entries, of: layer, "there is an entry of '\(layer)', but no such layer",
                    Self.recoverRemedy)
                continue
            }
            audit(entry, boot, findings)
            if let modules = findings.modules[layer], !modules.contains(entry.version) {
                add(
                    .kernels, of: layer, "layer '\(layer)' has no modules of its kernel \(entry.version)",
                    Self.kernelRemedy)
            }
            if let reason = findings.unread[layer] {
                add(
                    .entries, of: layer, "layer '\(layer)' cannot be inspected: \(reason)",
                    "boot another layer, and check this one with fsck(8)")
            }
            if let group = Self.lostGroup(in: findings.tables[layer] ?? [], state, names),
                group != rename?.old
            {
                add(
                    .mounts, of: layer,
                    "'/etc/fstab' of layer '\(layer)' names volume group '\(group)', which is not there; change it to "
                        + "'\(names.group)'")
            }
        }
        for layer in layout.layers where boot.entries[layer.name] == nil && !layer.isForeignLayer {
            add(.entries, .warning, "layer '\(layer.name)' has no entry", Self.recoverRemedy)
        }
        if let defaultLayer = boot.record.defaultLayer, boot.entries[defaultLayer] == nil {
            add(
                .record, .critical, "the default is '\(defaultLayer)', which has no entry",
                "set another with 'imgbase boot set-default'")
        }
        switch boot.loader {
        case nil: add(.menu, .critical, "no known boot loader is installed", "install GRUB or systemd-boot")
        case .grub, .systemdBoot:
            if let problem = boot.recordProblem { add(.record, .critical, "\(problem)") }
        }
        if let path = boot.recordLink { add(.record, .critical, "\(HostReason.recordIsLink(path))") }
        switch boot.loader {
        case nil: break
        case .grub: auditGRUB(boot)
        case .systemdBoot: auditSystemdBoot(boot)
        }
    }

    private mutating func add(
        _ area: Finding.Area, _ weight: Finding.Weight, _ problem: String, _ remedy: String? = nil
    ) {
        findings.append(Finding(area, weight, problem, remedy: remedy))
    }

    /// Adds a problem of `layer`, which is critical if the next boots depend on that layer.
    private mutating func add(
        _ area: Finding.Area, of layer: String, _ problem: String, _ remedy: String? = nil
    ) {
        add(area, vital.contains(layer) ? .critical : .warning, problem, remedy)
    }

    /// Checks the files and arguments of an entry whose layer exists.
    private mutating func audit(_ entry: BootEntry, _ boot: BootState, _ findings: Findings) {
        let layer = entry.layer
        if let path = entry.strangePath {
            add(.entries, of: layer, "\(HostReason.strangePath(path, of: layer))")
        }
        for path in [entry.linux, entry.initrd]
        where !BootEntry.isStrange(path) && !Self.isThere(path, boot, findings) {
            add(
                .kernels, of: layer, "'\(path)' of layer '\(layer)' is missing or damaged",
                Self.kernelRemedy)
        }
        switch findings.helpers[entry.initrd] {
        case .absent?:
            add(.helper, of: layer, "\(HostReason.noHelper(layer: layer, initrd: entry.initrd))")
        case .unknown(let reason)?:
            add(
                .helper, .warning,
                "initramfs '\(entry.initrd)' of layer '\(layer)' cannot be inspected: \(reason)",
                "install the tool that decompresses it")
        case .present?, nil: break
        }
        do throws(HostReason) { try entry.checkLength() } catch { add(.entries, of: layer, "\(error)") }
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
        if let problem = boot.problem { add(.menu, .critical, "\(problem)") }
        if !SystemdBoot.isRecorded(boot) {
            add(
                .record, .warning,
                "the files of the entries differ from the record; renew them with 'imgbase boot install'")
        }
        if boot.fileSystem != "vfat" {
            add(
                .menu, .critical,
                "'/boot' is \(boot.fileSystem), which systemd-boot cannot read; use the ESP or an XBOOTLDR partition"
            )
        }
    }

    private mutating func auditGRUB(_ boot: BootState) {
        if !boot.isInGRUBMenu { add(.menu, .critical, "\(HostReason.layersNotInMenu)") }
        let entries = BootPlanner.entries(boot)
        if !BootPlanner.menu(entries, boot.record, boot, in: "").isEmpty {
            add(
                .menu, .warning,
                "GRUB's menu differs from the entries; renew it with 'imgbase boot install'"
            )
        }
        if boot.recordLink == nil, !GRUBEnvironment.isBlock(boot.environment ?? []) {
            add(
                .record, .critical,
                "GRUB's environment block is missing or damaged; renew it with 'imgbase boot set-default'")
        }
        if !boot.isWritableByGRUB {
            add(.record, .warning, "\(HostReason.triesNotCounted(fileSystem: boot.fileSystem))")
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

    /// Whether the boot loader follows the record.
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
    var isWritableByGRUB: Bool {
        let types = ["ext2", "ext3", "ext4", "xfs", "vfat"]
        let isOfDisks =
            mapping.map { mapping in
                let kind = mapping.hasPrefix("part") ? mapping.drop { $0 != "-" }.dropFirst() : mapping[...]
                return kind.hasPrefix("mpath-") || kind.hasPrefix("DMRAID-")
            } ?? true
        return types.contains(fileSystem) && isOfDisks && !(device ?? "").hasPrefix("/dev/md")
    }
}
