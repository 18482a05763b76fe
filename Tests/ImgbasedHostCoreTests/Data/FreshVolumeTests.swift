import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Data volumes of a new host, which get the files of its first layer.
@Suite struct FreshVolumeTests {
    private static var requests: [DataRequest] {
        get throws {
            try ["/var/log/audit", "/home", "/var/log"].map {
                DataRequest(try #require(DataPlace($0)), size: Bytes(1 << 30), uuid: "data-uuid")
            }
        }
    }

    private static func path(_ name: String) -> VolumePath { VolumePath(group: "HostVG", name: name) }

    /// A machine without a layout, whose images have files.
    private static func machine() throws -> FakeMachine {
        var machine = FakeMachine()
        for (index, request) in try requests.enumerated() { machine.imageFiles[request.place] = [index] }
        return machine
    }

    private static func places(_ machine: FakeMachine, _ layer: String) -> [String] {
        FSTab(machine.contents[path(layer)]?.fstab ?? []).entries.map(\.target)
    }

    @Test func theFirstLayerFillsThem() throws {
        var machine = try Self.machine()
        try machine.initialize(volumes: Self.requests)
        let twice = machine
        try machine.initialize(volumes: Self.requests)
        (machine.power, machine.stepsDone) = (twice.power, twice.stepsDone)
        #expect(machine == twice)
        #expect(machine.state.attachedVolumes("HostVG").map(\.isFresh) == [true, true, true])
        try machine.addBase()
        try machine.addLayer()
        #expect(machine.state.attachedVolumes("HostVG").map(\.isFresh) == [false, false, false])
        #expect(machine.volumeFiles[Self.path("home")] == [1])
        #expect(machine.volumeFiles[Self.path("var-log")] == [2])
        #expect(machine.volumeFiles[Self.path("var-log-audit")] == [0])
        let contents = try #require(machine.contents[Self.path("Base-0.1")])
        #expect(contents.directories.isSuperset(of: ["/home", "/var/log", "/var/log/audit"]))
        #expect(
            Self.places(machine, "Base-0.1") == [
                "/", "/boot", "/config", "/home", "/var/log", "/var/log/audit",
            ])
        // The host itself runs from no layer, and mounts none of them.
        #expect(text(machine.state.config.fstab)?.contains("/home") == false)
        // The next layer finds files there, which are not its own.
        machine.volumeFiles[Self.path("home")] = [7]
        machine.clock += 1
        try machine.addLayer()
        #expect(machine.volumeFiles[Self.path("home")] == [7])
        #expect(Self.places(machine, "Base-0.2").contains("/home"))
    }

    @Test func whereverThePowerGoesAnotherRunEndsAsOneRun() throws {
        var machine = try Self.machine()
        try PowerCuts.expectConvergence(from: machine) { try $0.initialize(volumes: Self.requests) }
        try machine.initialize(volumes: Self.requests)
        try machine.addBase()
        machine.clock += 1
        try PowerCuts.expectConvergence(from: machine) { try $0.addLayer() }
    }

    @Test func anInstallationHasThem() throws {
        var machine = InstallPlanTests.machine("/dev/sdb")
        machine.imageFiles = try Self.machine().imageFiles
        try machine.install(volumes: Self.requests)
        #expect(machine.state.attachedVolumes("HostVG").map(\.isFresh) == [false, false, false])
        #expect(machine.volumeFiles[Self.path("var-log")] == [2])
        #expect(Self.places(machine, "Base-0.1").suffix(3) == ["/home", "/var/log", "/var/log/audit"])
    }

    @Test func whatCannotBeIsRefused() throws {
        var machine = try Self.machine()
        func refusal(_ text: String, size: UInt64 = 1 << 30, again: Bool = false) throws -> HostReason? {
            let request = DataRequest(try #require(DataPlace(text)), size: Bytes(size), uuid: "u")
            let before = machine
            let found = reason { try machine.initialize(volumes: again ? [request, request] : [request]) }
            #expect(machine == before)
            return found
        }
        let home = try #require(DataPlace("/home"))
        #expect(try refusal("/home", again: true) == .data(.twice(home)))
        #expect(
            try refusal("/home", size: 1)
                == .tooSmall(what: "a volume", size: Bytes(1), needed: DataPlanner.leastSize))
        guard case .data(.holdsLayersOwn) = try refusal("/var") else {
            Issue.record("/var is refused")
            return
        }
        try machine.initialize()
        try machine.addBase()
        try machine.addLayer()
        #expect(try refusal("/home") == .data(.hasLayers))
    }

    @Test func theProfiles() throws {
        #expect(DataProfile.minimal.volumes.isEmpty)
        let server = DataProfile.server.volumes
        #expect(
            server.map(\.place.text)
                == ["/home", "/tmp", "/var/crash", "/var/log", "/var/log/audit", "/var/tmp"])
        for (place, _) in server { #expect(throws: Never.self) { try place.check() } }
    }
}
