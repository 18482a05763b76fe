import Testing

@testable import ImgbasedCore

/// All metadata that make a volume not ours to activate.
///
/// Each case is the recorded group with one change.
@Suite struct ActivationRefusalTests {
    @Test func refusesNothingOfTheRecordedGroup() throws {
        for volume in ["Base-0.1", "Base-0", "Config", "pool"] {
            #expect(try Fixture.refusal(volume, []) == nil)
        }
    }

    @Test(arguments: [
        ("Base-9", "there is no volume 'Base-9' in volume group 'HostVG'"),
        ("pool_tdata", "volume 'HostVG/pool_tdata' is a part of another volume"),
        ("lvol0_pmspare", "volume 'HostVG/lvol0_pmspare' is a part of another volume"),
    ])
    func refusesVolumes(volume: String, reason: String) throws {
        #expect(try Fixture.refusal(volume, []) == reason)
    }

    /// A section with more or fewer values than we know.
    @Test(
        arguments: [
            (Fixture.adding("novelty = 1", to: "Base-0.1"), "Base-0.1' has 'novelty'"),
            (Fixture.adding("tags = [] tags = []", to: "Base-0.1"), "Base-0.1' has 'tags' twice"),
            (
                ("chunk_size = 128", "chunk_size = 128 chunk_size = 256"),
                "pool' has a segment with 'chunk_size' twice"
            ),
            (Fixture.adding("novelty = 1", to: "pool_tmeta"), "pool_tmeta' has 'novelty'"),
            (("\"pv0\", 1 ]", "\"pv0\", 1 ] novelty = 1"), "pool_tdata' has 'novelty'"),
            (("device_id = 2", "device_id = 2 novelty = 1"), "Base-0.1' has 'novelty'"),
            (
                Fixture.adding("segment2 { }", to: "pool_tdata"),
                "pool_tdata' has another number of segments than it says"
            ),
            (
                ("type = \"thin-pool\"", "type = \"thin-pool+NOVELTY\""),
                "pool' has a segment of type 'thin-pool+NOVELTY'"
            ),
            (("type = \"thin-pool\"", "type = \"cache-pool\""), "pool' has a segment of type 'cache-pool'"),
            (
                ("type = \"thin-pool\"", "kind = \"thin-pool\""),
                "pool' has a segment in which 'type' is missing in 'segment1'"
            ),
            (("chunk_size = 128", "chunk_size = 128 novelty = 1"), "pool' has 'novelty'"),
            (
                ("chunk_size = 128", "chunk_size = 128 message1 { novelty = 1 }"),
                "pool' has a segment in which 'message1' is a message that is not known"
            ),
            (
                ("chunk_size = 128", "chunk_size = 128 message1 { delete = 2 }"),
                "Base-0.1' is about to be removed from its thin pool"
            ),
            (("chunk_size = 128", "chunk_size = 127"), "pool' has a chunk size the kernel does not take"),
            (("chunk_size = 128", "chunk_size = 129"), "pool' has a chunk size the kernel does not take"),
            (("chunk_size = 128", "chunk_size = 2097280"), "pool' has a chunk size the kernel does not take"),
            (("chunk_size = 128", ""), "pool' has a segment in which 'chunk_size' is missing in 'segment1'"),
            (
                ("discards = \"passdown\"", "discards = \"often\""),
                "pool' has a segment in which 'discards' is 'often'"
            ),
            (
                ("transaction_id = 2", "transaction_id = -2"),
                "pool' has a segment in which 'transaction_id' is not a number in range"
            ),
            (("metadata = \"pool_tmeta\"", "metadata = \"nowhere\""), nil),
            (
                ("origin = \"Base-0\"", "external_origin = \"Config\""),
                "Config' is an external origin and not a read-only volume"
            ),
            (
                ("origin = \"Base-0\"", "external_origin = \"pool\""),
                "pool' is an external origin and not a read-only volume"
            ),
            (
                ("origin = \"Base-0\"", "external_origin = \"lvol0_pmspare\""),
                "lvol0_pmspare' is an external origin and not a read-only volume"
            ),
            (
                ("origin = \"Base-0\"", "external_origin = \"Base-0.1\""),
                "Base-0.1' is an external origin and not a read-only volume"
            ),
            (("origin = \"Base-0\"", "external_origin = \"Base-0\""), "pool_tmeta' is needed twice"),
            (("origin = \"Base-0\"", "merge = \"Base-0\""), "Base-0.1' is being merged into 'Base-0'"),
            (("device_id = 2", "device_id = 16777216"), "Base-0.1' has a device id the kernel does not take"),
            (("device_id = 2", ""), "Base-0.1' has a segment in which 'device_id' is missing in 'segment1'"),
            (
                ("thin_pool = \"pool\" transaction_id = 1", "thin_pool = \"Config\" transaction_id = 1"),
                "Config' is not a thin pool, and 'Base-0.1' is in it"
            ),
            (("\"pv0\", 1 ]", "\"pv0\", 256 ]"), "pool_tdata' goes beyond the end of a physical volume"),
            (
                ("\"pv0\", 1 ]", "\"pv0\", 4294967295 ]"),
                "pool_tdata' goes beyond the end of a physical volume"
            ),
            (
                ("\"pv0\", 1 ]", "\"pv0\", 4294967296 ]"),
                "pool_tdata' has a segment in which 'stripes' is not a list of names and extents"
            ),
            (
                ("\"pv0\", 1 ]", "\"Config\", 1 ]"),
                "pool_tdata' lies on 'Config', which is no physical volume"
            ),
            (
                ("\"pv0\", 1 ]", "\"pv0\", 1, \"pv0\", 2 ]"),
                "pool_tdata' has a segment in which 'stripes' does not hold 'stripe_count' areas"
            ),
            (
                ("pe_start = 2048", "pe_start = 9223372036854775807"),
                "pool_tmeta' goes beyond the end of a physical volume"
            ),
        ] as [((String, String), String?)])
    func refusesWhatItDoesNotUnderstand(edit: (String, String), reason: String?) throws {
        let expected =
            reason.map { "volume 'HostVG/" + $0 } ?? "there is no volume 'nowhere' in volume group 'HostVG'"
        #expect(try Fixture.refusal("Base-0.1", [edit]) == expected)
    }

