import Testing

@testable import ImgbasedCore

@Suite struct VolumeGroupTests {
    @Test func readsTheRecordedGroup() throws {
        let group = try Fixture.group()
        #expect(group.name == "HostVG")
        #expect(group.id.description == "zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU")
        #expect(group.sequenceNumber == 11)
        #expect(group.extentSize == Sectors(8192))
        #expect(group.tags == [])
        #expect(group.systemID == nil)
        #expect(group.lockType == nil)
        #expect(group.refusal == nil)
        let disk = try #require(group.physicalVolume("pv0"))
        #expect(disk.id.description == Fixture.disk)
        #expect(disk.firstExtent == Sectors(2048))
        #expect(disk.extentCount == Extents(511))
        #expect(
            group.logicalVolumes.map(\.name) == [
                "pool", "Base-0", "Base-0.1", "Config", "lvol0_pmspare", "pool_tmeta", "pool_tdata",
            ])
        #expect(group.logicalVolumes.allSatisfy { $0.problems.isEmpty })
    }

    @Test func readsVolumes() throws {
        let group = try Fixture.group(Fixture.adding("tags = [\"imgbased:layer\", \"x\"]", to: "Base-0.1"))
        let layer = try #require(group.volume("Base-0.1"))
        #expect(layer.tags == ["imgbased:layer", "x"])
        #expect(layer.creationTime == 1_795_384_063)
        #expect(layer.extentCount == Extents(128))
        #expect(layer.isVisible && !layer.isReadOnly)
        #expect(
            layer.thin
                == Segment.Thin(
                    pool: "pool", deviceID: 2, origin: "Base-0", externalOrigin: nil, mergesInto: nil))
        #expect(group.volume("Base-0")?.isReadOnly == true)
        #expect(group.volume("pool_tmeta")?.isVisible == false)
        #expect(
            group.volume("pool")?.thinPool
                == Segment.ThinPool(
                    metadata: "pool_tmeta", data: "pool_tdata", transactionID: 2, chunkSize: Sectors(128),
                    discards: .passdown, zeroesNewBlocks: true, cropsMetadata: false, messages: []))
        #expect(group.volume("Base-9") == nil)
    }

    @Test func readsTagsOfTheGroup() throws {
        let group = try Fixture.group(Fixture.adding("tags = [\"imgbased:vg\"]", to: "HostVG"))
        #expect(group.tags == ["imgbased:vg"])
        #expect(group.refusal == nil)
    }

    /// A property of the whole group refuses the whole group.
    @Test(arguments: [
        ([("\"RESIZEABLE\"", "\"EXPORTED\", \"RESIZEABLE\"")], "is exported"),
        ([("\"RESIZEABLE\"", "\"CLUSTERED\", \"RESIZEABLE\"")], "is clustered"),
        ([("\"RESIZEABLE\"", "\"NOVELTY\", \"RESIZEABLE\"")], "has the status NOVELTY"),
        (
            [Fixture.adding("system_id = \"other\"", to: "HostVG")],
            "belongs to the host with system id 'other'"
        ),
        ([Fixture.adding("lock_type = \"sanlock\"", to: "HostVG")], "is shared with lock type 'sanlock'"),
        ([("format = \"lvm2\"", "format = \"lvm1\"")], "has the format 'lvm1'"),
    ])
    func refuses(edits: [(String, String)], reason: String) throws {
        let group = try Fixture.group(edits)
        #expect(group.refusal == Refusal("volume group 'HostVG' \(reason)"))
        #expect(throws: Refusal("volume group 'HostVG' \(reason)")) {
            try ActivationPlan("Base-0.1", in: group)
        }
    }

    @Test(arguments: [
        Fixture.adding("lock_type = \"none\"", to: "HostVG"),
        Fixture.adding("system_id = \"\"", to: "HostVG"),
        ("flags = [] extent", "flags = [\"NOAUTOACTIVATE\"] extent"),
        ("flags = [] extent", "flags = [\"WRITE_LOCKED\"] extent"),
        ("\"RESIZEABLE\"", "\"PVMOVE\", \"RESIZEABLE\""),
        Fixture.adding("profile = \"thin-performance\" lock_args = \"1.0.0:x\"", to: "HostVG"),
        Fixture.adding("historical_logical_volumes { old { id = \"x\" } }", to: "HostVG"),
        Fixture.adding("allocation_policy = \"cling\"", to: "HostVG"),
        Fixture.adding(
            "device_id_type = \"sys_serial\" device_id = \"1\" ba_start = 1 ba_size = 1", to: "pv0"),
    ])
    func accepts(edit: (String, String)) throws {
        let group = try Fixture.group(edit)
        #expect(group.refusal == nil)
        #expect(group.warnings == [])
        #expect(throws: Never.self) { try ActivationPlan("Base-0.1", in: group) }
    }

    private static let unread = "of volume group 'HostVG' is passed over: "

    /// Unknown values outside of the layer cause a warning and are skipped.
    @Test(arguments: [
        (Fixture.adding("novelty = 1", to: "HostVG"), "volume group 'HostVG' has 'novelty'"),
        (("flags = [] extent", "flags = [\"NOVELTY\"] extent"), "volume group 'HostVG' has the flag NOVELTY"),
        (
            ("\"RESIZEABLE\", \"READ\", \"WRITE\"", "\"RESIZEABLE\", \"READ\""),
            "volume group 'HostVG' is read-only"
        ),
        (
            (" Config {", " -Config {"),
            "volume '-Config' \(unread)'-Config' is no name for a volume: '-' is not allowed there; use letters, digits, "
                + "'_', '.', '+' and '-', but no '-' first"
        ),
        (
            Fixture.addingVolume("odd { status = [] }"),
            "volume 'odd' \(unread)'id' is missing in 'odd'"
        ),
        (
            Fixture.addingVolume(Fixture.volume("odd") + Fixture.volume("odd")),
            "volume 'odd' \(unread)it is there twice"
        ),
        (
            Fixture.adding("pv9 { id = \"odd\" }", to: "physical_volumes"),
            "physical volume 'pv9' \(unread)'id' of 'pv9' is not an identifier"
        ),
    ])
    func passesOver(edit: (String, String), warning: String) throws {
        let group = try Fixture.group(edit)
        #expect(group.refusal == nil)
        #expect(Set(group.warnings) == [warning])
        #expect(throws: Never.self) { try ActivationPlan("Base-0.1", in: group) }
    }

    /// Found by fuzzing: one of two volumes with the same name was chosen, and the other was checked.
    @Test func namesThatAreThereTwiceAreNobodys() throws {
        let volumes = ["odd", "odd", "other", "other"].map { Fixture.volume($0) }.joined()
        let group = try Fixture.group(Fixture.addingVolume(volumes))
        #expect(group.volume("odd") == nil && group.volume("other") == nil)
        #expect(group.warnings.count == 4)
    }

    /// An unreadable volume still counts as a user of the layer.
    @Test func aVolumeThatCannotBeReadMayUseTheLayer() throws {
        let odd = Fixture.addingVolume("odd { segment1 { type = \"snapshot\" origin = \"Base-0.1\" } }")
        #expect(
            try Fixture.refusal("Base-0.1", [odd])
                == "volume 'HostVG/Base-0.1' is used by 'odd' (snapshot, origin)")
        #expect(try Fixture.refusal("Base-0", [odd]) == nil)
    }

    /// Identifiers name devices in device-mapper: only the two volumes with the same one are refused.
    @Test func refusesIdentifiersOfOthers() throws {
        let edit = ("8jEFcq-lMCj-VUhA-bP0y-sQKC-Q4HR-JjdFhc", "EY5bdt-XgVp-fFLT-ea6j-hS3U-UFOf-O2y6H4")
        for volume in ["Config", "Base-0.1"] {
            #expect(
                try Fixture.refusal(volume, [edit])
                    == "volume 'HostVG/\(volume)' has the identifier of another volume")
        }
        #expect(try Fixture.refusal("Base-0", [edit]) == nil)
    }

    /// The lack of a required value is an error.
    @Test(arguments: [
        ("contents = \"Text Format Volume Group\"", ""), ("version = 1", "version = 2"),
        ("id = \"zrbkYh-jVie", "id = \"!"), ("seqno = 11", ""), ("seqno = 11", "seqno = -1"),
        ("seqno = 11", "seqno = 4294967296"), ("extent_size = 8192", "extent_size = 0"),
        ("extent_size = 8192", "extent_size = \"8192\""), (" HostVG {", " -HostVG {"),
        (" HostVG {", " Other { } HostVG {"), ("flags = [] extent", "flags = [1] extent"),
        ("seqno = 11", "seqno = 11 seqno = 12"),
    ])
    func rejects(old: String, new: String) throws {
        let text = try Fixture.text([(old, new)])
        #expect(throws: MetadataError.self) { try VolumeGroup(MetadataText(Array(text.utf8))) }
    }
}
