import ImgbasedCore

/// Entries as systemd-boot reads them: it counts tries in the names of their files, and boots unattended what is first
/// by sort key, entries without tries left being last (Boot Loader Specification; systemd: src/boot/efi/boot.c).
///
/// So both are derived from the record: the trial comes first while it has tries left, then the default, then the others.
///
/// Where the record leaves the default to what there is besides layers, no line in `loader.conf` can name ours: it would name them
/// without tries as well, since newer versions do not see these in a pattern (systemd pull request 38897, in 257.13). The trial
/// then comes before every entry there is by its `sort-key`, and all others of ours have no tries: what has none is behind whatever
/// else there is, in all versions.
enum SystemdBoot {
    /// The name of an entry's file, and what it says of tries.
    struct FileName: Hashable {
        var layer: String
        var triesLeft: Int?
        var triesDone: Int?

        private static let prefix = "imgbased-"
        private static let suffix = ".conf"
        /// Stands behind the name of a layer that ends like a count of tries: no name of a volume has it.
        private static let guardian = "~"

        init(layer: String, triesLeft: Int? = nil, triesDone: Int? = nil) {
            self.layer = layer
            self.triesLeft = triesLeft
            self.triesDone = triesDone
        }

        /// Reads the name of a file; `nil` where it is not one of ours.
        init?(_ name: String) {
            guard name.hasPrefix(FileName.prefix), name.hasSuffix(FileName.suffix) else { return nil }
            let stem = String(name.dropFirst(FileName.prefix.count).dropLast(FileName.suffix.count))
            var (layer, left, done) = FileName.counted(stem) ?? (stem, nil, nil)
            if layer.hasSuffix(FileName.guardian) { layer.removeLast() }
            guard (try? VolumeName.check(layer)) != nil else { return nil }
            (self.layer, triesLeft, triesDone) = (layer, left, done)
        }

        /// `NAME+LEFT` or `NAME+LEFT-DONE`, in its parts.
        private static func counted(_ stem: String) -> (String, Int?, Int?)? {
            guard let plus = stem.lastIndex(of: "+") else { return nil }
            let numbers = stem[stem.index(after: plus)...].split(
                separator: "-", omittingEmptySubsequences: false)
            let counts = numbers.compactMap { text in
                text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil
            }
            guard counts.count == numbers.count, (1...2).contains(counts.count) else { return nil }
            return (String(stem[..<plus]), counts[0], counts.count > 1 ? counts[1] : nil)
        }

        var text: String {
            var stem = layer
            if FileName.counted(layer) != nil { stem += FileName.guardian }
            if let triesLeft {
                stem += "+\(triesLeft)"
                if let triesDone, triesDone > 0 { stem += "-\(triesDone)" }
            }
            return FileName.prefix + stem + FileName.suffix
        }
    }

    /// Where the record is kept, for us alone: systemd-boot does not read it.
    static func recordPath(_ boot: BootState) -> String { boot.directory + "/loader/imgbased.env" }

    static func configPath(_ boot: BootState) -> String { boot.directory + "/loader/loader.conf" }

    /// The `sort-key` that is before any that systems have: these begin with what can be in `os-release`.
    static let foremostKey = "!imgbased"

    /// What systemd-boot makes of our entries now.
    private static func mode(_ boot: BootState) -> LoaderConfig.Mode {
        LoaderConfig(boot.loaderConfig ?? "").mode
    }

    /// What it is to make of them where `record` holds.
    private static func mode(_ record: BootRecord, _ boot: BootState) -> LoaderConfig.Mode {
        if mode(boot) == .absent { return .absent }
        return record.leavesDefault ? .besides : .layers
    }

    /// `loader.conf` in that `mode`.
    static func config(_ boot: BootState, _ mode: LoaderConfig.Mode) throws(HostReason) -> LoaderConfig {
        var config = LoaderConfig(boot.loaderConfig ?? "")
        config.set(mode)
        if mode == .besides, let other = config.otherDefault { throw .defaultInConfiguration(other) }
        return config
    }

