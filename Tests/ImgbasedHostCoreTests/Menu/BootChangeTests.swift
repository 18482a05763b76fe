import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Changes by `imgbase boot` on a machine with three layers.
@Suite struct BootChangeTests {
    private static func machine(booted: String? = nil) throws -> FakeMachine {
        var machine = try FakeMachine.host(layers: 3)
        machine.settle(on: "Base-0.1")
        machine.state.booted = booted.map { VolumePath(group: FakeMachine.names.group, name: $0) }
        return machine
    }

    private static func change(_ machine: inout FakeMachine, _ changes: BootChange...) throws {
        for change in changes {
            let plan = try BootPlanner.plan(change, machine.state, names: FakeMachine.names)
            try machine.perform(plan)
            // The second run does nothing but tell.
            let again = try BootPlanner.plan(change, machine.state, names: FakeMachine.names)
            #expect(again.steps.allSatisfy { $0.verb == "tell" })
        }
    }

    private static func health(_ machine: FakeMachine, _ layer: String) -> LayerHealth? {
        BootPlanner.entries(machine.state.boot).first { $0.layer == layer }?.health
    }

    /// The layers in the order in which GRUB tries them after a failure.
    private static func loadOrder(_ machine: FakeMachine) -> [String] {
        (machine.state.boot.loaderScript ?? "").split(separator: "\n").filter {
            $0.hasPrefix("if imgbased_try ")
        }
        .map { String($0.split(separator: " ")[2].dropLast()) }
    }