    /// Where its extents begin cannot be told. Of a volume that is not on it, that is nobody's business.
    @Test func refusesADiskOfTwoNames() throws {
        func adding(_ id: String) -> (String, String) {
            Fixture.adding(
                "pv1 { id = \"\(id)\" status = [] dev_size = 4194304 pe_start = 4096 pe_count = 511 }",
                to: "physical_volumes")
        }
        #expect(
            try Fixture.refusal("Base-0.1", [adding(Fixture.disk)])
                == "physical volume \(Fixture.disk) of volume group 'HostVG' is there under two names")
        #expect(try Fixture.refusal("Base-0.1", [adding(String(repeating: "1", count: 32))]) == nil)
    }

    /// Values that lvm2 reads and that change no device.
    @Test(arguments: [
        ("\"pv0\", 1 ]", "\"pv0\", 1 ] reshape_count = 2 data_copies = 2"),
        Fixture.adding("profile = \"x\" lock_args = \"x\" allocation_policy = \"cling\"", to: "Base-0.1"),
    ])
    func passesOverWhatChangesNothing(edit: (String, String)) throws {
        #expect(
            try ActivationPlan("Base-0.1", in: Fixture.group(edit)).devices
                == ActivationPlan("Base-0.1", in: Fixture.group()).devices)
    }

    /// lvm2's text_export of vdo and vdo-pool segments; Debian's kernel lacks VDO to make real ones.
    @Test func refusesVDO() throws {
        let vdo = "type = \"vdo\" vdo_pool = \"vpool\" vdo_offset = 0"
        let pool = "type = \"vdo-pool\" data = \"vpool_vdata\" header_size = 1024 virtual_extents = 128"
        let edit = Fixture.addingVolume(
            Fixture.volume("V", segment: vdo) + Fixture.volume("vpool", segment: pool))
        #expect(try Fixture.refusal("V", [edit]) == "volume 'HostVG/V' has a segment of type 'vdo'")
        #expect(
            try Fixture.refusal("vpool", [edit]) == "volume 'HostVG/vpool' has a segment of type 'vdo-pool'")
    }

    /// lvm2 calls these statuses of a volume incompatible: every word matters.
    @Test(arguments: ["PVMOVE", "LOCKED", "NOVELTY", "CACHE_VOL"])
    func refusesStatus(word: String) throws {
        let old = "id = \"EY5bdt-XgVp-fFLT-ea6j-hS3U-UFOf-O2y6H4\" status = [\"READ\""
        #expect(
            try Fixture.refusal("Base-0.1", [(old, old + ", \"\(word)\"")])
                == "volume 'HostVG/Base-0.1' has the status \(word)")
        #expect(
            try Fixture.refusal("Base-0", [(old, old + ", \"\(word)\"")]) == nil,
            "another volume's is nobody's business")
    }

    @Test(
        arguments: [
            ("ACTIVATION_SKIP", nil), ("NOAUTOACTIVATE", nil), ("ERROR_WHEN_FULL", nil),
            ("WRITE_LOCKED", nil), ("NOVELTY", nil),
            ("CACHE_VOL", "volume 'HostVG/Base-0.1' has the flag CACHE_VOL"),
        ] as [(String, String?)])
    func refusesFlags(word: String, reason: String?) throws {
        let old = "O2y6H4\" status = [\"READ\", \"WRITE\", \"VISIBLE\"] flags = ["
        #expect(try Fixture.refusal("Base-0.1", [(old, old + "\"\(word)\"")]) == reason)
    }

    /// The kernel takes 16 GiB of pool metadata.
    ///
    /// Older versions of lvm2 take a little less, and make a shorter device.
    @Test func refusesMorePoolMetadataThanOlderLVM2() throws {
        let meta = "extent_count = 1 type = \"striped\" stripe_count = 1 stripes = [ \"pv0\", 257"
        func edits(_ extents: Int) -> [(String, String)] {
            [
                ("pe_count = 511", "pe_count = 9999"), ("dev_size = 4194304", "dev_size = 99999999"),
                (
                    meta,
                    "extent_count = \(extents) type = \"striped\" stripe_count = 1 stripes = [\"pv0\", 300"
                ),
            ]
        }
        func crop(_ flag: Int) -> [(String, String)] {
            [
                ("type = \"thin-pool\"", "type = \"thin-pool+CROP_METADATA\""),
                ("chunk_size = 128", "chunk_size = 128 crop_metadata = \(flag)"),
            ]
        }
        #expect(try Fixture.refusal("Base-0.1", edits(4049)) == nil)
        #expect(try Fixture.refusal("Base-0.1", edits(4049) + crop(0)) == nil)
        #expect(try Fixture.refusal("Base-0.1", edits(4047) + crop(1)) == nil)
        #expect(
            try Fixture.refusal("Base-0.1", edits(4049) + crop(1))
                == "volume 'HostVG/pool' has more metadata than older versions of LVM2 use")
    }

    @Test(arguments: [
        (Fixture.adding("novelty = 1", to: "pv0"), "has 'novelty'"),
        (("[\"ALLOCATABLE\"]", "[\"NOVELTY\"]"), "has the status NOVELTY"),
        (Fixture.adding("tags = [] tags = []", to: "pv0"), "has 'tags' twice"),
    ])
    func refusesPhysicalVolumes(edit: (String, String), reason: String) throws {
        #expect(
            try Fixture.refusal("Base-0.1", [edit])
                == "physical volume \(Fixture.disk) of volume group 'HostVG' \(reason)")
    }

    /// A disk may be longer than its extents.
    @Test func refusesExtentsThatAreNotThere() throws {
        #expect(
            try Fixture.refusal(
                "Config",
                [("pe_count = 511", "pe_count = 273")])
                == "volume 'HostVG/Config' goes beyond the end of a physical volume")
        #expect(try Fixture.refusal("Config", [("pe_count = 511", "pe_count = 274")]) == nil)
    }

    @Test(
        arguments: [
            (16, 2, 128, nil), (16, 2, 65536, nil), (15, 2, 128, "has stripes of unequal length"),
            (16, 2, 0, "has a stripe size the kernel does not take"),
            (16, 2, 131_072, "has a stripe size the kernel does not take"),
            (16, 3, 128, "has a segment in which 'stripes' does not hold 'stripe_count' areas"),
        ] as [(Int, Int, Int, String?)])
    func refusesStripes(extents: Int, count: Int, size: Int, reason: String?) throws {
        let old = "extent_count = 16 type = \"striped\" stripe_count = 1 stripes = [ \"pv0\", 258 ]"
        let new =
            "extent_count = \(extents) type = \"striped\" stripe_count = \(count) stripe_size = \(size) "
            + "stripes = [\"pv0\", 300, \"pv0\", 400]"
        #expect(try Fixture.refusal("Config", [(old, new)]) == reason.map { "volume 'HostVG/Config' \($0)" })
    }

    @Test func refusesAPoolLongerThanItsData() throws {
        let old = "extent_count = 256 type = \"thin-pool\""
        #expect(
            try Fixture.refusal("Base-0.1", [(old, "extent_count = 255 type = \"thin-pool\"")])
                == "volume 'HostVG/pool' is not as long as its data")
    }

    @Test(arguments: ["start_extent = 1", "start_extent = 4294967296", "start_extent = -1", ""])
    func refusesGaps(start: String) throws {
        let old = "start_extent = 0 extent_count = 16"
        let reason = try Fixture.refusal("Config", [(old, "\(start) extent_count = 16")])
        #expect(reason?.hasPrefix("volume 'HostVG/Config' has ") == true)
    }

    @Test func refusesDeviceMapperNamesThatAreTooLong() throws {
        let name = "a" + String(repeating: "-", count: 53) + "z"
        let long = String(repeating: "n", count: 120)
        #expect(try Fixture.refusal(long, [Fixture.addingVolume(Fixture.volume(long))]) == nil)
        let edit = Fixture.addingVolume(Fixture.volume(name))
        #expect(try Fixture.refusal(name, [edit]) == nil)
        #expect(
            try Fixture.refusal(name, [edit, ("HostVG {", "H-------------- {")])
                == "volume 'H--------------/\(name)' has too long a name for device-mapper")
    }
}
