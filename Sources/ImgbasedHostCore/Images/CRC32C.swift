import ImgbasedCore

/// The Castagnoli checksum in the superblocks of ext4 and XFS.
///
/// Format: RFC 3720, appendix B.4; linux: lib/crc/crc32-main.c. The bits are in reverse.
enum CRC32C {
    private static let polynomial: UInt32 = 0x82F6_3B78

    /// The checksum of `bytes`, started with ones and not inverted at the end.
    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 { sum = sum >> 1 ^ (sum & 1 == 0 ? 0 : polynomial) }
        }
        return sum
    }
}
