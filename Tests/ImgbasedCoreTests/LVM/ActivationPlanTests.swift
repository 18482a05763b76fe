import Testing

@testable import ImgbasedCore

@Suite struct ActivationPlanTests {
    private func rendered(_ volume: String, _ edits: (String, String)...) throws -> [String] {
        try ActivationPlan(volume, in: Fixture.group(edits)).rendered { id in
            id.description == Fixture.disk ? "/dev/vda" : "?"
        }
    }

    /// The output of dmsetup after lvm2 activated the volume, in the form of a rendered plan.
    ///
    /// lvm2 created the devices in the order of their minor numbers.
    private func recorded(_ name: String) throws -> [String] {
        let devices = try Fixture.lines("\(name).info").map {
            $0.split(separator: ":", omittingEmptySubsequences: false)
        }
        .sorted { (Int($0[5]) ?? -1) < (Int($1[5]) ?? -1) }
        var names = ["254:0": "/dev/vda"]
        for device in devices { names["\(device[4]):\(device[5])"] = String(device[0]) }
        let tables = try Fixture.lines("\(name).table").map { line in
            line.split(separator: " ").map { names[String($0)] ?? String($0) }.joined(separator: " ")
        }
        return devices.flatMap { device in tables.filter { $0.hasPrefix("\(device[0]): ") } }
            + devices.map { "\($0[0]) uuid \($0[1]) \($0[3] == "Writeable" ? "rw" : "ro")" }
    }

    @Test(arguments: [("Base-0.1", "one"), ("Base-0", "base0"), ("pool", "poolonly")])
    func equalsWhatLVM2Made(volume: String, sample: String) throws {
        let expected = try recorded(sample)
        #expect(expected.count == 8)
        #expect(try rendered(volume) == expected)
    }

    @Test func togetherEqualTheWholeGroup() throws {
        let lines = try ["Base-0", "Base-0.1", "pool", "Config"].flatMap { try rendered($0) }
        #expect(Set(lines) == Set(try recorded("full")))
    }

    @Test func aProfileOfThePoolChangesNothing() throws {
        let profile = Fixture.adding("profile = \"imgbased-pool\"", to: "pool")
        #expect(try rendered("Base-0.1", profile) == rendered("Base-0.1"))
    }

    /// lvm2 reads this word, though it writes another.
    @Test func linearIsStripedOnce() throws {
        let linear = (
            "\"striped\" stripe_count = 1 stripes = [ \"pv0\", 1 ]",
            "\"linear\" stripe_count = 1 stripes = [ \"pv0\", 1 ]"
        )
        #expect(try rendered("Base-0.1", linear) == rendered("Base-0.1"))
    }

