import ImgbasedCore

/// Entries as systemd-boot reads them: it counts tries in the names of their files, and boots unattended what is first
/// by sort key, entries without tries left being last (Boot Loader Specification; systemd: src/boot/efi/boot.c).
///
/// So both are derived from the record: the trial comes first while it has tries left, then the default, then the others.
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

    /// The name and the text that the file of `entry` has where `record` holds.
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

    /// What `record`, as it was written, has become by the names that files have now.
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

    /// How early an entry is among those of layers, by the name of its file and what that says: the trial comes before the
    /// default, that before the others, and what has used up its tries is last.
    private static func rank(_ name: FileName?, _ text: String?) -> Int {
        let keys = ["imgbased-0", "imgbased-1"]
        if name?.triesLeft == 0 { return keys.count + 1 }
        return keys.firstIndex { text?.contains("\nsort-key \($0)\n") == true } ?? keys.count
    }

    /// A layer's file as it is to be, and how early it is and was.
    private struct Change {
        var layer: String
        var name: String
        var text: String
        var rank: (old: Int, new: Int)
    }

    /// The steps that make the files those of `entries` and `record`. A new file is there before the old one goes.
    ///
    /// What is booted after each of them is what was booted before all, or after all: what is to be first is written first, if
    /// that brings it forward, and what was first before gives way last. Between come the others, each of them behind one of
    /// the two, wherever it was and will be.
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
            // systemd-boot knows an entry by the name of its file, with the tries in it.
            let entry = entries.first { $0.layer == record.once }
            steps.append(.bootOnce(entry.map { file($0, record).name.text } ?? ""))
        }
        return steps
    }
}
