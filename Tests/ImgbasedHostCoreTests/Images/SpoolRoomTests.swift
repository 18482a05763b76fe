import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct SpoolRoomTests {
    private static let gibibyte: UInt64 = 1 << 30

    /// A pool of 64 KiB chunks, in the kernel's report.
    private static func room(_ data: String, metadata: String = "100/16384") throws -> Bytes {
        let status = try #require(ThinPoolStatus("2 \(metadata) \(data) - rw discard_passdown - 256"))
        let (usage, size) = try #require(PoolUsage.measured(status, chunkSize: Bytes(64 << 10)))
        return usage.room(of: size).bytes
    }

    @Test func theLesserOfBothCounts() throws {
        // 7.5 of 10 GiB are in use, and half a GiB stays free.
        let pool = try SpoolRoomTests.room("122880/163840")
        #expect(pool == Bytes(2 * SpoolRoomTests.gibibyte))
        let room = SpoolRoom(free: Bytes(4 * SpoolRoomTests.gibibyte), pool: pool)
        #expect(room.lack(for: Bytes(2 * SpoolRoomTests.gibibyte)) == nil)
        #expect(
            room.lack(for: Bytes(3 * SpoolRoomTests.gibibyte))
                == "whose thin pool lacks 1.00 GiB for it; remove a layer or base, or extend the pool")
        #expect(
            room.lack(for: Bytes(4 * SpoolRoomTests.gibibyte)) == "which lacks 64.00 MiB for it",
            "of the file system something stays free as well")
        #expect(SpoolRoom(free: room.free, pool: nil).lack(for: Bytes(3 << 30)) == nil)
        #expect(SpoolRoom(free: Bytes(.max), pool: nil).lack(for: Bytes(.max)) != nil)
    }

    @Test func aPoolWithoutMetadataHasNoRoom() throws {
        #expect(try SpoolRoomTests.room("1/163840", metadata: "16000/16384") == Bytes(0))
        #expect(try SpoolRoomTests.room("163840/163840") == Bytes(0))
        let full = SpoolRoom(free: Bytes(4 << 30), pool: Bytes(0))
        #expect(full.lack(for: Bytes(0)) == nil)
        #expect(full.lack(for: Bytes(1)) != nil)
        let failed = try #require(ThinPoolStatus("Fail"))
        #expect(PoolUsage.measured(failed, chunkSize: Bytes(64 << 10)) == nil)
    }
}
