import ImgbasedCore
import ImgbasedHostCore
import Testing

/// The programs run at an event, and their places in plans.
@Suite struct HooksTests {
    private static let vendor = "/usr/lib/imgbased/hooks.d/x"
    private static let local = "/etc/imgbased/hooks.d/x"

    private static func hooks(_ events: [HookEvent] = HookEvent.allCases) -> Hooks {
        var hooks = Hooks()
        for event in events {
            hooks.add(event, [Hooks.Listing(directory: "/hooks/\(event.rawValue)", names: ["a"])])
        }
        return hooks
    }

    private typealias Names = [String]

    /// The vendor's hooks, the administrator's, those masked; and the programs run, with their origin.
    private static let merges: [(Names, Names, Names, Names)] = [
        ([], [], [], []),
        (["10-b", "9-a"], [], [], ["v 9-a", "v 10-b"]),
        (["10-b", "20-c"], ["15-x", "10-b"], [], ["l 10-b", "l 15-x", "v 20-c"]),
        (["10-b", "20-c"], ["10-b"], ["10-b"], ["v 20-c"]),
        (["a~", "b.rpmnew", ".c", "d.dpkg-old", "e"], ["f.bak", "g"], [], ["v e", "l g"]),
        (["10-a.imgnew", "10-a.imgnew-2", "10-a"], ["b.imgnew", "imgnew"], [], ["v 10-a", "l imgnew"]),
    ]

    @Test(arguments: merges.indices) func theAdministratorsComeFirst(index: Int) {
        let (vendor, local, masks, names) = Self.merges[index]
        let expected = names.map { name in
            (name.hasPrefix("v") ? Self.vendor : Self.local) + "/" + name.dropFirst(2)
        }
        var hooks = Hooks()
        hooks.add(
            .rollback,
            [
                Hooks.Listing(directory: Self.vendor, names: vendor),
                Hooks.Listing(directory: Self.local, names: local, masks: Set(masks)),
            ])
        #expect(hooks[.rollback] == expected)
        #expect(hooks[.newBaseAdded].isEmpty)
        #expect(hooks.steps(.rollback, group: "g", base: nil).isEmpty == expected.isEmpty)
    }

    @Test func aMaskOfTheVendorIsOverridden() {
        var hooks = Hooks()
        hooks.add(
            .rollback,
            [
                Hooks.Listing(directory: Self.vendor, names: ["a", "b"], masks: ["a", "b"]),
                Hooks.Listing(directory: Self.local, names: ["a"]),
            ])
        #expect(hooks[.rollback] == ["\(Self.local)/a"])
    }

