public import ImgbasedCore

/// The log of an XFS file system, read piece by piece: whether its end shows a clean unmount.
///
/// Format: linux: fs/xfs/libxfs/xfs_log_format.h. A block begins with the magic number of a record's header,
/// or with the number of its write cycle; the two never match.
public struct XFSLog: Hashable, Sendable {
    /// The position in the file system, in bytes.
    public let start: Bytes
    /// The length in bytes.
    public let length: Bytes
    private var newest: Record?

    /// The unit of the log, in bytes.
    public static let blockSize = 512

    private static let magic: UInt32 = 0xFEED_BABE
    /// The bytes of a record that one block of its header covers.
    private static let headerUnit: UInt32 = 32 << 10

    private struct Record: Hashable {
        var number: UInt64
        var operations: UInt32
        /// The block after its header.
        var content: UInt64
    }

    /// A log of which nothing was read yet.
    public init(start: Bytes, length: Bytes) {
        self.start = start
        self.length = length
    }

    /// Reads `piece`: whole blocks, at `offset` in the log.
    public mutating func look(at piece: UnsafeRawBufferPointer, _ offset: UInt64) {
        for place in stride(from: 0, through: piece.count - XFSLog.blockSize, by: XFSLog.blockSize) {
            func word(_ at: Int) -> UInt32 {
                UInt32(bigEndian: piece.loadUnaligned(fromByteOffset: place + at, as: UInt32.self))
            }
            guard word(0) == XFSLog.magic else { continue }
            let number = UInt64(word(16)) << 32 | UInt64(word(20))
            guard newest.map({ number > $0.number }) ?? true else { continue }
            let size = word(8) & 2 == 0 ? 0 : word(320)
            let blocks = max(1, UInt64(size / XFSLog.headerUnit) + (size % XFSLog.headerUnit == 0 ? 0 : 1))
            newest = Record(
                number: number, operations: word(40),
                content: (offset + UInt64(place)) / UInt64(XFSLog.blockSize) + blocks)
        }
    }

    /// The position of the block that shows how the log ends; `nil` if the log is empty.
    public var end: UInt64? {
        newest.map { $0.content % max(1, length.count / UInt64(XFSLog.blockSize)) * UInt64(XFSLog.blockSize) }
    }

    /// Whether `block`, at ``end``, shows an unmount with nothing left to replay.
    public func isUnmounted(_ block: [UInt8]) -> Bool {
        guard let newest, block.count >= 12 else { return false }
        // XLOG_UNMOUNT_TRANS
        return newest.operations == 1 && block[9] & 0x20 != 0
    }
}
