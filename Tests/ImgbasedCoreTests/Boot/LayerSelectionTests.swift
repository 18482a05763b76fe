import Testing

@testable import ImgbasedCore

@Suite struct LayerSelectionTests {
    /// Two bases; the first has a layer newer than all of the second's. A third base was removed.
    private static let volumes = [
        Fixture.volume("Base-1", tags: ["imgbased:base"], created: 100, status: "\"READ\", \"VISIBLE\""),
        Fixture.volume("Base-2", tags: ["imgbased:base"], created: 200, status: "\"READ\", \"VISIBLE\""),
        Fixture.volume("Base-3", tags: ["imgbased:base"], created: 900, status: "\"READ\", \"VISIBLE\""),
        Fixture.volume("Base-1.9", tags: ["imgbased:layer"], created: 110),
        Fixture.volume("Base-1.10", tags: ["imgbased:layer"], created: 110),
        Fixture.volume("Base-2.1", tags: ["imgbased:layer"], created: 210),
        Fixture.volume("Base-2.2", tags: ["imgbased:layer"], created: 205),
        Fixture.volume("Base-2.3", tags: ["imgbased:layer", "imgbased:building"], created: 999),
        Fixture.volume("odd", tags: ["imgbased:layer", "imgbased:of=Base-1"], created: 300),
        Fixture.volume("node-1-1+1", tags: ["imgbased:layer"], created: 50),
        Fixture.volume("plain", created: 1),
    ].joined()

    private static let tag = Fixture.adding("tags = [\"imgbased:vg\"]", to: "HostVG")

    private func group(_ volumes: String = volumes) throws -> VolumeGroup {
        try Fixture.group(Self.tag, Fixture.addingVolume(volumes))
    }

    private func request(_ text: String) -> BootRequest {
        BootRequest(commandLine: KernelCommandLine(text))
    }

    @Test(
        arguments: [
            ("rd.imgbased.layer=Base-1.9", nil, "Base-1.9", "Base-1"),
            ("rd.imgbased.layer=Base-2", nil, "Base-2.1", "Base-2"),
            ("rd.imgbased.layer=Base-1", nil, "odd", "Base-1"),
            ("rd.imgbased.layer=node-1-1", nil, "node-1-1+1", "node-1-1"),
            ("rd.imgbased.layer=latest", nil, "Base-2.1", "Base-2"),
            ("rd.imgbased.layer=previous", nil, "Base-2.2", "Base-2"),
            ("rd.imgbased.layer=previous", "Base-2.1", "Base-2.2", "Base-2"),
            ("rd.imgbased.layer=previous", "Base-2.2", "Base-1.10", "Base-1"),
            ("rd.imgbased.layer=previous", "Base-1.10", "Base-1.9", "Base-1"),
            ("rd.imgbased.layer=previous", "gone", "Base-2.2", "Base-2"),
            ("root=/dev/HostVG/Base-1.9", nil, "Base-1.9", "Base-1"),
            ("root=/dev/HostVG/Base-2", nil, "Base-2.1", "Base-2"),
            ("root=/dev/HostVG/plain", nil, "plain", nil),
            ("root=/dev/HostVG/Base-0.1", nil, "Base-0.1", "Base-0"),
        ] as [(String, String?, String, String?)])
    func chooses(text: String, defaultLayer: String?, volume: String, base: String?) throws {
        let selection = try LayerSelection(request(text), in: group(), defaultLayer: defaultLayer)
        #expect(selection.volume == volume)
        #expect(selection.base == base)
        #expect(selection.chosenBy == text)
        #expect(selection.fallbacks == [])
    }