    @Test func tellsWhatItIsAbout() {
        let run = HookRun(
            event: .newLayerAdded, programs: ["/p"], group: "HostVG", base: "Base-0", layer: "Base-0.2",
            fromLayer: "Base-0.1", tree: nil)
        #expect(run.arguments == ["new-layer-added", "Base-0.2"])
        #expect(
            run.environment(tree: "/proc/1/fd/3").map { "\($0.name)=\($0.value)" } == [
                "IMGBASED_EVENT=new-layer-added", "IMGBASED_VG=HostVG", "IMGBASED_BASE=Base-0",
                "IMGBASED_LAYER=Base-0.2", "IMGBASED_FROM_LAYER=Base-0.1", "IMGBASED_TREE=/proc/1/fd/3",
            ])
        let base = HookRun(event: .newBaseAdded, programs: ["/p"], group: "HostVG", base: "Base-0")
        #expect(base.arguments == ["new-base-added", "Base-0"])
        #expect(
            base.environment(tree: nil).map(\.name) == ["IMGBASED_EVENT", "IMGBASED_VG", "IMGBASED_BASE"])
    }

    // MARK: plans

    @Test func aNewBaseIsSealedAfterItsHooks() throws {
        var machine = FakeMachine()
        try machine.initialize()
        machine.state.hooks = Self.hooks()
        let image = ImageDescription(
            path: "image", length: Bytes(1 << 30), allocated: nil, signature: FakeMachine.signature)
        let plan = try BasePlanner(name: nil, size: nil, image: image).plan(
            machine.state, names: FakeMachine.names
        ).0
        #expect(
            plan.steps.map(\.verb).suffix(4) == ["writeImage", "protectBase", "runHooks", "sealBase"])
        #expect(
            plan.lines().filter { $0.contains("lvchange") } == [
                "    + /usr/sbin/lvchange --permission r HostVG/Base-0",
                "    + /usr/sbin/lvchange --activate n HostVG/Base-0",
                "    + /usr/sbin/lvchange --setactivationskip y --addtag imgbased:base "
                    + "--addtag 'imgbased:sha256=<SHA-256 of the image>' --addtag 'imgbased:bytes=<bytes of the image>' "
                    + "--deltag imgbased:building HostVG/Base-0",
            ])
        // After hooks have looked into the base, its digest still holds.
        try machine.perform(plan)
        #expect(machine.hookRuns.map(\.event) == [.newBaseAdded])
        let base = try #require(machine.contents[VolumePath(group: "HostVG", name: "Base-0")])
        #expect(base.isWhole && !base.isWritable)
        #expect(plan.prepare.last?.verb == "runHooks")
        #expect(!plan.undo.isEmpty)
    }

    @Test func aNewLayerIsLookedIntoAfterItsHooks() throws {
        var machine = try RemovalTests.machine()
        let drafted = try LayerPlanner(source: nil, uuid: "u").begin(machine.state, names: FakeMachine.names)
        let contents = LayerContents(
            type: .xfs, fstab: [], release: OSRelease(""), arguments: nil, files: FakeMachine.kernel)
        let planner = LayerPlanner(source: nil, uuid: "u")
        #expect(
            try planner.furnish(drafted.1, machine.state, names: FakeMachine.names, contents: contents)
                == nil,
            "without hooks there is one plan")
        let whole = try planner.finish(
            drafted.1, machine.state, names: FakeMachine.names, contents: contents)
        machine.state.hooks = Self.hooks()
        let part = try #require(
            try planner.furnish(drafted.1, machine.state, names: FakeMachine.names, contents: contents))
        #expect(part.isContinued)
        #expect(part.undo == [.removeVolume(drafted.1.path)])
        guard case .runHooks(let run) = part.steps.last else {
            return #expect(Bool(false), "no hooks in \(part.steps.map(\.verb))")
        }
        #expect(run.layer == "Base-1.3" && run.base == "Base-1" && run.fromLayer == "Base-1.2")
        #expect(run.tree == HookRun.Tree(drafted.1.path, .xfs))
        var furnished = drafted.1
        furnished.isFurnished = true
        #expect(
            try planner.furnish(furnished, machine.state, names: FakeMachine.names, contents: contents) == nil
        )
        let rest = try planner.finish(
            furnished, machine.state, names: FakeMachine.names, contents: contents)
        #expect(Set(part.steps.dropLast() + rest.steps) == Set(whole.steps))
        #expect(rest.undo == whole.undo)
    }

    @Test func hooksOfARemoval() throws {
        var machine = try RemovalTests.machine()
        machine.state.hooks = Self.hooks()
        func told() -> [String] { machine.hookRuns.map { $0.arguments.joined(separator: " ") } }
        try machine.remove(.layer("Base-0.2"))
        #expect(told() == ["pre-layer-removed Base-0.2", "layer-removed Base-0.2"])
        machine.hookRuns = []
        let plan = try RemovalPlanner(.base("Base-1"), isForced: false).plan(
            machine.state, names: FakeMachine.names
        ).0
        #expect(
            plan.prepare.map(\.verb) == [
                "checkScript", "checkScript", "checkScript", "runHooks", "runHooks", "runHooks",
            ],
            "one that fails keeps everything as it is")
        try machine.remove(.base("Base-1"))
        #expect(
            told() == [
                "pre-base-removed Base-1", "pre-layer-removed Base-1.1", "pre-layer-removed Base-1.2",
                "layer-removed Base-1.1", "layer-removed Base-1.2",
            ])
    }

    @Test func whatIsBegunIsNotAskedForAgain() throws {
        var machine = try RemovalTests.machine()
        machine.state.hooks = Self.hooks()
        machine.power = 7
        #expect(throws: PowerCut.self) { try machine.remove(.base("Base-1")) }
        machine.power = .max
        #expect(machine.state.volumes.contains { $0.isMarkedForRemoval })
        machine.hookRuns = []
        var again = machine
        try again.remove(.base("Base-1"))
        #expect(again.hookRuns.map(\.event) == [.layerRemoved, .layerRemoved])
        try machine.recover()
        #expect(machine.hookRuns == again.hookRuns)
    }

    @Test func convergesWithHooks() throws {
        var start = try RemovalTests.machine()
        // Events after the fact are not reported again after a cut.
        start.state.hooks = Self.hooks(HookEvent.allCases.filter { !$0.isAfterwards })
        try PowerCuts.expectConvergence(from: start) { try $0.remove(.base("Base-1")) }
        try PowerCuts.expectConvergence(from: start) { try $0.addLayer() }
        try PowerCuts.expectConvergence(from: start) { try $0.addBase() }
    }
}
