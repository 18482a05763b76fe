import Testing

@testable import ImgbasedCore
@testable import ImgbasedHost
@testable import ImgbasedHostCore

/// The changes that a plan only shown would make.
@Suite struct OutlookTests {
    private static let names = HostNames(group: nil, pool: nil, in: HostState())

    private static func path(_ name: String) -> VolumePath { VolumePath(group: "HostVG", name: name) }

    @Test func whatWasShownIsNotShownAgain() throws {
        var state = HostState()
        state.volumes = ["Base-0", "Base-0.1", "Base-1", "Base-9"].map {
            Volume(path: Self.path($0), size: Bytes(0), tags: [], segmentType: "thin")
        }
        state.boot.entries = ["Base-0.1": "text"]
        var outlook = Outlook()
        var plan = Plan(goal: "test")
        plan.prepare = [.removeVolume(Self.path("Base-9"))]
        outlook.add(plan)
        let record = BootRecord(defaultLayer: "Base-1.1")
        let block = try BootPlanner.block(record, state.boot)
        plan.prepare = []
        plan.commit = [
            .replaceFile(path: "/boot/grub/imgbased.cfg", contents: Array("menu".utf8), isOnBoot: true),
            .recordBoot(record, path: "/boot/grub/imgbased.env", environment: block),
        ]
        plan.cleanup = [.removeVolume(Self.path("Base-0.1")), .removeVolume(Self.path("Base-0"))]
        outlook.add(plan)
        let after = outlook.applied(to: state, Self.names)
        #expect(after.volumes.map(\.name) == ["Base-1"])
        #expect(after.boot.entries.isEmpty)
        #expect(after.boot.menu == "menu")
        #expect(after.boot.record == record)
    }

    @Test func kernelsThatWouldBeGoneTakeNoSpace() {
        var state = HostState()
        state.boot.digests = ["a", "b"]
        state.boot.free = Bytes(0)
        var outlook = Outlook()
        var plan = Plan(goal: "test")
        plan.cleanup = [.removeBootFiles(["a"], directory: "/boot/imgbased")]
        outlook.add(plan)
        let after = outlook.applied(to: state, Self.names)
        #expect(after.boot.digests == ["b"])
        #expect(after.boot.free > Bytes(0))
    }

    @Test func onlyWhatChangesSomethingCounts() {
        let progress = SessionProgress()
        var plan = Plan(goal: "test")
        progress.note(done: plan)
        plan.prepare = [.checkScript(name: "x", "")]
        progress.note(done: plan)
        #expect(progress.plansDone == 0)
        plan.commit = [.removeVolume(Self.path("Base-0"))]
        progress.note(done: plan)
        progress.note(done: plan)
        #expect(progress.plansDone == 2)
        progress.note(undoneTo: 1)
        #expect(progress.plansDone == 1)
    }
}
