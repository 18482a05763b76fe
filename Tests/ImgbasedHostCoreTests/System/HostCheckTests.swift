import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// What `imgbase check` finds, and the exit status that follows from it.
@Suite struct HostCheckTests {
    private static let pool = VolumePath(group: "HostVG", name: "ImagePool")

    /// A host with two layers, the first booted, and nothing wrong.
    private struct Subject {
        var state: HostState
        var menu = BootAudit.Findings()
        var facts = HostCheck.Facts()

        init() throws {
            var machine = try FakeMachine.host(layers: 2)
            machine.settle(on: "Base-0.1")
            machine.state.booted = VolumePath(group: "HostVG", name: "Base-0.1")
            machine.state.boot.grubConfig = ""
            machine.state.boot.grubScript = "set x=1\n"
            machine.state.boot.device = "/dev/sda2"
            try machine.perform(BootLoaderPlanner.install(machine.state))
            state = machine.state
            state.boot.largestPair = Bytes(60 << 20)
            menu.intact = state.boot.digests
            facts.growthThreshold = 80
            facts.monitored = [HostCheckTests.pool]
            facts.units = HostCheck.units.map {
                HostCheck.UnitState(name: $0, load: "loaded", activity: "inactive")
            }
            use(10, metadata: 10)
        }

        mutating func use(_ data: Double, metadata: Double) {
            for index in state.volumes.indices where state.volumes[index].path == HostCheckTests.pool {
                state.volumes[index].usage = PoolUsage(
                    data: data, metadata: metadata, metadataSize: Bytes(8 << 20), chunkSize: Bytes(64 << 10),
                    zeroes: true)
            }
        }

        var check: HostCheck { HostCheck(state, names: FakeMachine.names, menu: menu, facts) }
    }

    private static func check(_ change: (inout Subject) throws -> Void = { _ in }) throws -> HostCheck {
        var subject = try Subject()
        try change(&subject)
        return subject.check
    }

    @Test func aWholeHostIsOK() throws {
        let check = try Self.check()
        #expect(check.findings == [])
        #expect(check.status == 0 && check.worst == nil)
        #expect(
            check.lines == [
                "ok: group, pool, autoextend, menu, entries, kernels, helper, record, boot, conflicts, debris, "
                    + "mounts, units, settings"
            ])
    }

    @Test func aNoteDoesNotCount() throws {
        let check = try Self.check { $0.facts.growthThreshold = 100 }
        #expect(check.status == 0)
        #expect(check.lines.count == 2 && check.lines[0].hasPrefix("ok: "))
        #expect(
            check.lines[1].hasPrefix("note: autoextend: pool 'HostVG/ImagePool' does not grow by itself; "))
    }

    /// Each change breaks one thing.
    private static let faults:
        [(name: String, area: Finding.Area, status: Int32, @Sendable (inout Subject) throws -> Void)] =
            [
                ("no group", .group, 2, { $0.state.groups = [] }),
                ("a lost disk", .group, 2, { $0.facts.missingDisks = ["HostVG": 1] }),
                ("no tag", .group, 1, { $0.state.groups[0].tags = [] }),
                ("no pool", .pool, 2, { $0.state.volumes.removeAll { $0.path == pool } }),
                ("a failed pool", .pool, 2, { $0.facts.health = [pool: "failed"] }),
                ("a fuller pool", .pool, 1, { $0.use(80, metadata: 10) }),
                ("a full pool", .pool, 2, { $0.use(95, metadata: 10) }),
                ("full metadata", .pool, 2, { $0.use(10, metadata: 99) }),
                ("nobody watches", .autoextend, 1, { $0.facts.monitored = [] }),
                ("nothing to grow into", .autoextend, 1, { $0.state.groups[0].free = Bytes(0) }),
                ("a lost menu", .menu, 2, { $0.state.boot.grubConfig = "" }),
                ("no loader", .menu, 2, { $0.state.boot.loader = nil }),
                (
                    "a layer beside the default without modules", .kernels, 1,
                    { $0.menu.modules["Base-0.2"] = ["6.0"] }
                ),
                ("the default without modules", .kernels, 2, { $0.menu.modules["Base-0.1"] = ["6.0"] }),
                ("no room for a kernel", .kernels, 1, { $0.state.boot.free = Bytes(1 << 20) }),
                (
                    "an entry without a kernel", .entries, 1,
                    { $0.state.boot.entries["Base-0.2"] = "title x" }
                ),
                ("no record", .record, 2, { $0.state.boot.environment = [] }),
                ("an open conflict", .conflicts, 1, { $0.facts.unsettled = ["/etc/x"] }),
                ("/boot away", .mounts, 2, { $0.state.boot.isMissing = true }),
                ("/boot on the root", .mounts, 2, { $0.state.boot.prefix = "/boot" }),
                ("/config away", .mounts, 1, { $0.state.config.isMounted = false }),
                ("no systemd", .units, 1, { $0.facts.units = nil }),
                ("a masked unit", .units, 1, { $0.facts.units?[2].load = "masked" }),
                ("a missing unit", .units, 1, { $0.facts.units?[2].load = "not-found" }),
                ("a failed unit", .units, 1, { $0.facts.units?[2].activity = "failed" }),
                ("bad settings", .settings, 1, { $0.facts.settingsProblem = "line 1" }),
                ("a bad carry", .boot, 1, { $0.state.carried = nil }),
            ]

    @Test(arguments: faults.indices) func faultsAreFound(index: Int) throws {
        let fault = Self.faults[index]
        let check = try Self.check(fault.3)
        let findings = check.findings.filter { $0.area == fault.area && $0.weight != .note }
        #expect(!findings.isEmpty, "\(fault.name): \(check.lines)")
        #expect(check.status == fault.status, "\(fault.name): \(check.lines)")
        // Each says what to do.
        #expect(
            check.findings.allSatisfy {
                $0.remedy != nil || $0.problem.contains("; ")
                    || [.boot, .settings, .units, .mounts].contains($0.area)
            }, "\(check.lines)")
        #expect(check.lines.allSatisfy { !$0.contains("\n") && !$0.hasSuffix(".") })
    }

    @Test func theMostImportantComesFirst() throws {
        let check = try Self.check {
            $0.facts.growthThreshold = 100
            $0.facts.units = nil
            $0.use(99, metadata: 10)
        }
        #expect(check.findings.map(\.weight) == [.critical, .warning, .note])
        #expect(
            check.lines.first
                == "critical: pool: pool 'HostVG/ImagePool' is 99% full; remove a layer or base, "
                + "or extend the pool")
    }

    @Test func debrisIsTreatedByRecover() throws {
        let check = try Self.check { subject in
            var volume = Volume(
                path: VolumePath(group: "HostVG", name: "Base-1"), size: Bytes(1 << 30), tags: [Tag.building],
                segmentType: "thin")
            volume.pool = "ImagePool"
            subject.state.volumes.append(volume)
        }
        #expect(
            check.lines == [
                "warning: debris: volume 'HostVG/Base-1' was never completed; finish or remove it with 'imgbase recover'"
            ])
    }

    @Test func aTornGroupIsTheOnlyFinding() {
        let check = HostCheck(withoutGroup: .tornGroup("HostVG"), everHadLayers: true)
        #expect(check.status == 2)
        #expect(check.lines == ["critical: group: \(HostReason.tornGroup("HostVG"))"])
        let new = HostCheck(withoutGroup: .noGroup("HostVG"), everHadLayers: false)
        #expect(new.status == 1)
        #expect(new.lines == ["warning: group: \(HostReason.noGroup("HostVG"))"])
    }
}