    /// oVirt's imgbased tags the first base of a host as a layer.
    @Test(
        arguments: [
            ("img.bootid=node-4.5.1-1+1", "node-4.5.1-1+1"),
            (
                "root=/dev/HostVG/node-4.5.1-1+1 rd.lvm.lv=HostVG/node-4.5.1-1+1 rd.lvm.lv=HostVG/swap",
                "node-4.5.1-1+1"
            ),
            ("rd.imgbased.layer=latest", "node-4.5.2-1+1"),
            ("rd.imgbased.layer=previous", "node-4.5.1-1+1"),
            ("rd.imgbased.layer=node-4.5.1-1", "node-4.5.1-1+1"),
        ])
    func knowsTheLayersOfOVirt(text: String, volume: String) throws {
        let volumes = [
            Fixture.volume("root", tags: ["imgbased:init"], created: 100),
            Fixture.volume("node-4.5.1-1", tags: ["imgbased:layer"], created: 110),
            Fixture.volume("node-4.5.1-1+1", tags: ["imgbased:layer"], created: 110),
            Fixture.volume("node-4.5.2-1", tags: ["imgbased:base"], created: 210),
            Fixture.volume("node-4.5.2-1+1", tags: ["imgbased:layer"], created: 215),
        ].joined()
        #expect(try LayerSelection(request(text), in: group(volumes)).volume == volume)
        // Not even if nothing else is left of it.
        let rest = Fixture.volume("node-4.5.1-1", tags: ["imgbased:layer"], created: 110)
        #expect(throws: SelectionError.self) {
            try LayerSelection(request("rd.imgbased.layer=latest"), in: group(rest))
        }
    }

    @Test(
        arguments: [
            ("node-1-1", ["imgbased:layer"], .base), ("node-1-1+1", ["imgbased:layer"], .layer),
            ("Base-0", ["imgbased:base"], .base), ("odd", ["imgbased:layer"], .layer),
            ("odd", ["imgbased:base", "x"], .base),
            ("node-1-1", ["imgbased:layer", "imgbased:of=x-1-1"], .layer),
            ("node-1-1", ["imgbased:base", "imgbased:layer"], .base), ("root", ["imgbased:init"], nil),
        ] as [(String, [String], VolumeRole?)])
    func roles(name: String, tags: [String], role: VolumeRole?) {
        #expect(VolumeRole(name: name, tags: tags) == role)
    }

    /// As many removed bases as a disk can claim: each layer is visited once, not once for each other layer.
    @Test(.timeLimit(.minutes(5))) func endsWithManyLayers() throws {
        let volumes = (0..<4000).map {
            Fixture.volume("Base-\($0 + 9).1", tags: ["imgbased:layer"], created: $0 + 9)
        }
        let group = try group(volumes.joined())
        let selection = try LayerSelection(request("rd.imgbased.layer=latest"), in: group)
        #expect(selection.volume == "Base-4008.1")
        // The message stays short.
        do {
            _ = try LayerSelection(request("rd.imgbased.layer=x"), in: group)
            Issue.record("there is no such layer")
        } catch {
            #expect(error.reason.contains("it has 3980 older layers, Base-3989.1, Base-3990.1, "))
            #expect(error.reason.hasSuffix(", Base-4008.1"))
        }
    }

    private static let list = "it has node-1-1+1, Base-1.9, Base-1.10, Base-2.2, Base-2.1, odd"

    @Test(
        arguments: [
            (
                "rd.imgbased.layer=Base-9.9", nil,
                "there is no layer 'Base-9.9' in volume group 'HostVG'; \(list)"
            ),
            ("rd.imgbased.layer=Base-3", nil, "base 'Base-3' in volume group 'HostVG' has no layers"),
            (
                "rd.imgbased.layer=Base-2.3", nil,
                "volume 'Base-2.3' in volume group 'HostVG' was never completed; \(list)"
            ),
            (
                "root=/dev/HostVG/Base-2.3", nil,
                "volume 'Base-2.3' in volume group 'HostVG' was never completed; \(list)"
            ),
            (
                "rd.imgbased.layer=plain", nil,
                "volume 'plain' in volume group 'HostVG' is not a layer; \(list)"
            ),
            (
                "root=/dev/HostVG/pool", nil,
                "volume 'pool' in volume group 'HostVG' is a thin pool, not a layer; \(list)"
            ),
            (
                "rd.imgbased.layer=previous", "node-1-1+1",
                "there is no layer before 'node-1-1+1' in volume group 'HostVG'"
            ),
            (
                "rd.imgbased.layer=a rd.imgbased.fallback=Base-3", nil,
                "there is no layer 'a' in volume group 'HostVG'; \(list); "
                    + "base 'Base-3' in volume group 'HostVG' has no layers"
            ),
        ] as [(String, String?, String)])
    func explains(text: String, defaultLayer: String?, reason: String) throws {
        let group = try group()
        #expect(throws: SelectionError(reason: reason)) {
            try LayerSelection(request(text), in: group, defaultLayer: defaultLayer)
        }
    }

    @Test func explainsAnEmptyGroup() throws {
        let group = try Fixture.group(Self.tag)
        #expect(throws: SelectionError(reason: "there are no layers in volume group 'HostVG'")) {
            try LayerSelection(request("rd.imgbased.layer=latest"), in: group)
        }
        #expect(
            throws: SelectionError(
                reason: "there is no layer 'Base-9' in volume group 'HostVG'; it has no layers")
        ) { try LayerSelection(request("rd.imgbased.layer=Base-9"), in: group) }
    }

    /// The recorded group, made by lvm2 without tags: only names tell the kinds of volumes.
    @Test(arguments: [
        ("rd.imgbased.layer=Base-0.1", "Base-0.1"),
        ("rd.imgbased.layer=Base-0", "Base-0.1"),
        ("rd.imgbased.layer=latest", "Base-0.1"),
        ("rd.imgbased.layer=Config", "Config"),
        ("root=/dev/HostVG/Base-0", "Base-0"),
    ])
    func goesByNamesWhereNothingIsTagged(text: String, volume: String) throws {
        #expect(try LayerSelection(request(text), in: Fixture.group()).volume == volume)
    }

    @Test func fallsBack() throws {
        let request = request("rd.imgbased.layer=gone rd.imgbased.fallback=Base-3,Base-2,Base-2.1,Base-1.9")
        var selection = try LayerSelection(request, in: group())
        #expect(selection.volume == "Base-2.1")
        #expect(selection.chosenBy == "rd.imgbased.fallback=Base-2")
        #expect(selection.fallbacks.map(\.layer) == ["gone", "Base-3"])
        // Base-2.1 is not tried again, though requested by its own name.
        selection = try selection.next(after: "it cannot be mounted")
        #expect(selection.volume == "Base-1.9")
        #expect(selection.chosenBy == "rd.imgbased.fallback=Base-1.9")
        #expect(selection.fallbacks.last == SkippedLayer(layer: "Base-2.1", reason: "it cannot be mounted"))
        let last = selection
        let error = #expect(throws: SelectionError.self) { try last.next(after: "nor can it") }
        #expect(error?.reason.hasSuffix("it cannot be mounted; nor can it") == true)
    }

    /// A removed base is as old as its first layer, not as its last.
    @Test func knowsTheAgeOfRemovedBases() throws {
        let volumes = [
            Fixture.volume("Base-1.1", tags: ["imgbased:layer"], created: 10),
            Fixture.volume("Base-1.2", tags: ["imgbased:layer"], created: 99),
            Fixture.volume("Base-2.1", tags: ["imgbased:layer"], created: 20),
        ].joined()
        #expect(
            try LayerSelection(request("rd.imgbased.layer=latest"), in: group(volumes)).volume == "Base-2.1")
    }

    @Test func ordersByNameWhereTimesAreEqual() throws {
        let volumes = ["Base-9.1", "Base-10.2", "Base-10.10", "Base-10.9"].map {
            Fixture.volume($0, tags: ["imgbased:layer"], created: 5)
        }.joined()
        #expect(
            try LayerSelection(request("rd.imgbased.layer=latest"), in: group(volumes)).volume == "Base-10.10"
        )
    }
}
