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
        #expect(status.refusal(expectedTransactionID: 2) == nil)
    }

    @Test(
        arguments: [
            ("2 1/2 3/4 - rw discard_passdown queue_if_no_space - 256", nil),
            ("2 1/2 3/4 1234 rw ignore_discard error_if_no_space - 256", nil),
            ("2 1/2 3/4 - rw no_discard_passdown queue_if_no_space", nil),
            (
                "7 1/2 3/4 - rw discard_passdown queue_if_no_space - 256",
                "the thin pool has transaction id 7, expected 2"
            ),
            (
                "1 1/2 3/4 - rw discard_passdown queue_if_no_space - 256",
                "the thin pool has transaction id 1, expected 2"
            ),
            ("2 1/2 3/4 - ro discard_passdown queue_if_no_space - 256", "the thin pool is read-only"),
            (
                "2 1/2 3/4 - ro discard_passdown queue_if_no_space needs_check 256",
                "the thin pool needs a check of its metadata"
            ),
            (
                "2 1/2 4/4 - out_of_data_space discard_passdown queue_if_no_space - 256",
                "the thin pool is out of data space"
            ),
            ("Fail", "the thin pool has failed"), ("Error", "the thin pool has failed"),
        ] as [(String, String?)])
    func refuses(line: String, reason: String?) throws {
        let status = try #require(ThinPoolStatus(line))
        #expect(status.refusal(expectedTransactionID: 2)?.reason == reason)
    }

    @Test(arguments: [
        "", "x", "2", "2 1/2 3/4 -", "2 1 3/4 - rw", "-2 1/2 3/4 - rw", "2 1/2 3/4 - wo", "Fail x",
    ])
    func rejects(line: String) {
        #expect(ThinPoolStatus(line) == nil)
    }
}
