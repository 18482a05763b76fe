import ImgbasedCore

/// Entries as systemd-boot reads them (Boot Loader Specification; systemd: src/boot/efi/boot.c).
///
/// systemd-boot counts tries in the names of the files. It boots the first entry by sort key; entries without
/// tries left come last. Names and sort keys are derived from the record: first the trial while it has tries
/// left, then the default, then the others.
///
/// If the record leaves the default to the entries besides layers, no line in `loader.conf` may name our
/// entries: newer versions ignore the tries in a pattern (systemd pull request 38897, in 257.13), so the line
/// would also name entries without tries. The `sort-key` of the trial then precedes every other entry, and
/// our other entries have no tries: all versions sort these last.
enum SystemdBoot {
    /// The name of an entry's file, with its tries.
    struct FileName: Hashable {
        var layer: String
        var triesLeft: Int?
        var triesDone: Int?

        private static let prefix = "imgbased-"
        private static let suffix = ".conf"
        /// Follows a layer name that ends like a count of tries; no volume name contains it.
        private static let guardian = "~"

        init(layer: String, triesLeft: Int? = nil, triesDone: Int? = nil) {
            self.layer = layer
            self.triesLeft = triesLeft
            self.triesDone = triesDone
        }

        /// Parses the name of a file; `nil` if the file is not ours.
        init?(_ name: String) {
            guard name.hasPrefix(FileName.prefix), name.hasSuffix(FileName.suffix) else { return nil }
            let stem = String(name.dropFirst(FileName.prefix.count).dropLast(FileName.suffix.count))
            var (layer, left, done) = FileName.counted(stem) ?? (stem, nil, nil)
            if layer.hasSuffix(FileName.guardian) { layer.removeLast() }
            guard (try? VolumeName.check(layer)) != nil else { return nil }
            (self.layer, triesLeft, triesDone) = (layer, left, done)
        }

        /// The parts of `NAME+LEFT` or `NAME+LEFT-DONE`.
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

    /// The file of the record. Only imgbased reads it, systemd-boot does not.
    static func recordPath(_ boot: BootState) -> String { boot.directory + "/loader/imgbased.env" }

    static func configPath(_ boot: BootState) -> String { boot.directory + "/loader/loader.conf" }

    /// A `sort-key` before those of operating systems, which begin with a character allowed in `os-release`.
    static let foremostKey = "!imgbased"

    /// The current mode.
    private static func mode(_ boot: BootState) -> LoaderConfig.Mode {
        LoaderConfig(boot.loaderConfig ?? "").mode
    }

    /// The mode under `record`.
    private static func mode(_ record: BootRecord, _ boot: BootState) -> LoaderConfig.Mode {
        if mode(boot) == .absent { return .absent }
        return record.leavesDefault ? .besides : .layers
    }

    /// `loader.conf` in `mode`.
    static func config(_ boot: BootState, _ mode: LoaderConfig.Mode) throws(HostReason) -> LoaderConfig {
        var config = LoaderConfig(boot.loaderConfig ?? "")
        config.set(mode)
        if mode == .besides, let other = config.otherDefault { throw .defaultInConfiguration(other) }
        return config
    }

    /// Why systemd-boot would not boot the recorded layer; `nil` if it would.
    static func problem(_ boot: BootState) -> HostReason? {
        if let name = boot.loaderDefault { return .defaultInVariable(name) }
        let config = LoaderConfig(boot.loaderConfig ?? "")
        switch config.mode {
        case .absent: return .layersNotDefault
        case .besides: return config.otherDefault.map { .defaultInConfiguration($0) }
        case .layers: return nil
        }
    }

    /// The file name and text of `entry` under `record`.
    static func file(
        _ entry: BootEntry, _ record: BootRecord, _ mode: LoaderConfig.Mode = .layers
    ) -> (name: FileName, text: String) {
        var entry = entry
        var name = FileName(layer: entry.layer)
        // No layer is tried before the boot loader boots layers.
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

    /// `record` as written, updated from the current names of the files.
    static func record(_ record: BootRecord, _ boot: BootState) -> BootRecord {
        var record = record
        record.once = boot.oneShot.flatMap { name in
            boot.entries.keys.first { pattern($0) == name } ?? FileName(name)?.layer
        }
        let mode = mode(boot)
        if mode == .besides { record.leavesDefault = true }
        if let trial = record.trial, !record.leavesDefault || mode != .absent {
            let names = (boot.entryFiles[trial.layer] ?? []).compactMap { FileName($0) }
            // A power cut can leave two files. systemd-boot boots the one with tries left.
            if let left = names.compactMap(\.triesLeft).max() {
                record.trial?.triesLeft = min(left, trial.triesLeft)
            }
        }
        return record
    }

    /// The position of an entry by file name and text: the trial, then the default, then the others, and last
    /// an entry without tries left.
    private static func rank(_ name: FileName?, _ text: String?) -> Int {
        let keys = [[foremostKey, "imgbased-0"], ["imgbased-1"]]
        if name?.triesLeft == 0 { return last }
        return keys.firstIndex { $0.contains { text?.contains("\nsort-key \($0)\n") == true } } ?? keys.count
    }
    /// The position of an entry without tries left.
    private static let last = 3

    /// The changes to the files of a layer, and its old and new position.
    private struct Change {
        var rank: (old: Int, new: Int)
        var writing: [Step] = []
        var removals: [Step] = []
    }

    /// The change that makes the files of `entry` match `record`.
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
        // If a person picks an entry without tries, systemd-boot goes on counting in its name.
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

    /// The steps that make the files match `entries` and `record`, and `loader.conf` match the record or the
    /// `wanted` mode. A new file is written before the old one is removed.
    ///
    /// After each step, systemd-boot boots either the entry it booted before all steps or the one it boots
    /// after all. So the new first entry is written first if that brings it forward, and the old first entry
    /// gives way last. The others are written in between: at each moment one of the two is before them. If an
    /// entry besides layers boots before or after, `loader.conf` changes when the new first entry is there
    /// and the old one has not given way.
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
            // The layer that was first and stays first must not fall behind entries that `loader.conf` does
            // not exclude yet.
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

    /// Whether the files match the record. A trial whose last try systemd-boot has used may still have the
    /// entry it had before: the next command changes that.
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

    /// A pattern in lower case for the identifier that systemd-boot gives the entry of `layer`: the name of
    /// its file. Old versions change it to lower case and leave the tries in it. Newer ones remove the tries,
    /// and 257.13 also keeps the case (src/boot/boot.c, `boot_entry_parse_tries`).
    private static func pattern(_ layer: String) -> String {
        let name = FileName(layer: layer).text.dropLast(".conf".count)
        return String(name.map { $0.isUppercase ? "?" : $0 }) + "[.+]*conf"
    }

    /// The pattern for the entry of a layer, or its file name if the pattern also matches another layer.
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
