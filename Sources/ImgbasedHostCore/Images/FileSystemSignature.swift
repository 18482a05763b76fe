public import ImgbasedCore

/// The description of a file system from the first bytes of an image.
///
/// blkid(8) of util-linux 2.38 tells neither the size nor a pending journal, and accepts a superblock with a
/// wrong checksum.
public struct FileSystemSignature: Hashable, Sendable {
    /// The number of bytes to read from an image.
    public static let length = 65536

    /// The type of the file system.
    public var type: FileSystemType
    /// The size of the file system in bytes; the image may be larger.
    public var size: Bytes
    /// Whether the superblock reports a journal that was not replayed, as in a mounted file system. XFS
    /// reports it only in its log.
    public private(set) var hasPendingJournal = false
    /// Whether the superblock does not match its own checksum: it was changed by accident or by hand.
    public private(set) var isDamaged = false
    /// The log of XFS; `nil` if the file system has none inside.
    public private(set) var log: XFSLog?

    /// Reads the superblock in `head`, the first ``length`` bytes; `nil` if it is of no known type.
    ///
    /// Formats: Linux Documentation/filesystems/ext4/super.rst; xfs: `struct xfs_dsb`; their checksums:
    /// fs/ext4/super.c, ext4_superblock_csum; fs/xfs/libxfs/xfs_cksum.h.
    public init?(_ head: [UInt8]) {
        if let size = FileSystemSignature.ext4Size(head) {
            self.type = .ext4
            self.size = size
            // EXT4_FEATURE_INCOMPAT_RECOVER
            hasPendingJournal = FileSystemSignature.little(head, 1024 + 0x60, 4) & 0x4 != 0
            isDamaged = FileSystemSignature.isDamagedExt4(head[1024..<2048])
        } else if let size = FileSystemSignature.xfsSize(head) {
            self.type = .xfs
            self.size = size
            log = FileSystemSignature.xfsLog(head, size)
            isDamaged = FileSystemSignature.isDamagedXFS(head)
        } else {
            return nil
        }
    }

    private static func ext4Size(_ head: [UInt8]) -> Bytes? {
        let start = 1024
        guard head.count >= start + 1024, little(head, start + 0x38, 2) == 0xEF53 else { return nil }
        let has64Bits = little(head, start + 0x60, 4) & 0x80 != 0
        let blocks = little(head, start + 0x4, 4) | (has64Bits ? little(head, start + 0x150, 4) << 32 : 0)
        let logarithm = little(head, start + 0x18, 4)
        guard logarithm <= 6, blocks > 0 else { return nil }
        return product(blocks, 1024 << logarithm)
    }

    private static func isDamagedExt4(_ block: ArraySlice<UInt8>) -> Bool {
        let block = Array(block)
        // EXT4_FEATURE_RO_COMPAT_METADATA_CSUM
        guard little(block, 0x64, 4) & 0x400 != 0 else { return false }
        return little(block, 0x3FC, 4) != UInt64(CRC32C.of(block[..<0x3FC]))
    }

    private static func isDamagedXFS(_ head: [UInt8]) -> Bool {
        // Checksums begin with version 5; they cover a sector, with zeros in their own place.
        let (version, length) = (big(head, 100, 2) & 0xF, Int(big(head, 102, 2)))
        guard version >= 5 else { return false }
        guard (512...32768).contains(length), length <= head.count else { return true }
        let sector = head[..<224] + [0, 0, 0, 0] + head[228..<length]
        return little(head, 224, 4) != UInt64(~CRC32C.of(sector))
    }

    private static func xfsSize(_ head: [UInt8]) -> Bytes? {
        guard head.count >= 512, head[..<4].elementsEqual("XFSB".utf8) else { return nil }
        let blockSize = big(head, 4, 4)
        let blocks = big(head, 8, 8)
        guard (512...65536).contains(blockSize), blocks > 0 else { return nil }
        return product(blocks, blockSize)
    }

    private static func xfsLog(_ head: [UInt8], _ size: Bytes) -> XFSLog? {
        // A block number consists of a group and the block's place in it.
        let (place, bits) = (big(head, 48, 8), UInt64(head[124]))
        guard place > 0, bits < 32 else { return nil }
        let block = (place >> bits).multipliedReportingOverflow(by: big(head, 84, 4))
        let blockSize = big(head, 4, 4)
        guard !block.overflow, block.partialValue < size.count / blockSize,
            let start = product(block.partialValue + place & (1 << bits - 1), blockSize),
            let length = product(big(head, 96, 4), blockSize),
            start < size, length.count > 0, length.count <= size.count - start.count
        else { return nil }
        return XFSLog(start: start, length: length)
    }

    private static func product(_ a: UInt64, _ b: UInt64) -> Bytes? {
        let (count, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? nil : Bytes(count)
    }

    private static func little(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        bytes[offset..<(offset + count)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private static func big(_ bytes: [UInt8], _ offset: Int, _ count: Int) -> UInt64 {
        bytes[offset..<(offset + count)].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
