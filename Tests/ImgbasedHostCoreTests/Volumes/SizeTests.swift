import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct SizeTests {
    @Test(
        arguments: [
            ("1G", 1 << 30), ("512M", 512 << 20), ("1GiB", 1 << 30), ("1073741824", 1 << 30), ("4096b", 4096),
            ("2s", 1024), ("1.5G", 3 << 29), ("0.25m", 1 << 18), ("1T", 1 << 40), ("3k", 3072), ("0", 0),
        ] as [(String, UInt64)])
    func parses(text: String, count: UInt64) throws {
        #expect(try Bytes(parsing: text) == Bytes(count))
    }

    @Test(arguments: [
        "", "G", "1X", "-1G", "1GB", "1.G", ".5G", "1.2.3G", "1 G", "99999999999999999999", "9999999P", "١G",
        "1.1234567G", "1e9", "0x10",
    ])
    func refuses(text: String) {
        #expect(throws: SizeError(text: text)) { try Bytes(parsing: text) }
    }

    @Test(
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (3 << 29, "1.50 GiB"), (1 << 62, "4096.00 PiB"),
            ((1 << 30) + (5 << 20), "1.00 GiB"),
        ] as [(UInt64, String)])
    func formats(count: UInt64, text: String) {
        #expect(Bytes(count).formatted == text)
    }

    @Test func rounds() {
        #expect(Bytes(5).roundedUp(to: Bytes(4)) == Bytes(8))
        #expect(Bytes(8).roundedUp(to: Bytes(4)) == Bytes(8))
        #expect(Bytes(7).roundedDown(to: Bytes(4)) == Bytes(4))
        #expect(Bytes(7).roundedUp(to: Bytes(0)) == Bytes(7))
    }

    @Test(arguments: [
        ("6.1.0-9", "6.1.0-10"), ("6.1.0-9-amd64", "6.10.0-1-amd64"), ("Base-0.2", "Base-0.10"), ("a", "ab"),
        ("1", "01"), ("a9z", "a10"), ("99999999999999999998", "99999999999999999999"), ("5.10", "6"),
    ])
    func ordersNaturally(smaller: String, larger: String) {
        #expect(NaturalOrder.precedes(smaller, larger) != NaturalOrder.precedes(larger, smaller))
        if smaller != "1" { #expect(NaturalOrder.precedes(smaller, larger)) }
        #expect(!NaturalOrder.precedes(smaller, smaller))
    }
}
