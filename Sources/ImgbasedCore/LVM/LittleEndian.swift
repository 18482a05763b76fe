// The numbers of labels and metadata areas, and the checksum over both.

extension RandomAccessCollection where Element == UInt8, Index == Int {
    /// The little-endian number of `MemoryLayout<T>.size` bytes at `offset`.
    ///
    /// The offset counts from the collection's start; `nil` if the collection does not hold all the bytes.
    package func littleEndian<T: FixedWidthInteger>(at offset: Int, as type: T.Type = T.self) -> T? {
        let size = MemoryLayout<T>.size
        guard offset >= 0, offset <= count - size else { return nil }
        var value: T = 0
        for index in (0..<size).reversed() {
            value = value << 8 | T(truncatingIfNeeded: self[startIndex + offset + index])
        }
        return value
    }

    /// Whether the bytes of `text` are at `offset`, counted from the start of the collection.
    package func has(_ text: StaticString, at offset: Int) -> Bool {
        guard offset >= 0, offset <= count - text.utf8CodeUnitCount else { return false }
        return text.withUTF8Buffer { self[(startIndex + offset)...].starts(with: $0) }
    }
}

/// The checksum of LVM2 labels and metadata (lvm2: lib/misc/crc.c).
///
/// CRC-32 with another first value and no final step.
struct LVMChecksum {
    private static let table: [UInt32] = (0..<256).map { byte in
        var remainder = UInt32(byte)
        for _ in 0..<8 {
            remainder = remainder & 1 == 1 ? remainder >> 1 ^ 0xEDB8_8320 : remainder >> 1
        }
        return remainder
    }

    /// The checksum of all bytes added so far.
    private(set) var value: UInt32 = 0xF597_A6CF

    /// The checksum of `bytes`.
    static func of(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var checksum = LVMChecksum()
        checksum.add(bytes)
        return checksum.value
    }

    /// Adds `bytes` to the checksum.
    mutating func add(_ bytes: some Sequence<UInt8>) {
        var crc = value
        LVMChecksum.table.withUnsafeBufferPointer { table in
            for byte in bytes {
                crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
            }
        }
        value = crc
    }
}
