public import ImgbasedCore

/// The size of a tree of files, and of the file system it needs.
public struct TreeSize: Hashable, Sendable {
    /// The block size of the file systems made, in bytes.
    static let blockSize: UInt64 = 4096

    /// The number of files, directories and other entries.
    public var entries: UInt64 = 0
    /// The bytes of their contents in whole blocks, without holes or hard links; `UInt64.max` means more than
    /// can be counted.
    public var data: UInt64 = 0
    /// The bytes of these in known holes.
    public private(set) var holes: UInt64 = 0
    /// The other bytes in large files, which may or may not have holes.
    public private(set) var large: UInt64 = 0

    /// The size in bytes above which a file may have holes, like that of lastlog(8).
    public static let largeSize: UInt64 = 1 << 30

    /// The size of an empty tree.
    public init() {}

    /// A size with these values.
    public init(entries: UInt64, data: UInt64) {
        self.entries = entries
        self.data = data
    }

    /// Adds an entry whose content has `size` bytes.
    mutating func add(_ size: UInt64) {
        entries += 1
        let blocks = size / TreeSize.blockSize + (size % TreeSize.blockSize == 0 ? 0 : 1)
        let rounded = blocks.multipliedReportingOverflow(by: TreeSize.blockSize)
        let length = rounded.overflow ? UInt64.max : rounded.partialValue
        data = TreeSize.sum(data, length)
        if size > TreeSize.largeSize { large = TreeSize.sum(large, length) }
    }

    /// Applies the length of an uncompressed archive with the tree: data beyond `length` bytes must be holes.
    public mutating func limit(toArchive length: UInt64) {
        let stored = TreeSize.sum(length, min(entries, 1 << 40) * TreeSize.blockSize)
        guard data > stored else { return }
        holes = data - stored
        large = 0
    }

    /// Adds another tree.
    public mutating func add(_ other: TreeSize) {
        entries += other.entries
        data = TreeSize.sum(data, other.data)
        holes = TreeSize.sum(holes, other.holes)
        large = TreeSize.sum(large, other.large)
    }

    private static func sum(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? UInt64.max : sum
    }

    /// The work to write the tree, in bytes: an empty file is work too.
    public var work: UInt64 { TreeSize.sum(stored, min(entries, 1 << 40) * TreeSize.blockSize) }

    /// The bytes without the known holes.
    public var stored: UInt64 { data - min(data, holes) }

    /// The bytes for contents of `data` bytes, inodes and directories; anything above an exabyte counts as
    /// one.
    private func needed(_ data: UInt64) -> UInt64 { min(data, 1 << 60) + min(entries, 1 << 40) * 1024 }

    /// The maximum use of a pool, with the journal and the rest of a file system. Holes count: no source
    /// tells how much is written around them.
    public var allocated: Bytes {
        let needed = needed(data)
        return Bytes(needed + needed / 16 + (64 << 20))
    }

    /// The minimum size of a file system of `type`; if large files `mayBeHoles`, the minimum if all of them
    /// are.
    public func minimum(_ type: FileSystemType, mayBeHoles: Bool = false) -> Bytes {
        let needed = needed(mayBeHoles ? stored - min(stored, large) : stored)
        return switch type {
        case .ext4: Bytes(needed + needed / 16 + (32 << 20))
        // mkfs.xfs makes none smaller than 300 MiB.
        case .xfs: Bytes(max(300 << 20, needed + needed / 16 + (96 << 20)))
        }
    }

    /// The size of a file system if none is requested: half as much again, and 512 MiB, since its layers have
    /// the same size and grow.
    public var recommended: Bytes {
        let needed = needed(stored)
        return Bytes(needed + needed / 2 + (512 << 20)).roundedUp(to: Bytes(1 << 20))
    }

    /// The number of inodes for ext4; `nil` if the usual one for each 16 KiB is enough.
    func inodes(of size: Bytes) -> UInt64? {
        let wanted = entries + entries / 2 + 1024
        return wanted > size.count / 16384 ? wanted : nil
    }
}
