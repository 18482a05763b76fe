import ImgbasedCore
import Testing

@testable import ImgbasedHostCore

/// Which archives are kept, and forgotten.
@Suite struct ArchivePlannerTests {
    private static func plan(
        _ offered: [PackageArchive], installed: [String], kept: [PackageArchive] = [], limit: UInt64 = 10_000,
        record: PackageRecord? = nil
    ) throws -> [Step] {
        ArchivePlanner.plan(
            offered.map { OfferedArchive(path: "/tmp/\($0.id.name).deb", $0) },
            installed: try PackageMaker.database(installed), kept: kept, limit: Bytes(limit), record: record
        ).steps
    }

    @Test func newPackagesAreKeptAndThoseOfTheBaseAreNot() throws {
        let (tool, ssl) = (try PackageMaker.archive("tool", "1"), try PackageMaker.archive("ssl", "2"))
        let steps = try Self.plan([tool, ssl], installed: ["ssl 1"])
        #expect(steps == [.keepArchive(from: "/tmp/tool.deb", as: tool)])
    }

    @Test func anotherVersionJoinsTheOneThatIsInstalled() throws {
        let one = try PackageMaker.archive("tool", "1")
        let two = try PackageMaker.archive("tool", "2", kept: 2)
        #expect(
            try Self.plan([two], installed: ["tool 1"], kept: [one])
                == [.keepArchive(from: "/tmp/tool.deb", as: two)])
        // At the next installation, the older one goes.
        let x = try PackageMaker.archive("x", "1", kept: 3)
        #expect(
            try Self.plan([x], installed: ["tool 2"], kept: [one, two])
                == [.removeFile(one.path), .keepArchive(from: "/tmp/x.deb", as: x)])
    }

    @Test func theArchiveOfARemovedPackageGoes() throws {
        let (tool, x) = (try PackageMaker.archive("tool", "1"), try PackageMaker.archive("x", "1"))
        #expect(try Self.plan([x], installed: [], kept: [tool]).first == .removeFile(tool.path))
    }

    /// The next update tries it again, and so does 'imgbase packages retry'.
    @Test func theArchiveOfAPackageThatAnUpdateCouldNotInstallStays() throws {
        let (tool, x) = (try PackageMaker.archive("tool", "1"), try PackageMaker.archive("x", "1"))
        let record = PackageRecord([PackageItem(tool.id, tool.version, .missing, "why")])
        #expect(
            try Self.plan([x], installed: [], kept: [tool], record: record)
                == [.keepArchive(from: "/tmp/x.deb", as: x)])
        // Its own installation, as retry runs it, does not remove it either.
        #expect(
            try Self.plan([tool], installed: [], kept: [tool], record: record).contains(
                .removeFile(tool.path)) == false)
    }

    @Test func beyondTheLimitTheOldestGoAndThisIsTold() throws {
        let kept = try (1...4).map { try PackageMaker.archive("k\($0)", "1", size: 300, kept: Int64($0)) }
        let new = try PackageMaker.archive("new", "1", size: 500, kept: 9)
        let steps = try Self.plan(
            [new], installed: ["k1 1", "k2 1", "k3 1", "k4 1"], kept: kept, limit: 1200)
        #expect(
            Array(steps.prefix(3)) == [
                .removeFile(kept[0].path), .removeFile(kept[1].path),
                .keepArchive(from: "/tmp/new.deb", as: new),
            ])
        guard case .tell(let messages, nil) = steps.last else { return #expect(Bool(false), "not told") }
        #expect(messages[0].text.hasSuffix("for their archives: k1, k2"))
        // One that is larger than the limit is not kept, and pushes nothing out.
        let huge = try PackageMaker.archive("huge", "1", size: 5000, kept: 9)
        let other = try Self.plan([huge], installed: ["k4 1"], kept: [kept[3]], limit: 1200)
        #expect(other.count == 1)
    }

    @Test func installedByHandAPackageIsRememberedAgain() throws {
        let tool = try PackageMaker.archive("tool", "1")
        let record = PackageRecord(forgotten: ["tool:amd64", "x:amd64"])
        #expect(
            try Self.plan([tool], installed: [], record: record).last
                == .recordPackages(PackageRecord(forgotten: ["x:amd64"])))
        // Forgotten while it was installed, and installed once more.
        #expect(
            try Self.plan([tool], installed: ["tool 1"], record: record).first
                == .keepArchive(from: "/tmp/tool.deb", as: tool))
    }

    @Test func anArchiveOfTheStoreIsNotCopiedOntoItself() throws {
        let tool = try PackageMaker.archive("tool", "1")
        let plan = ArchivePlanner.plan(
            [OfferedArchive(path: tool.path, tool)], installed: PackageDatabase(), kept: [tool],
            limit: Bytes(5000), record: nil)
        #expect(plan.steps == [])
    }

    @Test func forgottenPackagesAreToldNoMore() throws {
        let tool = try PackageMaker.archive("tool", "1")
        let record = PackageRecord([
            PackageItem(tool.id, tool.version, .missing, "why"),
            PackageItem(PackageName("x", "all"), tool.version, .missing, "why"),
        ])
        let plan = try ArchivePlanner.forget(["tool"], kept: [tool], record: record)
        guard case .recordPackages(let after) = plan.commit.first else {
            return #expect(Bool(false), "not recorded")
        }
        #expect(after.missing.map(\.name) == ["x"])
        #expect(after.forgotten == ["tool:amd64"])
        #expect(plan.cleanup == [.removeFile(tool.path)])
        #expect(throws: HostRefusal.self) {
            try ArchivePlanner.forget(["tool", "y"], kept: [tool], record: record)
        }
    }

    /// Wherever the power goes while archives are kept, each archive is there whole or not at all, and the
    /// next run ends as this one would have.
    @Test func anInterruptedRunIsFinishedByTheNext() throws {
        let kept = try (1...3).map { try PackageMaker.archive("k\($0)", "1", size: 300, kept: Int64($0)) }
        let new = try (1...2).map { try PackageMaker.archive("n\($0)", "1", size: 300, kept: 9) }
        var start = FakeMachine()
        for archive in kept { start.keptPaths[archive.path] = "before" }
        func run(_ machine: inout FakeMachine) throws {
            let names = machine.keptPaths.keys
            let there = (kept + new).filter { names.contains($0.path) }
            try machine.perform(
                ArchivePlanner.plan(
                    new.map { OfferedArchive(path: "/tmp/\($0.fileName)", $0) },
                    installed: try PackageMaker.database(["k1 1", "k2 1", "k3 1"]), kept: there,
                    limit: Bytes(1000), record: nil))
        }
        var whole = start
        try run(&whole)
        #expect(Set(whole.keptPaths.keys) == Set([kept[2], new[0], new[1]].map(\.path)))
        for steps in 0..<whole.stepsDone {
            var cut = start
            cut.power = steps
            #expect(throws: PowerCut.self) { try run(&cut) }
            cut.power = .max
            try run(&cut)
            #expect(cut.keptPaths == whole.keptPaths, "cut after \(steps)")
        }
    }
}
