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
        var machine = try FakeMachine.host(.systemdBoot, layers: 2)
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: "Base-0.1")
        try change(&machine, .setDefault("Base-0.1"))
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
        // systemd-boot 252 looks for it in 'imgbased-base-0.1+3.conf', 257.13 in 'imgbased-Base-0.1.conf'.
        #expect(machine.state.boot.oneShot == "imgbased-?ase-0.1[.+]*conf")
        #expect(machine.state.boot.record.once == "Base-0.1")
        try Self.change(&machine, .trial("Base-0.1", tries: 3))
        #expect(machine.state.boot.record.once == "Base-0.1")
    }

    @Test func whatIsBootedOnceIsNoOther() throws {
        let entries = ["Base-0.1", "Base-0.1+1", "case-0.11", "Node-1+1", "mode-1+1"].map {
            BootEntryTests.entry($0)
        }
        var boot = BootState()
        boot.loader = .systemdBoot
        for entry in entries { boot.entries[entry.layer] = entry.text }
        for (layer, name) in [
            ("Base-0.1", "imgbased-Base-0.1.conf"), ("Base-0.1+1", "imgbased-?ase-0.1+1~[.+]*conf"),
            ("case-0.11", "imgbased-case-0.11[.+]*conf"), ("Node-1+1", "imgbased-Node-1+1~.conf"),
            ("mode-1+1", "imgbased-mode-1+1~[.+]*conf"),
        ] {
            var record = BootRecord()
            record.once = layer
            #expect(try SystemdBoot.steps(entries, record, boot).last == .bootOnce(name))
            boot.oneShot = name
            #expect(SystemdBoot.record(BootRecord(), boot).once == layer)
            boot.oneShot = nil
        }
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
