public import ImgbasedCore

/// How much there is in a tree of files, and how large a file system it takes.
public struct TreeSize: Hashable, Sendable {
    /// The block that file systems are made with.
    static let blockSize: UInt64 = 4096

    /// How many files, directories and others it has.
    public var entries: UInt64 = 0
    /// How many bytes their contents take in whole blocks, were there neither holes nor hard links; `UInt64.max` is
    /// more than can be counted.
    public var data: UInt64 = 0
    /// How many of these are known to be holes.
    public private(set) var holes: UInt64 = 0
    /// How many of the others are in large files, which nobody knows to have holes, or none.
    public private(set) var large: UInt64 = 0

    /// Larger than this, a file may be one with holes, as lastlog(8) has it.
    public static let largeSize: UInt64 = 1 << 30

    /// Nothing.
    public init() {}

    /// This much.
    public init(entries: UInt64, data: UInt64) {
        self.entries = entries
        self.data = data
    }

    /// Adds another entry, whose content has `size` bytes.
    mutating func add(_ size: UInt64) {
        entries += 1
        let blocks = size / TreeSize.blockSize + (size % TreeSize.blockSize == 0 ? 0 : 1)
        let rounded = blocks.multipliedReportingOverflow(by: TreeSize.blockSize)
        let length = rounded.overflow ? UInt64.max : rounded.partialValue
        data = TreeSize.sum(data, length)
        if size > TreeSize.largeSize { large = TreeSize.sum(large, length) }
    }

    /// Takes into account that an archive of `length` bytes has it, not compressed: what it does not have is holes.
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

    /// How much there is to be done to write it, in bytes: a file is work as well where nothing is in it.
    public var work: UInt64 { TreeSize.sum(stored, min(entries, 1 << 40) * TreeSize.blockSize) }

    /// How much of it is there without its holes.
    public var stored: UInt64 { data - min(data, holes) }

    /// What contents of `data` bytes, inodes and directories take; an exabyte stands for all that is more.
    private func needed(_ data: UInt64) -> UInt64 { min(data, 1 << 60) + min(entries, 1 << 40) * 1024 }

    /// What it takes of a pool at most, with the journal and what else a file system has of its own. Holes count: how much
    /// around them is written, none of what tells of them says.
    public var allocated: Bytes {
        let needed = needed(data)
        return Bytes(needed + needed / 16 + (64 << 20))
    }

    /// The smallest file system of `type` it fits in; or may fit in, where its large files `mayBeHoles`.
    public func minimum(_ type: FileSystemType, mayBeHoles: Bool = false) -> Bytes {
        let needed = needed(mayBeHoles ? stored - min(stored, large) : stored)
        return switch type {
        case .ext4: Bytes(needed + needed / 16 + (32 << 20))
        // mkfs.xfs makes none smaller than 300 MiB.
        case .xfs: Bytes(max(300 << 20, needed + needed / 16 + (96 << 20)))
        }
    }

    /// The size a file system gets where none is asked for: half as much again, and 512 MiB, since the layers on it
    /// are as large, and want to grow.
    public var recommended: Bytes {
        let needed = needed(stored)
        return Bytes(needed + needed / 2 + (512 << 20)).roundedUp(to: Bytes(1 << 20))
    }

    /// How many inodes ext4 gets, where the usual one for 16 KiB would be too few.
    func inodes(of size: Bytes) -> UInt64? {
        let wanted = entries + entries / 2 + 1024
        return wanted > size.count / 16384 ? wanted : nil
    }
}
