import Testing

@testable import ImgbasedCore

/// Uses of a volume by other volumes of the group, which its own section does not show.
@Suite struct ActivationUsersTests {
    /// Two uses that a plain volume's own section does not show, and similar ones.
    @Test(
        arguments: [
            (
                "Base-0.1",
                "type = \"snapshot\" chunk_size = 8 origin = \"pool_tdata\" cow_store = \"Config\"",
                "pool_tdata' is used by 'other' (snapshot, origin)"
            ),
            (
                "Config", "type = \"snapshot\" chunk_size = 8 origin = \"x\" cow_store = \"Config\"",
                "Config' is used by 'other' (snapshot, cow_store)"
            ),
            (
                "Config", "type = \"snapshot\" chunk_size = 8 origin = \"x\" merging_store = \"Config\"",
                "Config' is used by 'other' (snapshot, merging_store)"
            ),
            (
                "Config",
                "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9 external_origin = \"Config\"",
                "Config' is an external origin and not a read-only volume"
            ),
            (
                "Base-0.1",
                "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9 external_origin = \"pool_tdata\"",
                "pool_tdata' is used by 'other' (thin, external_origin)"
            ),
            (
                "Base-0.1",
                "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9 external_origin = \"pool\"",
                "pool' is used by 'other' (thin, external_origin)"
            ),
            (
                "Config",
                "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9 merge = \"Config\"",
                "Config' is used by 'other' (thin, merge)"
            ),
            (
                "Base-0.1",
                "type = \"thin-pool\" metadata = \"x\" pool = \"pool_tdata\" transaction_id = 1 chunk_size = 128",
                "pool_tdata' is used by 'other' (thin-pool, pool)"
            ),
            (
                "Base-0.1",
                "type = \"thin-pool\" metadata = \"pool_tmeta\" pool = \"x\" transaction_id = 1 chunk_size = 128",
                "pool_tmeta' is used by 'other' (thin-pool, metadata)"
            ),
            (
                "Base-0.1", "type = \"cache\" cache_pool = \"c\" origin = \"pool_tdata\"",
                "pool_tdata' is used by 'other' (cache, origin)"
            ),
            (
                "Base-0.1", "type = \"raid1\" device_count = 2 raids = [\"m\", \"pool_tdata\"]",
                "pool_tdata' is used by 'other' (raid1, raids)"
            ),
            (
                "Base-0.1", "type = \"mirror\" mirror_count = 2 mirrors = [\"pool_tmeta\", 0]",
                "pool_tmeta' is used by 'other' (mirror, mirrors)"
            ),
            (
                "Config", "type = \"striped\" stripe_count = 1 stripes = [\"Config\", 0]",
                "Config' is used by 'other' (striped, stripes)"
            ),
            (
                "Config", "type = \"novelty\" deep { deeper { thing = \"Config\" } }",
                "Config' is used by 'other' (novelty, thing)"
            ),
            ("Base-0.1", "type = \"vdo\" pool = \"pool\"", "pool' is used by 'other' (vdo, pool)"),
            // Volumes that do not affect the target, or faults that affect only the other volume.
            (
                "Config",
                "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9 origin = \"Config\"",
                nil
            ),
            ("Config", "type = \"thin\" thin_pool = \"Config\" transaction_id = 1 device_id = 9", nil),
            (
                "Base-0.1",
                "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9 origin = \"Base-0.1\"",
                nil
            ),
            ("Base-0.1", "type = \"snapshot\" chunk_size = 8 origin = \"Config\" cow_store = \"cow\"", nil),
            (
                "Base-0.1",
                "type = \"thin\" thin_pool = \"pool\" transaction_id = 1 device_id = 9 external_origin = \"Config\"",
                nil
            ),
            ("Config", "type = \"raid1\" device_count = 2 raids = [\"a\", \"b\"]", nil),
            ("Config", "type = \"linear\" tags = [\"Config\"]", nil),
        ] as [(String, String, String?)])
    func refusesWhatOthersUse(volume: String, segment: String, reason: String?) throws {
        let edit = Fixture.addingVolume(Fixture.volume("other", segment: segment))
        #expect(try Fixture.refusal(volume, [edit]) == reason.map { "volume 'HostVG/" + $0 })
    }

    @Test func refusesChainsOfExternalOrigins() throws {
        let edits = [
            Fixture.readOnly("8jEFcq-lMCj-VUhA-bP0y-sQKC-Q4HR-JjdFhc"),
            ("origin = \"Base-0\"", "external_origin = \"Base-0\""),
            (
                "transaction_id = 0 device_id = 1",
                "transaction_id = 0 device_id = 1 external_origin = \"Config\""
            ),
        ]
        for volume in ["Base-0", "Base-0.1"] {
            #expect(
                try Fixture.refusal(volume, edits)
                    == "volume 'HostVG/Base-0' is an external origin and has one itself")
        }
        #expect(try Fixture.refusal("Config", edits) == nil)
    }
}
