import ImgbasedCore

/// Entries as systemd-boot reads them (Boot Loader Specification; systemd: src/boot/efi/boot.c).
///
/// systemd-boot counts tries in the names of the files. It boots the first entry by sort key; entries without
/// tries left come last. Names and sort keys are derived from the record: first the trial while it has tries
/// left, then the default, then the others.
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

    /// The file name and text of `entry` under `record`.
    static func file(_ entry: BootEntry, _ record: BootRecord) -> (name: FileName, text: String) {
        var entry = entry
        var name = FileName(layer: entry.layer)
        if let trial = record.trial, trial.layer == entry.layer {
            (name.triesLeft, name.triesDone) = (trial.triesLeft, trial.triesUsed)
            if trial.triesLeft > 0 { entry.options.append(BootArguments.trial) }
            return (name, entry.text(sortKey: "imgbased-0"))
        }
        return (name, entry.text(sortKey: entry.layer == record.defaultLayer ? "imgbased-1" : "imgbased-2"))
    }

    /// `record` as written, updated from the current names of the files.
    static func record(_ record: BootRecord, _ boot: BootState) -> BootRecord {
        var record = record
        record.once = boot.oneShot.flatMap { FileName($0) }?.layer
        if let trial = record.trial {
            let names = (boot.entryFiles[trial.layer] ?? []).compactMap { FileName($0) }
            if let left = names.compactMap(\.triesLeft).min() {
                record.trial?.triesLeft = min(left, trial.triesLeft)
            }
        }
        return record
    }

    /// The position of an entry by file name and text: the trial, then the default, then the others, and last
    /// an entry without tries left.
    private static func rank(_ name: FileName?, _ text: String?) -> Int {
        let keys = ["imgbased-0", "imgbased-1"]
        if name?.triesLeft == 0 { return keys.count + 1 }
        return keys.firstIndex { text?.contains("\nsort-key \($0)\n") == true } ?? keys.count
    }

    /// The new file of a layer, and its old and new position.
    private struct Change {
        var layer: String
        var name: String
        var text: String
        var rank: (old: Int, new: Int)
    }

    /// The steps that make the files match `entries` and `record`. A new file is written before the old one
    /// is removed.
    ///
    /// After each step, systemd-boot boots either the entry it booted before all steps or the one it boots
    /// after all. So the new first entry is written first if that brings it forward, and the old first entry
    /// gives way last. The others are written in between: at each moment one of the two is before them.
    static func steps(
        _ entries: [BootEntry], _ record: BootRecord, _ boot: BootState
    ) throws(HostReason) -> [Step] {
        let directory = boot.directory + "/loader/entries"
        let changes = entries.map { entry in
            let (name, text) = file(entry, record)
            let there = boot.entryFiles[entry.layer]?.last.flatMap { FileName($0) }
            return Change(
                layer: entry.layer, name: name.text, text: text,
                rank: (rank(there, boot.entries[entry.layer]), rank(name, text)))
        }
        let first = (old: changes.map(\.rank.old).min(), new: changes.map(\.rank.new).min())
        func turn(_ change: Change) -> Int {
            let (wasFirst, isFirst) = (change.rank.old == first.old, change.rank.new == first.new)
            if isFirst, !wasFirst || change.rank.new <= change.rank.old { return 0 }
            return wasFirst ? (isFirst ? 2 : 3) : 1
        }
        let sorted = (0...3).flatMap { number in changes.filter { turn($0) == number } }
        var steps: [Step] = []
        for change in sorted {
            let there = boot.entryFiles[change.layer] ?? []
            if boot.entries[change.layer] != change.text || !there.contains(change.name)
                || boot.damagedEntryFiles.contains(change.name)
            {
                steps.append(
                    .replaceFile(
                        path: "\(directory)/\(change.name)", contents: Array(change.text.utf8),
                        isOnBoot: true))
            }
            steps += there.filter { $0 != change.name }.map { .removeEntry(path: "\(directory)/\($0)") }
        }
        if record.once != boot.record.once {
            // systemd-boot identifies an entry by its file name, including the tries.
            let entry = entries.first { $0.layer == record.once }
            steps.append(.bootOnce(entry.map { file($0, record).name.text } ?? ""))
        }
        return steps
    }
}
