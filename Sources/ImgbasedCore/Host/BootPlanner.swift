/// What is done to the boot menu: entries, GRUB's menu of them, the default.
public enum BootPlanner {
    /// The step that stores `files`, which are not there yet, if there is room.
    static func install(
        _ files: BootFiles, from source: BootFileSource, _ boot: BootState
    ) throws(HostReason) -> Step {
        // The entry, the menu and the directories are small; a MiB is more than they need.
        let needed = Bytes(files.size.count + (1 << 20))
        guard needed <= boot.free else { throw .bootFull(free: boot.free, needed: needed) }
        return .installBootFiles(files, from: source, directory: boot.directory + "/imgbased")
    }

    /// The step that writes an entry.
    static func write(_ entry: BootEntry, _ boot: BootState) -> Step {
        .replaceFile(
            path: "\(boot.directory)/loader/entries/\(BootEntry.fileName(for: entry.layer))",
            contents: Array(entry.text.utf8), isOnBoot: true)
    }

    /// The steps that follow from a new entry: the menu derived from all of them, and a default where none is
    /// recorded.
    static func follow(_ boot: BootState, adding entry: BootEntry) throws(HostReason) -> [Step] {
        guard let directory = boot.grubDirectory else { throw .noBootLoader }
        var record = boot.record
        if record.standard == nil { record.standard = entry.layer }
        return menu(boot, with: [entry], in: directory) + (try write(record, boot, in: directory))
    }

    /// The step that derives the menu from the entries there are and `changed` ones, unless that changes nothing.
    static func menu(_ boot: BootState, with changed: [BootEntry], in directory: String) -> [Step] {
        var texts = boot.entries
        for entry in changed { texts[entry.layer] = entry.text }
        // An entry that somebody damaged is left out of the menu, not in the way of the others.
        let entries = texts.compactMap { BootEntry(layer: $0.key, text: $0.value) }
        let menu = GRUBMenu.text(entries, prefix: boot.prefix)
        if menu == boot.menu { return [] }
        return [.replaceFile(path: directory + "/imgbased.cfg", contents: Array(menu.utf8), isOnBoot: true)]
    }

    /// The step that writes the record, unless that changes nothing.
    static func write(
        _ record: BootRecord, _ boot: BootState, in directory: String
    ) throws(HostReason) -> [Step] {
        let block = try block(record, boot)
        if block == boot.environment { return [] }
        return [.recordBoot(record, path: directory + "/imgbased.env", environment: block)]
    }

    /// The environment block that has the record, and what else there is in it.
    static func block(_ record: BootRecord, _ boot: BootState) throws(HostReason) -> [UInt8] {
        var environment = GRUBEnvironment(boot.environment ?? [])
        record.write(to: &environment)
        guard let block = environment.block else { throw .environmentFull }
        return block
    }

    /// The entries as the menu shows them, newest first.
    public static func entries(_ boot: BootState) -> [BootEntry] {
        boot.entries.compactMap { BootEntry(layer: $0.key, text: $0.value) }
            .sorted(by: BootEntry.isNewer(_:than:))
    }
}