    /// Why it does not boot what is recorded; `nil` where it does.
    static func problem(_ boot: BootState) -> HostReason? {
        if let name = boot.loaderDefault { return .defaultInVariable(name) }
        let config = LoaderConfig(boot.loaderConfig ?? "")
        switch config.mode {
        case .absent: return .layersNotDefault
        case .besides: return config.otherDefault.map { .defaultInConfiguration($0) }
        case .layers: return nil
        }
    }

    /// The name and the text that the file of `entry` has where `record` holds.
    static func file(
        _ entry: BootEntry, _ record: BootRecord, _ mode: LoaderConfig.Mode = .layers
    ) -> (name: FileName, text: String) {
        var entry = entry
        var name = FileName(layer: entry.layer)
        // Before the boot loader is to boot layers, none is tried.
        let isTried = !record.leavesDefault || mode != .absent
        if let trial = record.trial, trial.layer == entry.layer, isTried {
            (name.triesLeft, name.triesDone) = (trial.triesLeft, trial.triesUsed)
            if trial.triesLeft > 0 { entry.options.append(BootArguments.trial) }
            return (name, entry.text(sortKey: record.leavesDefault ? foremostKey : "imgbased-0"))
        }
        if record.leavesDefault {
            name.triesLeft = 0
            return (name, entry.text(sortKey: "imgbased-2"))
        }
        return (name, entry.text(sortKey: entry.layer == record.defaultLayer ? "imgbased-1" : "imgbased-2"))
    }

    /// What `record`, as it was written, has become by the names that files have now.
    static func record(_ record: BootRecord, _ boot: BootState) -> BootRecord {
        var record = record
        record.once = boot.oneShot.flatMap { name in
            boot.entries.keys.first { pattern($0) == name } ?? FileName(name)?.layer
        }
        let mode = mode(boot)
        if mode == .besides { record.leavesDefault = true }
        if let trial = record.trial, !record.leavesDefault || mode != .absent {
            let names = (boot.entryFiles[trial.layer] ?? []).compactMap { FileName($0) }
            // Of two files, as a cut of the power can leave them, the one with tries left is booted.
            if let left = names.compactMap(\.triesLeft).max() {
                record.trial?.triesLeft = min(left, trial.triesLeft)
            }
        }
        return record
    }

    /// How early an entry is among those of layers, by the name of its file and what that says: the trial comes before the
    /// default, that before the others, and what has used up its tries is last.
    private static func rank(_ name: FileName?, _ text: String?) -> Int {
        let keys = [[foremostKey, "imgbased-0"], ["imgbased-1"]]
        if name?.triesLeft == 0 { return last }
        return keys.firstIndex { $0.contains { text?.contains("\nsort-key \($0)\n") == true } } ?? keys.count
    }
    /// How early what has no tries left is.
    private static let last = 3

    /// What is done to the files of a layer, and how early they are and were.
    private struct Change {
        var rank: (old: Int, new: Int)
        var writing: [Step] = []
        var removals: [Step] = []
    }

    /// What makes the files of `entry` those of `record`.
    private static func change(
        _ entry: BootEntry, _ record: BootRecord, _ boot: BootState, _ mode: LoaderConfig.Mode
    ) -> Change {
        let directory = boot.directory + "/loader/entries"
        let (wanted, text) = file(entry, record, mode)
        let there = boot.entryFiles[entry.layer] ?? []
        var change = Change(
            rank: (
                rank(there.last.flatMap { FileName($0) }, boot.entries[entry.layer]), rank(wanted, text)
            ))
        // Whoever picks one without tries in the menu has systemd-boot count on.
        let spent = wanted.triesLeft == 0 ? there.last { FileName($0)?.triesLeft == 0 } : nil
        let name = spent ?? wanted.text
        if boot.entries[entry.layer] != text || !there.contains(name)
            || boot.damagedEntryFiles.contains(name)
        {
            change.writing = [
                .replaceFile(path: "\(directory)/\(name)", contents: Array(text.utf8), isOnBoot: true)
            ]
        }
        change.removals = there.filter { $0 != name }.map { .removeEntry(path: "\(directory)/\($0)") }
        return change
    }

