import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// What systemd-boot boots unattended when the power goes between two writes.
@Suite struct SystemdBootOrderTests {
    /// What is in `/boot`: the files of our entries, and `loader.conf`.
    private struct Boot: Equatable {
        var files: [String: String] = [:]
        var config = ""

        /// `layers` as `record` has them in that `mode`.
        init(_ entries: [BootEntry], _ record: BootRecord, _ mode: LoaderConfig.Mode) {
            for entry in entries {
                let (name, text) = SystemdBoot.file(entry, record, mode)
                files[name.text] = text
            }
            var config = LoaderConfig("timeout 5\n")
            config.set(mode)
            self.config = config.text
        }

        /// What a look at it finds.
        var state: BootState {
            var boot = BootState()
            boot.loader = .systemdBoot
            boot.loaderConfig = config
            for (name, text) in files {
                guard let layer = SystemdBoot.FileName(name)?.layer else { continue }
                boot.entries[layer] = text
                boot.entryFiles[layer] = [name]
            }
            return boot
        }

        mutating func perform(_ step: Step) {
            switch step {
            case .replaceFile("/boot/loader/loader.conf", let bytes, _):
                config = String(decoding: bytes, as: UTF8.self)
            case .replaceFile(let path, let bytes, _):
                files[String(path.split(separator: "/").last ?? "")] = String(decoding: bytes, as: UTF8.self)
            case .removeEntry(let path): files[String(path.split(separator: "/").last ?? "")] = nil
            default: break
            }
        }

        /// The layers that may be booted unattended, or "host" for the entry with the sort key `host` and no
        /// tries: what is first by `sort-key`, those without tries left last, those without a key behind
        /// others with one; a default in `loader.conf` leaves the others out (systemd: src/boot/efi/boot.c,
        /// `config_entry_compare`, `config_select_default_entry`).
        func first(besides host: String?) -> Set<String> {
            var entries = files.compactMap { name, text -> (layer: String, key: String)? in
                guard let name = SystemdBoot.FileName(name) else { return nil }
                let key = text.split(separator: "\n").first { $0.hasPrefix("sort-key ") }?.dropFirst(9)
                return (name.layer, (name.triesLeft == 0 ? "1" : "0") + Self.rank(key.map(String.init)))
            }
            let isDefault = config.split(separator: "\n").contains("default imgbased-*")
            if !isDefault { entries.append(("host", "0" + Self.rank(host))) }
            let least = entries.map(\.key).min()
            // What is equal by that differs by version and name.
            return Set(entries.filter { $0.key == least }.map(\.layer))
        }

        private static func rank(_ key: String?) -> String { key.map { "0" + $0 } ?? "1" }
    }

    private static let layers = ["a", "b", "c"]

    /// Every default and trial of three layers.
    private static var records: [BootRecord] {
        var records: [BootRecord] = []
        for defaultLayer in [nil] + layers.map({ $0 }) {
            for leaves in defaultLayer == nil ? [false, true] : [false] {
                var record = BootRecord(defaultLayer: defaultLayer)
                record.leavesDefault = leaves
                records.append(record)
                for (trial, left) in layers.flatMap({ layer in [0, 2].map { (layer, $0) } }) {
                    record.trial = BootRecord.Trial(layer: trial, tries: 3)
                    record.trial?.triesLeft = left
                    records.append(record)
                }
            }
        }
        return records
    }

    /// What comes first among the entries of systems, by what they call themselves.
    private static let hosts: [String?] = ["alpine", "debian", "ubuntu", nil]

    private typealias State = (record: BootRecord, mode: LoaderConfig.Mode)

    private static func check(from old: State, to new: State) throws {
        let entries = layers.map { BootEntryTests.entry($0) }
        let before = Boot(entries, old.record, old.mode)
        let after = Boot(entries, new.record, new.mode)
        let allowed = hosts.map { before.first(besides: $0).union(after.first(besides: $0)) }
        var now = before
        for step in try SystemdBoot.steps(entries, new.record, before.state, new.mode) {
            now.perform(step)
            for (host, allowed) in zip(hosts, allowed) where !now.first(besides: host).isSubset(of: allowed) {
                Issue.record(
                    "from \(old) to \(new) beside '\(host ?? "")', after '\(step)': \(now.first(besides: host)), not \(allowed)"
                )
            }
        }
        #expect(now.config == after.config)
        #expect(try SystemdBoot.steps(entries, new.record, now.state, new.mode).isEmpty)
    }

    /// Where layers are in the menu.
    private static func installed(_ record: BootRecord) -> State {
        (record, record.leavesDefault ? .besides : .layers)
    }

    @Test func whatIsBootedAfterEachWriteIsOldOrNew() throws {
        for old in Self.records {
            for new in Self.records { try Self.check(from: Self.installed(old), to: Self.installed(new)) }
        }
    }

    @Test func layersComeIntoTheMenuAndLeaveItAtOnce() throws {
        for record in Self.records {
            try Self.check(from: (record, .absent), to: Self.installed(record))
            try Self.check(from: Self.installed(record), to: (record, .absent))
            guard record.defaultLayer == nil else { continue }
            // Where nothing was recorded of it.
            var leaving = record
            leaving.leavesDefault = true
            try Self.check(from: (record, .absent), to: (leaving, .besides))
        }
    }

    @Test func aLayerThatHasNotComeUpIsBootedOnTrialOnly() {
        let entries = Self.layers.map { BootEntryTests.entry($0) }
        for record in Self.records where record.leavesDefault {
            let trial = record.trial.flatMap { $0.triesLeft > 0 ? $0.layer : nil }
            for host in Self.hosts {
                #expect(Boot(entries, record, .besides).first(besides: host) == [trial ?? "host"])
                #expect(Boot(entries, record, .absent).first(besides: host) == ["host"])
            }
        }
    }
}
