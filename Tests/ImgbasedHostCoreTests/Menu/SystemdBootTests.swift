import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A machine whose boot loader counts tries in file names.
@Suite struct SystemdBootTests {
    @Test(
        arguments: [
            ("imgbased-Base-0.1.conf", "Base-0.1", nil, nil),
            ("imgbased-Base-0.1+3.conf", "Base-0.1", 3, nil),
            ("imgbased-Base-0.1+2-1.conf", "Base-0.1", 2, 1),
            ("imgbased-Base-0.1+0-3.conf", "Base-0.1", 0, 3),
            // oVirt's layers have names that look like a count.
            ("imgbased-node-4.5.1-1+1~.conf", "node-4.5.1-1+1", nil, nil),
            ("imgbased-node-4.5.1-1+1~+2-1.conf", "node-4.5.1-1+1", 2, 1),
            ("imgbased-node-4.5.1-1+x.conf", "node-4.5.1-1+x", nil, nil),
        ] as [(String, String, Int?, Int?)])
    func namesAreRead(text: String, layer: String, left: Int?, done: Int?) {
        let name = SystemdBoot.FileName(text)
        #expect(name == SystemdBoot.FileName(layer: layer, triesLeft: left, triesDone: done))
        #expect(name?.text == text)
    }

    @Test(arguments: ["debian.conf", "imgbased-.conf", "imgbased-a", "imgbased-+3.conf", "imgbased-a/b.conf"])
    func otherNamesAreNot(text: String) {
        #expect(SystemdBoot.FileName(text) == nil)
    }

