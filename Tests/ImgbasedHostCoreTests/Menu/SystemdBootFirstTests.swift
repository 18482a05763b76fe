import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The first layers of a host with systemd-boot that does not run from one.
@Suite struct SystemdBootFirstTests {
    private static func machine(layers: Int = 2, config: String = "timeout 5\n") throws -> FakeMachine {
        try .host(.systemdBoot, loaderConfig: config, layers: layers)
    }

    private static func files(_ machine: FakeMachine) -> [String] {
        machine.state.boot.entryFiles.values.flatMap { $0 }.sorted()
    }

    private static func problems(_ machine: FakeMachine) -> [String] {
        var state = machine.state
        state.boot.fileSystem = "vfat"
        var findings = BootAudit.Findings()
        findings.intact = state.boot.digests
        return BootAudit(state, names: FakeMachine.names, findings).problems
    }

    /// systemd-boot's part of a boot of the trial: it renames the file.
    private static func count(_ machine: inout FakeMachine, _ layer: String) throws {
        let names = (machine.state.boot.entryFiles[layer] ?? []).compactMap { SystemdBoot.FileName($0) }
        var name = try #require(names.first { ($0.triesLeft ?? 0) > 0 })
        machine.state.boot.entryFiles[layer]?.removeAll { $0 == name.text }
        (name.triesLeft, name.triesDone) = ((name.triesLeft ?? 0) - 1, (name.triesDone ?? 0) + 1)
        machine.state.boot.entryFiles[layer]?.append(name.text)
    }

