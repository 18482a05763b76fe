import ImgbasedCore

/// Changes of the boot menu: entries, GRUB's menu of them, the default.
public enum BootPlanner {
    /// The step that stores `files`, which must not be stored yet; throws if `/boot` lacks room.
    static func install(
        _ files: BootFiles, from source: BootFileSource, _ boot: BootState
    ) throws(HostReason) -> Step {
        // One MiB is more than the entry, the menu and the directories need.
        let needed = Bytes(files.size.count + (1 << 20))
        guard needed <= boot.free else { throw .bootFull(free: boot.free, needed: needed) }
        return .installBootFiles(files, from: source, directory: boot.directory + "/imgbased")
    }

    /// The steps that make the boot loader offer `entry` and follow `record`: entries first, so that the
    /// record only names entries that exist.
    static func steps(
        _ boot: BootState, changing entry: BootEntry? = nil, _ record: BootRecord
    ) throws(HostReason) -> [Step] {
        try steps(boot, changing: entry.map { [$0] } ?? [], record)
    }

    /// The same for several entries.
    static func steps(
        _ boot: BootState, changing changed: [BootEntry], _ record: BootRecord
    ) throws(HostReason) -> [Step] {
        let layers = Set(changed.map(\.layer))
        // A damaged entry is left out of the menu, so that it does not block the others.
        let entries = entries(boot).filter { !layers.contains($0.layer) } + changed
        switch boot.loader {
        case nil: throw .noBootLoader
        case .grub(let directory):
            return changed.flatMap { write($0, boot) } + menu(entries, record, boot, in: directory)
                + (try write(record, boot, to: directory + "/imgbased.env"))
        case .systemdBoot:
            return try SystemdBoot.steps(entries, record, boot)
                + write(record, boot, to: SystemdBoot.recordPath(boot))
        }
    }

    /// The step that writes an entry; none if nothing changes.
    private static func write(_ entry: BootEntry, _ boot: BootState) -> [Step] {
        guard boot.entries[entry.layer] != entry.text else { return [] }
        let path = "\(boot.directory)/loader/entries/\(BootEntry.fileName(for: entry.layer))"
        return [.replaceFile(path: path, contents: Array(entry.text.utf8), isOnBoot: true)]
    }

    /// The steps that derive GRUB's menus from `entries`; none if nothing changes. The file that GRUB would
    /// read is written last: an interruption before it has no effect.
    static func menu(
        _ entries: [BootEntry], _ record: BootRecord, _ boot: BootState, in directory: String
    ) -> [Step] {
        func write(_ text: String, over old: String?, to path: String) -> [Step] {
            text == old ? [] : [.replaceFile(path: path, contents: Array(text.utf8), isOnBoot: true)]
        }
        let store = boot.directory + "/imgbased/"
        let menu = write(
            GRUBMenu.text(entries, record, prefix: boot.prefix), over: boot.menu,
            to: directory + "/imgbased.cfg")
        let others =
            write(
                GRUBMenu.loader(entries, prefix: boot.prefix), over: boot.loaderScript,
                to: store + GRUBMenu.loaderName)
            + write(
                GRUBMenu.full(entries, prefix: boot.prefix), over: boot.fullMenu,
                to: store + GRUBMenu.fullName)
        return GRUBFile.isWhole(boot.menu) ? others + menu : menu + others
    }

    /// The step that writes the record; none if nothing changes.
    static func write(
        _ record: BootRecord, _ boot: BootState, to path: String
    ) throws(HostReason) -> [Step] {
        let block = try block(record, boot)
        if block == boot.environment { return [] }
        return [.recordBoot(record, path: path, environment: block)]
    }

    /// The environment block with the record and its other variables.
    static func block(_ record: BootRecord, _ boot: BootState) throws(HostReason) -> [UInt8] {
        var environment = GRUBEnvironment(boot.environment ?? [])
        record.write(to: &environment)
        guard let block = environment.block else {
            throw .environmentFull(environment.sizes.map { "\($0.name) (\($0.size))" })
        }
        return block
    }

    /// The entry of `layer`; `nil` if missing or unreadable.
    static func entry(of layer: String, _ boot: BootState) -> BootEntry? {
        boot.entries[layer].flatMap { BootEntry(layer: layer, text: $0) }
    }

    /// The readable entries in menu order, newest first.
    public static func entries(_ boot: BootState) -> [BootEntry] {
        boot.entries.compactMap { BootEntry(layer: $0.key, text: $0.value) }
            .sorted(by: BootEntry.isNewer(_:than:))
    }
}

extension BootPlanner {
    /// The steps that remove `layers` from the boot menu and the record, in the reverse order of an addition:
    /// first the record, so that it only names existing layers; then the menu, then the entries.
    static func steps(_ boot: BootState, removing layers: Set<String>) throws(HostReason) -> [Step] {
        let rest = entries(boot).filter { !layers.contains($0.layer) }
        let record = boot.record.without(layers, rest)
        let removals = layers.sorted(by: NaturalOrder.precedes).flatMap { layer in
            (boot.entryFiles[layer] ?? []).map {
                Step.removeEntry(path: "\(boot.directory)/loader/entries/\($0)")
            }
        }
        switch boot.loader {
        case nil: return removals
        case .grub(let directory):
            return try write(record, boot, to: directory + "/imgbased.env")
                + menu(rest, record, boot, in: directory)
                + removals
        case .systemdBoot:
            return try SystemdBoot.steps(rest, record, boot)
                + write(record, boot, to: SystemdBoot.recordPath(boot)) + removals
        }
    }

    /// The digests of stored kernels and initramfs that no entry names, ours or foreign; empty if an entry
    /// cannot be read.
    static func unreferenced(_ boot: BootState) -> [String] {
        let entries = BootPlanner.entries(boot)
        guard entries.count == boot.entries.count else { return [] }
        let paths = entries.flatMap { [$0.linux, $0.initrd] }
        let used = Set(paths.flatMap { (path: String) in path.split(separator: "/").map(String.init) })
        return boot.digests.subtracting(used).subtracting(boot.foreignDigests).sorted()
    }

    /// The step that removes kernels and initramfs that no entry names; none if all are in use.
    static func removalOfUnreferenced(_ boot: BootState) -> [Step] {
        let rest = unreferenced(boot)
        return rest.isEmpty ? [] : [.removeBootFiles(rest, directory: boot.directory + "/imgbased")]
    }
}

extension BootState {
    /// Throws if the boot loader would not find files written to `/boot`.
    func check() throws(HostReason) {
        if isMissing { throw .bootNotMounted }
        if let recordLink { throw .recordIsLink(recordLink) }
    }
}