    private static func machine() throws -> FakeMachine {
        var machine = FakeMachine()
        machine.state.boot.loader = .systemdBoot
        try machine.initialize()
        try machine.addBase()
        for _ in 1...2 { try machine.addLayer() }
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: "Base-0.1")
        return machine
    }

    private static func change(_ machine: inout FakeMachine, _ change: BootChange) throws {
        try machine.perform(BootPlanner.plan(change, machine.state, names: FakeMachine.names))
        #expect(
            try BootPlanner.plan(change, machine.state, names: FakeMachine.names).steps
                .allSatisfy { $0.verb == "tell" })
    }

    /// systemd-boot's part of a boot: renames the file of an entry with tries.
    private static func count(_ machine: inout FakeMachine, _ layer: String) throws {
        var name = try #require(SystemdBoot.FileName(machine.state.boot.entryFiles[layer]?.first ?? ""))
        let left = try #require(name.triesLeft)
        (name.triesLeft, name.triesDone) = (left - 1, (name.triesDone ?? 0) + 1)
        machine.state.boot.entryFiles[layer] = [name.text]
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: layer)
        machine.state.boot.runningArguments =
            BootEntry(layer: layer, text: machine.state.boot.entries[layer] ?? "")?.options.words.joined(
                separator: " ") ?? ""
        machine.state.boot.runningArguments += " rd.imgbased.reason=trial"
    }

    private static func sortKey(_ machine: FakeMachine, _ layer: String) -> String? {
        machine.state.boot.entries[layer]?.split(separator: "\n").first { $0.hasPrefix("sort-key") }
            .map(String.init)
    }

    @Test func theDefaultIsFirst() throws {
        var machine = try Self.machine()
        #expect(Self.sortKey(machine, "Base-0.1") == "sort-key imgbased-1")
        #expect(Self.sortKey(machine, "Base-0.2") == "sort-key imgbased-2")
        try Self.change(&machine, .setDefault("Base-0.2"))
        #expect(Self.sortKey(machine, "Base-0.1") == "sort-key imgbased-2")
        #expect(Self.sortKey(machine, "Base-0.2") == "sort-key imgbased-1")
        try Self.change(&machine, .once("Base-0.1"))
        #expect(machine.state.boot.oneShot == "imgbased-Base-0.1.conf")
        try Self.change(&machine, .trial("Base-0.1", tries: 3))
        try Self.change(&machine, .once("Base-0.2"))
        try Self.change(&machine, .once("Base-0.1"))
        #expect(machine.state.boot.oneShot == "imgbased-Base-0.1+3.conf")
    }

    @Test func aTrialIsCountedInTheNameOfItsFile() throws {
        var machine = try Self.machine()
        try Self.change(&machine, .trial("Base-0.2", tries: 2))
        #expect(machine.state.boot.entryFiles["Base-0.2"] == ["imgbased-Base-0.2+2.conf"])
        #expect(Self.sortKey(machine, "Base-0.2") == "sort-key imgbased-0")
        #expect(machine.state.boot.entries["Base-0.2"]?.contains(" panic=10 rd.shell=0") == true)
        try Self.count(&machine, "Base-0.2")
        #expect(machine.state.boot.record.trial?.triesLeft == 1)
        try Self.change(&machine, .started)
        #expect(machine.state.boot.entryFiles["Base-0.2"] == ["imgbased-Base-0.2+1-1.conf"])
        try Self.change(&machine, .good)
        #expect(machine.state.boot.entryFiles["Base-0.2"] == ["imgbased-Base-0.2.conf"])
        #expect(machine.state.boot.entries["Base-0.2"]?.contains("panic") == false)
        #expect(machine.state.boot.record.defaultLayer == "Base-0.2")
        #expect(Self.sortKey(machine, "Base-0.2") == "sort-key imgbased-1")
    }

    @Test func aTrialThatIsUsedUpIsOver() throws {
        var machine = try Self.machine()
        try Self.change(&machine, .good)
        try Self.change(&machine, .trial("Base-0.2", tries: 1))
        try Self.count(&machine, "Base-0.2")
        let record = machine.state.boot.record
        #expect(record.trial?.triesLeft == 0)
        let entries = BootPlanner.entries(machine.state.boot)
        #expect(
            BootChoice.order(record, entries).first == BootChoice(layer: "Base-0.1", reason: .default))
        // systemd's own unit can bless the entry first.
        machine.state.boot.entryFiles["Base-0.2"] = ["imgbased-Base-0.2.conf"]
        try Self.change(&machine, .good)
        #expect(machine.state.boot.record.defaultLayer == "Base-0.2")
    }

    /// The layers that systemd-boot may boot unattended: the least by `sort-key`, no tries left last.
    ///
    /// The order is that of systemd: src/boot/efi/boot.c.
    private static func first(_ files: [String: String]) -> Set<String> {
        let entries = files.compactMap { name, text -> (SystemdBoot.FileName, String)? in
            guard let name = SystemdBoot.FileName(name) else { return nil }
            let key = text.split(separator: "\n").first { $0.hasPrefix("sort-key") }
            return (name, (name.triesLeft == 0 ? "1" : "0") + (key ?? ""))
        }
        let least = entries.map(\.1).min()
        // Entries equal by that differ by version and name.
        return Set(entries.filter { $0.1 == least }.map(\.0.layer))
    }

    /// Every change from one record to another, with three layers.
    @Test func whatIsBootedAfterEachWriteIsOldOrNew() throws {
        let layers = ["a", "b", "c"]
        let entries = layers.map { BootEntryTests.entry($0) }
        var records: [BootRecord] = []
        for defaultLayer in [nil] + layers.map({ $0 }) {
            records.append(BootRecord(defaultLayer: defaultLayer))
            for (trial, left) in layers.flatMap({ layer in [0, 2].map { (layer, $0) } }) {
                var record = BootRecord(defaultLayer: defaultLayer)
                record.trial = BootRecord.Trial(layer: trial, tries: 3)
                record.trial?.triesLeft = left
                records.append(record)
            }
        }
        for old in records {
            var boot = BootState()
            boot.loader = .systemdBoot
            var files: [String: String] = [:]
            for entry in entries {
                let (name, text) = SystemdBoot.file(entry, old)
                files[name.text] = text
                boot.entries[entry.layer] = text
                boot.entryFiles[entry.layer] = [name.text]
            }
            let before = files
            for new in records {
                var after: [String: String] = [:]
                for entry in entries {
                    let (name, text) = SystemdBoot.file(entry, new)
                    after[name.text] = text
                }
                files = before
                let allowed = Self.first(before).union(Self.first(after))
                for step in try SystemdBoot.steps(entries, new, boot) {
                    switch step {
                    case .replaceFile(let path, let bytes, _):
                        files[String(path.split(separator: "/").last ?? "")] = String(
                            decoding: bytes, as: UTF8.self)
                    case .removeEntry(let path): files[String(path.split(separator: "/").last ?? "")] = nil
                    default: break
                    }
                    #expect(
                        Self.first(files).isSubset(of: allowed),
                        "from '\(old)' to '\(new)': \(Self.first(files)) and not \(allowed)")
                }
                #expect(files == after)
            }
        }
    }

    /// A power cut can leave a file of length zero beside the valid one.
    @Test func aDamagedFileIsWrittenBeforeTheOtherGoes() throws {
        let entry = BootEntryTests.entry("a")
        var record = BootRecord()
        record.trial = BootRecord.Trial(layer: "a", tries: 3)
        record.trial?.triesLeft = 2
        let (name, text) = SystemdBoot.file(entry, record)
        var boot = BootState()
        boot.loader = .systemdBoot
        boot.entries["a"] = text
        boot.entryFiles["a"] = ["imgbased-a+3.conf", name.text]
        boot.damagedEntryFiles = [name.text]
        let directory = "/boot/loader/entries/"
        #expect(
            try SystemdBoot.steps([entry], record, boot) == [
                .replaceFile(path: directory + name.text, contents: Array(text.utf8), isOnBoot: true),
                .removeEntry(path: directory + "imgbased-a+3.conf"),
            ])
    }

    @Test func itsConfigurationGetsOneLine() throws {
        var machine = try Self.machine()
        let before = "timeout 3\ndefault debian-*\n"
        machine.state.boot.loaderConfig = before
        try machine.perform(BootLoaderPlanner.install(machine.state))
        #expect(
            machine.state.boot.loaderConfig
                == "default imgbased-*\ntimeout 3\n#imgbased default debian-*\n")
        #expect(try BootLoaderPlanner.install(machine.state).steps.isEmpty)
        try machine.perform(BootLoaderPlanner.uninstall(machine.state))
        #expect(machine.state.boot.loaderConfig == before)
        #expect(try BootLoaderPlanner.uninstall(machine.state).steps.isEmpty)
    }
}