    private static func boot(_ layer: String, _ machine: inout FakeMachine) throws {
        try count(&machine, layer)
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: layer)
        machine.state.boot.runningArguments = "rd.imgbased.reason=trial"
    }

    @Test func isNotBootedBeforeLayersAreInTheMenu() throws {
        var machine = try Self.machine()
        #expect(Self.files(machine) == ["imgbased-Base-0.1+0.conf", "imgbased-Base-0.2+0.conf"])
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-0.1", tries: 3))
        #expect(machine.status.next == nil)
        #expect(Self.problems(machine) == ["\(HostReason.layersNotDefault)"])
        try machine.perform(BootLoaderPlanner.install(machine.state))
        #expect(Self.files(machine) == ["imgbased-Base-0.1+3.conf", "imgbased-Base-0.2+0.conf"])
        #expect(machine.state.boot.entries["Base-0.1"]?.contains("\nsort-key !imgbased\n") == true)
        #expect(machine.state.boot.loaderConfig?.hasSuffix("\ntimeout 5\n") == true)
        #expect(machine.state.boot.loaderConfig?.contains("default") == false)
        #expect(machine.status.next == BootChoice(layer: "Base-0.1", reason: .trial))
        #expect(Self.problems(machine).isEmpty)
        #expect(try BootLoaderPlanner.install(machine.state).steps.isEmpty)

        // What was counted is not lost with it.
        try Self.count(&machine, "Base-0.1")
        try machine.perform(BootLoaderPlanner.uninstall(machine.state))
        #expect(Self.files(machine) == ["imgbased-Base-0.1+0.conf", "imgbased-Base-0.2+0.conf"])
        #expect(machine.state.boot.loaderConfig == "timeout 5\n")
        #expect(machine.state.boot.record.trial?.triesLeft == 2)
        #expect(machine.status.next == nil)
        #expect(try BootLoaderPlanner.uninstall(machine.state).steps.isEmpty)
        try machine.perform(BootLoaderPlanner.install(machine.state))
        #expect(Self.files(machine) == ["imgbased-Base-0.1+2-1.conf", "imgbased-Base-0.2+0.conf"])
    }

    @Test func isTriedWhereLayersWereInTheMenuBeforeIt() throws {
        var machine = try Self.machine(layers: 0)
        try machine.perform(BootLoaderPlanner.install(machine.state))
        #expect(machine.state.boot.record.leavesDefault)
        try machine.addLayer()
        #expect(Self.files(machine) == ["imgbased-Base-0.1+3.conf"])
        #expect(machine.status.next == BootChoice(layer: "Base-0.1", reason: .trial))
        #expect(Self.problems(machine).isEmpty)
        // As an older imgbased has left it.
        machine = try Self.machine(layers: 0, config: "default imgbased-*\ntimeout 5\n")
        try machine.addLayer()
        #expect(machine.state.boot.loaderConfig?.contains("default") == false)
        #expect(Self.problems(machine).isEmpty)
    }

    @Test func convergesWhereverThePowerGoes() throws {
        let start = try Self.machine()
        try PowerCuts.expectConvergence(from: start) {
            try $0.perform(BootLoaderPlanner.install($0.state))
        }
        var installed = start
        try installed.perform(BootLoaderPlanner.install(installed.state))
        try Self.count(&installed, "Base-0.1")
        try PowerCuts.expectConvergence(from: installed) { try $0.addLayer() }
        try PowerCuts.expectConvergence(from: installed) { try $0.remove(.layer("Base-0.1"), isForced: true) }
        try PowerCuts.expectConvergence(from: installed) {
            try $0.perform(BootLoaderPlanner.uninstall($0.state))
        }
    }

    @Test func isTheDefaultWhenItHasComeUp() throws {
        var machine = try Self.machine()
        try machine.perform(BootLoaderPlanner.install(machine.state))
        try Self.boot("Base-0.1", &machine)
        try machine.change(.started)
        #expect(Self.files(machine) == ["imgbased-Base-0.1+2-1.conf", "imgbased-Base-0.2+0.conf"])
        // The power goes after each step, and it is booted again, if systemd-boot has it so: or healthy once
        // more.
        let plan = try BootPlanner.plan(.good, machine.state, names: FakeMachine.names)
        for power in 0...plan.steps.count {
            var machine = machine
            machine.power = power
            try? machine.perform(plan)
            machine.power = .max
            try machine.change(.started)
            try machine.change(.good)
            #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.1", good: "Base-0.1"))
            #expect(Self.files(machine) == ["imgbased-Base-0.1.conf", "imgbased-Base-0.2.conf"])
            #expect(machine.state.boot.loaderConfig == "default imgbased-*\ntimeout 5\n")
            #expect(Self.problems(machine).isEmpty)
        }
    }

    @Test func givesWayToWhatWasThereWhenItsTriesAreUsedUp() throws {
        var machine = try Self.machine()
        try machine.perform(BootLoaderPlanner.install(machine.state))
        for _ in 1...3 { try Self.count(&machine, "Base-0.1") }
        let status = machine.status
        #expect(status.next == nil && status.defaultLayer == nil)
        #expect(status.lines.contains("next boot:  what the boot loader has besides layers"))
        #expect(
            status.warnings == [
                "layer 'Base-0.1' did not come up in 3 of 3 tries: 3 ended in the boot loader, the kernel or the initramfs"
            ])
        #expect(Self.problems(machine).isEmpty)
        // Somebody looks at it, picked in the menu.
        machine.state.boot.entryFiles["Base-0.1"] = ["imgbased-Base-0.1+0-4.conf"]
        try machine.addLayer()
        #expect(
            Self.files(machine) == [
                "imgbased-Base-0.1+0-4.conf", "imgbased-Base-0.2+0.conf", "imgbased-Base-0.3+3.conf",
            ])
        #expect(Self.problems(machine).isEmpty)
    }

    @Test func goesBackToWhatWasThereWhenItIsBad() throws {
        var machine = try Self.machine()
        try machine.perform(BootLoaderPlanner.install(machine.state))
        try Self.boot("Base-0.1", &machine)
        let plan = try BootPlanner.plan(.bad("x", goesBack: true), machine.state, names: FakeMachine.names)
        #expect(plan.steps.last == .restart)
        try machine.change(.bad("x"))
        #expect(Self.files(machine) == ["imgbased-Base-0.1+0-3.conf", "imgbased-Base-0.2+0.conf"])
        machine.state.booted = nil
        #expect(machine.status.next == nil)
        try machine.change(.setDefault("Base-0.2"))
        #expect(Self.files(machine) == ["imgbased-Base-0.1+0-3.conf", "imgbased-Base-0.2+3.conf"])
    }

    @Test func isNotPutWhereAnotherIsTheDefault() throws {
        var machine = try Self.machine(config: "timeout 5\n  default \"arch*\"\n")
        let refusal = HostReason.defaultInConfiguration("arch*")
        #expect(throws: HostRefusal(BootLoaderPlanner.installGoal, refusal)) {
            try BootLoaderPlanner.install(machine.state)
        }
        machine.state.boot.loaderConfig = ""
        try machine.perform(BootLoaderPlanner.install(machine.state))
        // Somebody says so afterwards.
        machine.state.boot.loaderConfig? += "default @saved\n"
        #expect(machine.state.boot.problem == .defaultInConfiguration("@saved"))
        #expect(machine.status.next == nil)
        #expect(throws: HostRefusal.self) { try BootLoaderPlanner.install(machine.state) }
        machine.state.boot.loaderConfig = "default imgbased-*\n#imgbased default arch*\n"
        #expect(throws: HostRefusal.self) { try machine.addLayer() }
        machine.state.boot.loaderConfig = ""
        machine.state.boot.loaderDefault = "arch.conf"
        #expect(throws: HostRefusal(BootLoaderPlanner.installGoal, .defaultInVariable("arch.conf"))) {
            try BootLoaderPlanner.install(machine.state)
        }
        #expect(machine.state.boot.problem == .defaultInVariable("arch.conf"))
        // A host that runs from a layer is told of it as well.
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: "Base-0.1")
        #expect(Self.problems(machine).contains("\(HostReason.defaultInVariable("arch.conf"))"))
    }

    /// Another line further down, as somebody adds it, counts instead of ours.
    @Test func theLastDefaultCounts() {
        var config = LoaderConfig("default imgbased-*\ndefault debian\n#default x\n")
        #expect(config.mode == .absent && config.otherDefault == "debian")
        config.set(.layers)
        #expect(config.text == "default imgbased-*\n#imgbased default debian\n#default x\n")
        config.set(.absent)
        #expect(config.text == "default debian\n#default x\n")
    }

    @Test func linesMayEndAsOnOtherSystems() {
        let text = "timeout 5\r\ndefault other.conf\r\n"
        var config = LoaderConfig(text)
        #expect(config.otherDefault == "other.conf")
        config.set(.layers)
        #expect(config.mode == .layers && config.otherDefault == nil)
        config.set(.absent)
        #expect(config.text == text)
    }
}
