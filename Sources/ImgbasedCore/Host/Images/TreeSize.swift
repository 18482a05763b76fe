/// How much there is in a tree of files, and how large a file system it takes.
public struct TreeSize: Hashable, Sendable {
    /// The block that file systems are made with.
    static let blockSize: UInt64 = 4096

    /// How many files, directories and others it has.
    public var entries: UInt64 = 0
    /// How many bytes their contents take in whole blocks, were there neither holes nor hard links; `UInt64.max` is
    /// more than can be counted.
    public var data: UInt64 = 0

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
        add(data: blocks.multipliedReportingOverflow(by: TreeSize.blockSize))
    }

    /// Adds another tree.
    public mutating func add(_ other: TreeSize) {
        entries += other.entries
        add(data: (other.data, false))
    }

    private mutating func add(data more: (partialValue: UInt64, overflow: Bool)) {
        let (sum, overflow) = data.addingReportingOverflow(more.partialValue)
        data = overflow || more.overflow ? UInt64.max : sum
    }

    /// What contents, inodes and directories take; an exabyte stands for all that is more.
    private var needed: UInt64 { min(data, 1 << 60) + min(entries, 1 << 40) * 1024 }

    /// What it takes of a pool at most, with the journal and what else a file system has of its own.
    public var allocated: Bytes { Bytes(needed + needed / 16 + (64 << 20)) }

    /// The smallest file system of `type` it fits in.
    public func minimum(_ type: FileSystemType) -> Bytes {
        switch type {
        case .ext4: Bytes(needed + needed / 16 + (32 << 20))
        // mkfs.xfs makes none smaller than 300 MiB.
        case .xfs: Bytes(max(300 << 20, needed + needed / 16 + (96 << 20)))
        }
    }

    /// The size a file system gets where none is asked for: half as much again, and 512 MiB, since the layers on it
    /// are as large, and want to grow.
    public var recommended: Bytes { Bytes(needed + needed / 2 + (512 << 20)).roundedUp(to: Bytes(1 << 20)) }

    /// How many inodes ext4 gets, where the usual one for 16 KiB would be too few.
    func inodes(of size: Bytes) -> UInt64? {
        let wanted = entries + entries / 2 + 1024
        return wanted > size.count / 16384 ? wanted : nil
    }
}