    /// The steps that make the files those of `entries` and `record`, and `loader.conf` what is to be with that, or what `wanted`
    /// says. A new file is there before the old one goes.
    ///
    /// What is booted after each of them is what was booted before all, or after all: what is to be first is written first, if
    /// that brings it forward, and what was first before gives way last. Between come the others, each of them behind one of
    /// the two, wherever it was and will be. Where what there is besides layers is booted before or after, `loader.conf` changes when
    /// what is to be first is there, and nothing has given way yet.
    static func steps(
        _ entries: [BootEntry], _ record: BootRecord, _ boot: BootState, _ wanted: LoaderConfig.Mode? = nil
    ) throws(HostReason) -> [Step] {
        let mode = wanted ?? mode(record, boot)
        let changes = entries.map { change($0, record, boot, mode) }
        let first = (old: changes.map(\.rank.old).min(), new: changes.map(\.rank.new).min())
        func turn(_ change: Change) -> Int {
            let (wasFirst, isFirst) = (change.rank.old == first.old, change.rank.new == first.new)
            if isFirst, !wasFirst || change.rank.new <= change.rank.old { return 0 }
            return wasFirst ? (isFirst ? 2 : 3) : 1
        }
        var sorted = (0...3).flatMap { number in changes.filter { turn($0) == number } }
        var steps: [Step] = []
        if mode != self.mode(boot) {
            // What was first among the layers, and is, must not fall behind others that `loader.conf` does not exclude yet.
            for index in sorted.indices where sorted[index].rank.new == first.new && first.new != last {
                if mode == .layers, sorted[index].rank.old == first.new { continue }
                steps += sorted[index].writing
                sorted[index].writing = []
            }
            let text = try config(boot, mode).text
            steps.append(
                .replaceFile(path: configPath(boot), contents: Array(text.utf8), isOnBoot: true))
        }
        steps += sorted.flatMap { $0.writing + $0.removals }
        if record.once != boot.record.once {
            let entry = entries.first { $0.layer == record.once }
            steps.append(.bootOnce(entry.map { oneShot($0, entries, file($0, record, mode).name) } ?? ""))
        }
        return steps
    }

    /// Whether the files are those of what is recorded, but for a trial whose last try systemd-boot has taken away: what its entry
    /// says changes with the next command.
    static func isRecorded(_ boot: BootState) -> Bool {
        var boot = boot
        let record = boot.record
        if var trial = record.trial, trial.triesLeft == 0,
            let entry = BootPlanner.entry(of: trial.layer, boot)
        {
            var tried = record
            trial.triesLeft = 1
            tried.trial = trial
            if boot.entries[trial.layer] == file(entry, tried, mode(boot)).text {
                boot.entries[trial.layer] = file(entry, record, mode(boot)).text
            }
        }
        return (try? steps(BootPlanner.entries(boot), record, boot))?.isEmpty == true
    }

    /// What systemd-boot knows the entry of `layer` by: the name of its file in lower case and with the tries in it, for newer
    /// versions without these, and in 257.13 then in the case it has (src/boot/boot.c, `boot_entry_parse_tries`). Patterns are in
    /// lower case.
    private static func pattern(_ layer: String) -> String {
        let name = FileName(layer: layer).text.dropLast(".conf".count)
        return String(name.map { $0.isUppercase ? "?" : $0 }) + "[.+]*conf"
    }

    /// The pattern for the entry of a layer, or its name where that could be another layer as well.
    private static func oneShot(_ entry: BootEntry, _ entries: [BootEntry], _ name: FileName) -> String {
        let wanted = FileName(layer: entry.layer).text.dropLast(".conf".count)
        let isAmbiguous = entries.contains { other in
            let text = FileName(layer: other.layer).text
            let isLike = zip(wanted, text).allSatisfy { $0.isUppercase || String($0) == $1.lowercased() }
            return other.layer != entry.layer && isLike
                && text.dropFirst(wanted.count).first.map(".+".contains) == true
        }
        return isAmbiguous ? name.text : pattern(entry.layer)
    }
}