    @Test func hasRoles() throws {
        let plan = try ActivationPlan("Base-0.1", in: Fixture.group())
        #expect(plan.volumeGroupName == "HostVG")
        #expect(plan.volume == "Base-0.1")
        #expect(
            plan.devices.map(\.role) == [
                .poolMetadata, .poolData, .pool(transactionID: 2, mayLag: true), .volume,
            ])
    }

    @Test func makesOnlyTheVolumeReadOnly() throws {
        var plan = try ActivationPlan("Base-0.1", in: Fixture.group())
        plan.makeVolumeReadOnly()
        #expect(plan.devices.map(\.isReadOnly) == [false, false, false, true])
    }

    @Test func makesThePoolReadOnly() throws {
        let normal = try ActivationPlan("Base-0.1", in: Fixture.group())
        var plan = normal
        plan.makePoolReadOnly()
        #expect(plan.devices.map(\.isReadOnly) == [false, false, false, true])
        #expect(plan.devices[2].targets[0].arguments { _ in "?" } == "? ? 128 0 1 read_only")
        #expect(plan.devices[0] == normal.devices[0])
        #expect(plan.devices[1] == normal.devices[1])
        #expect(plan.devices[3].targets == normal.devices[3].targets)
    }

    @Test func showsThePoolMetadataAlone() throws {
        let plan = try ActivationPlan("Base-0.1", in: Fixture.group())
        #expect(plan.ofPoolMetadata.devices == [plan.devices[0]])
        #expect(try ActivationPlan("Config", in: Fixture.group()).ofPoolMetadata.devices == [])
    }

    /// Seen: `thin-pool 253:0 253:1 512 0 3 skip_block_zeroing ignore_discard error_if_no_space`.
    @Test(arguments: [
        ([], "128 0 0"),
        ([("zero_new_blocks = 1", "")], "128 0 1 skip_block_zeroing"),
        ([("zero_new_blocks = 1", "zero_new_blocks = 0")], "128 0 1 skip_block_zeroing"),
        ([("discards = \"passdown\"", "")], "128 0 1 ignore_discard"),
        ([("discards = \"passdown\"", "discards = \"ignore\"")], "128 0 1 ignore_discard"),
        ([("discards = \"passdown\"", "discards = \"nopassdown\"")], "128 0 1 no_discard_passdown"),
        ([("chunk_size = 128", "chunk_size = 512")], "512 0 0"),
        (
            [
                ("zero_new_blocks = 1", ""), ("discards = \"passdown\"", ""),
                ("chunk_size = 128", "chunk_size = 512"),
                (
                    "flags = [] creation_time = 1795384060 creation_host = \"(none)\" segment_count = 1 segment1 { "
                        + "start_extent = 0 extent_count = 256 type = \"thin-pool\"",
                    "flags = [\"ERROR_WHEN_FULL\"] segment_count = 1 segment1 { "
                        + "start_extent = 0 extent_count = 256 type = \"thin-pool\""
                ),
            ], "512 0 3 skip_block_zeroing ignore_discard error_if_no_space"
        ),
    ])
    func hasTheFeaturesOfThePool(edits: [(String, String)], expected: String) throws {
        let lines = try ActivationPlan("Base-0.1", in: Fixture.group(edits)).rendered { _ in "/dev/vda" }
        #expect(
            lines[2]
                == "HostVG-pool-tpool: 0 2097152 thin-pool HostVG-pool_tmeta HostVG-pool_tdata \(expected)")
    }

    /// A pool that never held a volume has no layer device (lvm2: lv_is_new_thin_pool), and can hold none.
    @Test func knowsNewPools() throws {
        let edit = ("transaction_id = 2", "transaction_id = 0")
        let lines = try rendered("pool", edit)
        #expect(lines[2].hasPrefix("HostVG-pool: 0 2097152 thin-pool HostVG-pool_tmeta "))
        #expect(lines[5].hasSuffix("-tpool rw"))
        #expect(lines.count == 6)
        // lvm2 makes a layer device for a volume, though it counts every volume that it makes (lv_layer).
        #expect(try rendered("Base-0.1", edit)[2].hasPrefix("HostVG-pool-tpool: 0 2097152 thin-pool "))
    }

    // MARK: Volumes on physical volumes

    private static let config =
        "segment_count = 1 segment1 { start_extent = 0 extent_count = 16 type = \"striped\" stripe_count = 1 "
        + "stripes = [ \"pv0\", 258 ] }"
    private static let second = Fixture.adding(
        "pv1 { id = \"\(String(repeating: "1", count: 32))\" status = [] dev_size = 4194304 pe_start = 4096 "
            + "pe_count = 511 }", to: "physical_volumes")

    /// Seen: `striped 2 128 254:0 534528 254:16 10240`.
    @Test func stripes() throws {
        let edit = (
            Self.config,
            "segment_count = 1 segment1 { start_extent = 0 extent_count = 16 type = \"striped\" stripe_count = 2 "
                + "stripe_size = 128 stripes = [\"pv0\", 65, \"pv1\", 1] }"
        )
        #expect(
            try rendered("Config", Self.second, edit)[0]
                == "HostVG-Config: 0 131072 striped 2 128 /dev/vda 534528 ? 12288")
    }

    private func segments(_ segments: String...) -> (String, String) {
        let sections = segments.enumerated().map {
            "segment\($0 + 1) { type = \"striped\" stripe_count = 1 \($1) }"
        }
        return (Self.config, "segment_count = \(segments.count) " + sections.joined(separator: " "))
    }

    @Test func hasATargetForEachSegment() throws {
        let edit = segments(
            "start_extent = 10 extent_count = 6 stripes = [\"pv0\", 400]",
            "start_extent = 0 extent_count = 10 stripes = [\"pv0\", 300]")
        #expect(
            try rendered("Config", edit).prefix(2) == [
                "HostVG-Config: 0 81920 linear /dev/vda 2459648",
                "HostVG-Config: 81920 49152 linear /dev/vda 3278848",
            ])
    }

    /// lvm2: lv_merge_segments.
    @Test func joinsSegmentsThatGoOn() throws {
        let first = "start_extent = 0 extent_count = 10 stripes = [\"pv0\", 300]"
        let next = "start_extent = 10 extent_count = 6 stripes = [\"pv0\", 310]"
        #expect(
            try rendered("Config", segments(first, next))[0]
                == "HostVG-Config: 0 131072 linear /dev/vda 2459648")
        #expect(try rendered("Config", segments(first, next)).count == 2)
        #expect(try rendered("Config", segments(first, next + " tags = [\"x\"]")).count == 3)
    }
}
