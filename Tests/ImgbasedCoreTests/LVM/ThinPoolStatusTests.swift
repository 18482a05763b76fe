import Testing

@testable import ImgbasedCore

@Suite struct ThinPoolStatusTests {
    @Test func readsTheRecordedStatus() throws {
        let line = try #require(try Fixture.lines("full.status").first { $0.contains("thin-pool") })
        let words = line.split(separator: " ").dropFirst(4).joined(separator: " ")
        let status = try #require(ThinPoolStatus(words))
        #expect(status.transactionID == 2)
        #expect(status.metadata == ThinPoolStatus.Usage(used: 115, total: 1024))
        #expect(status.data == ThinPoolStatus.Usage(used: 298, total: 16384))
        #expect(status.mode == .readWrite)
        #expect(!status.needsCheck)
        #expect(status.health(expectedTransactionID: 2, mayLag: false) == .good)
    }

    private static let features = "discard_passdown queue_if_no_space"

    @Test(
        arguments: [
            ("2 1/2 3/4 - rw \(features) - 256", .good),
            ("2 1/2 3/4 1234 rw ignore_discard error_if_no_space - 256", .good),
            ("2 1/2 3/4 - rw no_discard_passdown queue_if_no_space", .good),
            ("7 1/2 3/4 - rw \(features) - 256", .readOnly("the thin pool has transaction id 7, expected 2")),
            ("3 1/2 4/4 - ro \(features) - 256", .readOnly("the thin pool has transaction id 3, expected 2")),
            ("0 1/2 3/4 - rw \(features) - 256", .readOnly("the thin pool has transaction id 0, expected 2")),
            (
                "18446744073709551615 1/2 3/4 - rw \(features) - 256",
                .readOnly("the thin pool has transaction id 18446744073709551615, expected 2")
            ),
            ("2 1/2 3/4 - ro \(features) - 256", .readOnly("the thin pool is read-only")),
            (
                "2 1/2 3/4 - ro \(features) needs_check 256",
                .readOnly("the metadata of the thin pool needs a check; repair it with 'lvconvert --repair'")
            ),
            (
                "2 2/2 3/4 - rw \(features) - 256",
                .readOnly("the thin pool has no free metadata; extend it with 'lvextend --poolmetadatasize'")
            ),
            (
                "2 1/2 4/4 - out_of_data_space \(features) - 256",
                .full("the thin pool has no free data space; extend it with 'lvextend'")
            ),
            (
                "2 1/2 4/4 - rw \(features) - 256",
                .full("the thin pool has no free data space; extend it with 'lvextend'")
            ),
            ("Fail", .failed("the thin pool has failed")), ("Error", .failed("the thin pool has failed")),
        ] as [(String, PoolHealth)])
    func tellsHealth(line: String, health: PoolHealth) throws {
        let status = try #require(ThinPoolStatus(line))
        for mayLag in [true, false] {
            #expect(status.health(expectedTransactionID: 2, mayLag: mayLag) == health)
        }
    }

    /// lvm2 writes a change into its metadata before it tells the pool; a power cut can come between.
    @Test func aPoolMayLackTheLastChange() throws {
        let status = try #require(ThinPoolStatus("1 1/2 3/4 - rw \(Self.features) - 256"))
        #expect(status.health(expectedTransactionID: 2, mayLag: true) == .good)
        #expect(
            status.health(expectedTransactionID: 2, mayLag: false)
                == .failed("the volume is not in the thin pool yet: lvm2 was interrupted and must finish"))
        // lvm2 ignores the number if its own count is zero.
        #expect(status.health(expectedTransactionID: 0, mayLag: false) == .good)
        let readOnly = try #require(ThinPoolStatus("1 1/2 3/4 - ro \(Self.features) - 256"))
        #expect(
            readOnly.health(expectedTransactionID: 2, mayLag: true) == .readOnly("the thin pool is read-only")
        )
    }

    @Test(arguments: [
        "", "x", "2", "2 1/2 3/4 -", "2 1 3/4 - rw", "-2 1/2 3/4 - rw", "2 1/2 3/4 - wo", "Fail x",
    ])
    func rejects(line: String) {
        #expect(ThinPoolStatus(line) == nil)
    }
}
