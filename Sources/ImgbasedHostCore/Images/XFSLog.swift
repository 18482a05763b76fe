public import ImgbasedCore

/// The log of an XFS file system, as it is looked at piece by piece: whether it ends as one does that was unmounted.
///
/// Format: linux: fs/xfs/libxfs/xfs_log_format.h. The first word of each block is that of a record's header, or the
/// number of the cycle in which it was written, which is never the same.
public struct XFSLog: Hashable, Sendable {
    /// Where it is in the file system, in bytes.
    public let start: Bytes
    /// How many bytes it has.
    public let length: Bytes
    private var newest: Record?

    /// The unit of the log, in bytes.
    public static let blockSize = 512

    private static let magic: UInt32 = 0xFEED_BABE
    /// How much of a record one block of its header is for.
    private static let headerUnit: UInt32 = 32 << 10

    private struct Record: Hashable {
        var number: UInt64
        var operations: UInt32
        /// The block after its header.
        var content: UInt64
    }

    /// One of which nothing was seen yet.
    public init(start: Bytes, length: Bytes) {
        self.start = start
        self.length = length
    }

    /// Looks at `piece`, whole blocks that are at `offset` in it.
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

    /// Where in it the block is that says how it ends; `nil` where it has none, being empty.
    public var end: UInt64? {
        newest.map { $0.content % max(1, length.count / UInt64(XFSLog.blockSize)) * UInt64(XFSLog.blockSize) }
    }

    /// Whether `block`, that at ``end``, says that the file system was unmounted, and nothing else is to be done.
    public func isUnmounted(_ block: [UInt8]) -> Bool {
        guard let newest, block.count >= 12 else { return false }
        // XLOG_UNMOUNT_TRANS
        return newest.operations == 1 && block[9] & 0x20 != 0
    }
}