    @Test func aTrialThatComesUpBecomesTheDefault() throws {
        var machine = try Self.machine(booted: "Base-0.3")
        try Self.change(&machine, .trial("Base-0.3", tries: 2))
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
        #expect(machine.state.boot.record.trial == BootRecord.Trial(layer: "Base-0.3", tries: 2))
        try Self.change(&machine, .good)
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.3", good: "Base-0.3"))
        #expect(Self.health(machine, "Base-0.3") == .good)
        #expect(Self.health(machine, "Base-0.1") == .unknown)
        #expect(
            Self.loadOrder(machine) == ["Base-0.3", "Base-0.2", "Base-0.1"])
    }

    /// A layer booted for inspection, or that could not be written, keeps its state.
    @Test func whatIsThrownAwayProvesNothing() throws {
        var machine = try Self.machine(booted: "Base-0.3")
        try Self.change(&machine, .trial("Base-0.3", tries: 2))
        machine.state.earlyBoot = HostStatus.EarlyBoot(
            layer: "Base-0.3", mode: .volatile, degraded: "the pool is full", fallbacks: [])
        let before = machine.state
        try Self.change(&machine, .good)
        #expect(machine.state == before)
        #expect(machine.journal == [.warning])
    }

    /// Our initramfs boots any volume that `root=` names, and the units of that system run.
    @Test func aSystemOnAVolumeThatIsNoLayerRecordsNothing() throws {
        var machine = try Self.machine()
        machine.state.root = VolumePath(group: "host", name: "root")
        let before = machine.state
        try Self.change(&machine, .started, .good, .bad("check 'x' failed"))
        #expect(machine.state == before)
        machine.state.root = nil
        #expect(
            reason { _ = try BootPlanner.plan(.good, machine.state, names: FakeMachine.names) }
                == .notOnALayer)
    }

    @Test func aTrialThatDoesNotComeUpIsOver() throws {
        var machine = try Self.machine(booted: "Base-0.3")
        try Self.change(&machine, .trial("Base-0.3", tries: 2), .bad("check 'x' failed"))
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
        #expect(machine.state.boot.record.trial?.triesLeft == 0)
        #expect(Self.health(machine, "Base-0.3") == .bad)
        let text = try #require(machine.state.boot.entries["Base-0.3"])
        #expect(BootEntry(layer: "Base-0.3", text: text)?.problem == "check 'x' failed")
        #expect(
            Self.loadOrder(machine) == ["Base-0.2", "Base-0.1", "Base-0.3"])
    }

    @Test func aDefaultThatFailsGivesWayToTheLastGoodLayer() throws {
        var machine = try Self.machine(booted: "Base-0.2")
        try Self.change(&machine, .good, .setDefault("Base-0.3"))
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: "Base-0.3")
        try Self.change(&machine, .bad())
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.2", good: "Base-0.2"))
    }

    /// No layer is known to be better: the default stays, and this is told.
    @Test func aDefaultThatFailsStaysWhereNothingIsBetter() throws {
        var machine = try Self.machine(booted: "Base-0.1")
        try Self.change(&machine, .good, .bad())
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.1"))
    }

    /// GRUB's part of a boot: takes a try away and gives the reason.
    private static func boot(_ machine: inout FakeMachine, _ layer: String, _ reason: BootReason) {
        var environment = GRUBEnvironment(machine.state.boot.environment ?? [])
        var record = machine.state.boot.record
        if reason == .trial { record.trial?.triesLeft -= 1 }
        record.write(to: &environment)
        machine.state.boot.environment = environment.block
        machine.state.boot.runningArguments = "ro rd.imgbased.reason=\(reason.rawValue)"
        machine.state.booted = VolumePath(group: FakeMachine.names.group, name: layer)
    }

    @Test(arguments: [
        // The default fails: back to the last good layer.
        (BootReason.default, 1, JournalMessage.Kind.goingBack), (.once, 1, .goingBack), (.menu, 0, .bad),
        (.rescue, 0, .bad),
    ])
    func goesBackOnceWhereNobodyIsThere(reason: BootReason, restarts: Int, kind: JournalMessage.Kind) throws {
        var machine = try Self.machine(booted: "Base-0.2")
        try Self.change(&machine, .good, .setDefault("Base-0.3"))
        Self.boot(&machine, "Base-0.3", reason)
        try Self.change(&machine, .bad(goesBack: true))
        #expect(machine.restarts == restarts)
        #expect(machine.journal.last == kind)
        // Picked again by a person: it stays.
        try machine.perform(
            BootPlanner.plan(.bad(goesBack: true), machine.state, names: FakeMachine.names))
        #expect(machine.restarts == restarts)
    }

    @Test func staysWhereNothingIsBetter() throws {
        var machine = try Self.machine(booted: "Base-0.1")
        for layer in ["Base-0.2", "Base-0.3", "Base-0.1"] {
            Self.boot(&machine, layer, .default)
            try Self.change(&machine, .bad())
        }
        machine.restarts = 0
        try Self.change(&machine, .trial("Base-0.2", tries: 1))
        Self.boot(&machine, "Base-0.2", .trial)
        try machine.perform(
            BootPlanner.plan(.bad(goesBack: true), machine.state, names: FakeMachine.names))
        #expect(machine.restarts == 0)
        let status = HostStatus(machine.state, names: FakeMachine.names)
        #expect(status.warnings.contains { $0.hasPrefix("layer 'Base-0.2' is bad") })
    }

    @Test func whatBecameOfTriesIsTold() throws {
        var machine = try Self.machine(booted: "Base-0.1")
        try Self.change(&machine, .good, .trial("Base-0.3", tries: 3))
        func story() -> [String] { HostStatus(machine.state, names: FakeMachine.names).warnings }
        #expect(story().isEmpty)
        // One try ends in the kernel; the others reach the system and are then cut off.
        Self.boot(&machine, "Base-0.3", .trial)
        for _ in 1...2 {
            Self.boot(&machine, "Base-0.3", .trial)
            try Self.change(&machine, .started)
        }
        let status = HostStatus(machine.state, names: FakeMachine.names)
        #expect(status.next == BootChoice(layer: "Base-0.1", reason: .default))
        Self.boot(&machine, "Base-0.1", .default)
        try Self.change(&machine, .started)
        #expect(
            story() == [
                "layer 'Base-0.3' did not come up in 3 of 3 tries: "
                    + "1 ended in the boot loader, the kernel or the initramfs, 2 came up and did not become healthy"
            ])
        // Another trial is a new story.
        try Self.change(&machine, .trial("Base-0.3", tries: 1))
        #expect(story().isEmpty)
    }

    @Test func triesThatWereLostAreToldWhileOthersAreLeftAndAfterwards() throws {
        var machine = try Self.machine(booted: "Base-0.1")
        try Self.change(&machine, .good, .trial("Base-0.3", tries: 3))
        func status() -> HostStatus { HostStatus(machine.state, names: FakeMachine.names) }
        let ends = "1 of 3 tries ended in the boot loader, the kernel or the initramfs"
        // One try ends in the kernel, and a person picks another layer.
        Self.boot(&machine, "Base-0.3", .trial)
        Self.boot(&machine, "Base-0.1", .menu)
        #expect(
            status().warnings.map { $0.contains("did not come up in 1 of 3 tries: 1 ended in") } == [true])
        // The next try is in progress, and not lost yet.
        Self.boot(&machine, "Base-0.3", .trial)
        #expect(status().triesLost == 1)
        try Self.change(&machine, .started)
        #expect(status().triesLost == 1 && status().trial?.triesLeft == 1)
        #expect(
            status().warnings == [
                "layer 'Base-0.3' did not come up in 1 of 3 tries: "
                    + "1 ended in the boot loader, the kernel or the initramfs"
            ])
        #expect(machine.journal.last == .warning)
        // The try succeeds.
        try Self.change(&machine, .good)
        #expect(status().trial == nil)
        #expect(status().warnings == ["layer 'Base-0.3' came up at last: \(ends)"])
        #expect(BootRecord(GRUBEnvironment(machine.state.boot.environment ?? [])).lost?.count == 1)
        // After the next good boot, the story is over.
        Self.boot(&machine, "Base-0.3", .default)
        try Self.change(&machine, .started)
        #expect(status().warnings.count == 1)
        try Self.change(&machine, .good)
        #expect(status().warnings.isEmpty)
    }

    @Test func whatABadLayerDidNotUseIsNotLost() throws {
        var machine = try Self.machine(booted: "Base-0.1")
        try Self.change(&machine, .good, .trial("Base-0.3", tries: 4))
        for isStarted in [false, true] {
            Self.boot(&machine, "Base-0.3", .trial)
            if isStarted { try Self.change(&machine, .started, .bad("check 'x' failed")) }
        }
        func warnings() -> [String] { HostStatus(machine.state, names: FakeMachine.names).warnings }
        let lost = "1 of 4 tries ended in the boot loader, the kernel or the initramfs"
        #expect(
            warnings() == [
                "layer 'Base-0.3' is bad: check 'x' failed", "layer 'Base-0.3' was on trial: \(lost)",
            ])
        Self.boot(&machine, "Base-0.1", .default)
        #expect(warnings() == ["layer 'Base-0.3' was tried and is bad: check 'x' failed; \(lost)"])
    }

    /// The boot loader then decides by itself.
    @Test func withoutThePieceInItsConfigurationNoLayerIsNext() throws {
        var machine = try Self.machine(booted: "Base-0.1")
        try Self.change(&machine, .good, .trial("Base-0.3", tries: 3))
        machine.state.boot.grubConfig = "set timeout=5\n"
        let status = HostStatus(machine.state, names: FakeMachine.names)
        #expect(status.next == nil)
        #expect(
            status.lines.contains {
                $0.hasPrefix("next boot:  what the boot loader has besides layers; GRUB's menu does not have")
            })
        machine.state.boot.loader = .systemdBoot
        machine.state.boot.loaderConfig = "timeout 3\n"
        #expect(HostStatus(machine.state, names: FakeMachine.names).next == nil)
    }

    /// A layer that a person boots by other means.
    @Test(arguments: [BootChange.started, .good, .bad(goesBack: true)])
    func withoutAnEntryThereIsNothingToRecord(change: BootChange) throws {
        var machine = try Self.machine(booted: "Base-0.3")
        machine.state.boot.entries["Base-0.3"] = nil
        func verbs() throws -> [String] {
            try BootPlanner.plan(change, machine.state, names: FakeMachine.names).steps.map(\.verb)
        }
        #expect(try verbs() == ["tell"])
        machine.state.boot.loader = nil
        #expect(try verbs() == ["tell"])
    }

    @Test func aDefaultThatIsSetComesBeforeATrial() throws {
        var machine = try Self.machine()
        try Self.change(&machine, .trial("Base-0.3", tries: 2), .setDefault("Base-0.2"))
        #expect(machine.state.boot.record == BootRecord(defaultLayer: "Base-0.2"))
    }

    @Test func onceIsRecordedBesideTheDefault() throws {
        var machine = try Self.machine()
        try Self.change(&machine, .once("Base-0.2"))
        #expect(machine.state.boot.record.defaultLayer == "Base-0.1")
        #expect(machine.state.boot.record.once == "Base-0.2")
    }

    @Test func argumentsAreOfOneLayer() throws {
        var machine = try Self.machine()
        let before = BootPlanner.entries(machine.state.boot)
        try Self.change(
            &machine, .arguments(of: "Base-0.2", add: ["console=ttyS0", "x=\"a b\""], remove: []))
        let words =
            BootPlanner.entries(machine.state.boot).first { $0.layer == "Base-0.2" }?.options.words ?? []
        #expect(words.suffix(2) == ["console=ttyS0", "x=\"a b\""])
        try Self.change(&machine, .arguments(of: "Base-0.2", add: [], remove: ["console", "x"]))
        #expect(BootPlanner.entries(machine.state.boot) == before)
    }

    private static func words(_ machine: FakeMachine, _ layer: String) -> [String] {
        BootPlanner.entries(machine.state.boot).first { $0.layer == layer }?.options.foreign.words ?? []
    }

    @Test(
        arguments: [
            // Quotes do not matter anywhere; neither do - and _ in a name.
            (["\"foo=a b\"", "foo=\"c\"", "food=1"], ["foo"], ["food=1"]),
            (["foo=\"a b\""], ["\"foo=a b\""], []),
            (["foo=a", "foo=b"], ["foo=a"], ["foo=b"]), (["a-b_c=1", "a_b"], ["a_b-c", "a-b"], []),
            (["a_b=x_y"], ["a_b=x-y"], ["a_b=x_y"]),
        ] as [([String], [String], [String])])
    func argumentsAreComparedAsTheKernelDoes(add: [String], remove: [String], left: [String]) throws {
        var machine = try Self.machine()
        try Self.change(&machine, .arguments(of: "Base-0.2", add: add, remove: []))
        #expect(Self.words(machine, "Base-0.2") == add)
        try Self.change(&machine, .arguments(of: "Base-0.2", add: [], remove: remove))
        #expect(Self.words(machine, "Base-0.2") == left)
    }

    @Test func whatIsAddedCounts() throws {
        var machine = try Self.machine()
        for word in ["x=1", "x=2", "\"x=1\""] {
            try Self.change(&machine, .arguments(of: "Base-0.2", add: [word], remove: []))
        }
        #expect(Self.words(machine, "Base-0.2") == ["x=2", "\"x=1\""])
    }

    /// The layer's arguments for its init program stay so; added arguments are the kernel's.
    @Test func initArgumentsStayBehind() throws {
        var machine = FakeMachine()
        machine.arguments = "quiet -- root=/dev/sdb single rd.imgbased.layer=x"
        try machine.initialize()
        try machine.addBase()
        try machine.addLayer()
        #expect(Self.words(machine, "Base-0.1") == ["quiet", "--", "single"])
        try Self.change(&machine, .arguments(of: "Base-0.1", add: ["x"], remove: []))
        #expect(Self.words(machine, "Base-0.1") == ["quiet", "x", "--", "single"])
        let menu = try #require(machine.state.boot.menu)
        let lines = menu.split(separator: "\n").filter { $0.contains("linux ") }
        #expect(!lines.isEmpty && lines.allSatisfy { $0.hasSuffix(" x ${imgbased_arguments} -- single") })
    }

    /// Like an image with initramfs-tools: its initramfs cannot find the layer.
    @Test func aLayerWithoutTheHelperIsNeitherAddedNorBooted() throws {
        var machine = try Self.machine()
        let initrd = "/imgbased/\(FakeMachine.kernel.digest)/initrd"
        machine.state.boot.withoutHelper = [initrd]
        for change in [BootChange.setDefault("Base-0.2"), .once("Base-0.2"), .trial("Base-0.2", tries: 1)] {
            let refusal = #expect(throws: HostRefusal.self) {
                try BootPlanner.plan(change, machine.state, names: FakeMachine.names)
            }
            #expect(refusal?.reason == .noHelper(layer: "Base-0.2", initrd: initrd))
        }
        try Self.change(&machine, .arguments(of: "Base-0.2", add: ["x"], remove: []))
        machine.helper = .absent
        let refusal = #expect(throws: HostRefusal.self) { try machine.addLayer() }
        #expect(refusal?.reason == .noHelper(layer: "Base-0.4", initrd: FakeMachine.kernel.initrd))
        // An unreadable initramfs is no refusal.
        machine.helper = .unknown("there is no lz4")
        try machine.addLayer()
        #expect(machine.journal.last == .warning && machine.state.boot.entries["Base-0.4"] != nil)
    }

    @Test func aLineLongerThanTheKernelTakesIsRefused() throws {
        var machine = try Self.machine()
        func reason(_ length: Int) -> HostReason? {
            let change = BootChange.arguments(
                of: "Base-0.2", add: [String(repeating: "x", count: length)], remove: [])
            do throws(HostRefusal) {
                _ = try BootPlanner.plan(change, machine.state, names: FakeMachine.names)
                return nil
            } catch {
                return error.reason
            }
        }
        #expect(reason(1_200) == nil)
        guard case .argumentsTooLong(of: "Base-0.2", let length, limit: 2047) = reason(2_000) else {
            return #expect(Bool(false), "2,000 bytes and what else there is")
        }
        #expect(reason(2_000 - (length - 2047)) == nil && reason(2_001 - (length - 2047)) != nil)
        // An image with such a line.
        machine.arguments = String(repeating: "a.parameter=value ", count: 212)
        let refusal = #expect(throws: HostRefusal.self) { try machine.addLayer() }
        #expect(refusal?.description.contains("arguments of 'Base-0.4' have") == true)
    }

    @Test(arguments: [
        "a b", "", "rd.imgbased.layer=x", "root=/dev/sda", "a\nb", "ro", "--", "\"--\"", "\"root=/dev/sdb1\"",
        "\"ro\"", "ro\"ot=/dev/sdb\"", "'root=/dev/sdb'", "r\\oot=/dev/sdb", "x\"\u{E0}root=/dev/sdb\"",
        "x\u{E0}root=/dev/sdb", "\"rd.imgbased.layer=Base-0.4\"",
        // An argument of a program that is no valid text.
        "a\u{FFFD}b",
    ])
    func refusesArguments(word: String) throws {
        let machine = try Self.machine()
        let change = BootChange.arguments(of: "Base-0.2", add: [word], remove: [])
        let refusal = #expect(throws: HostRefusal.self) {
            try BootPlanner.plan(change, machine.state, names: FakeMachine.names)
        }
        #expect(refusal?.reason == .badArgument(word))
    }

    @Test(arguments: [
        BootChange.once("Base-0"), .setDefault("Base-9.9"), .trial("Config", tries: 1), .good, .bad(),
        .started,
    ])
    func refusesWhatIsNoLayer(change: BootChange) throws {
        let machine = try Self.machine()
        #expect(throws: HostRefusal.self) {
            try BootPlanner.plan(change, machine.state, names: FakeMachine.names)
        }
    }
}
