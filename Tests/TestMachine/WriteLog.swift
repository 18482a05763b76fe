import Foundation

/// Each write, flush and discard of a disk, in the order of completion.
///
/// QEMU's block driver `blklogwrites` writes the log in the format of dm-log-writes (linux:
/// Documentation/admin-guide/device-mapper/log-writes.rst).
public struct WriteLog: Sendable {
    /// One write, flush or discard.
    public struct Entry: Sendable {
        /// The affected sectors of 512 bytes; empty for a flush.
        public let sectors: Range<Int>
        /// Whether the entry is a write. Only writes have data.
        public var isWrite: Bool { !isDiscard && !sectors.isEmpty }
        /// Whether the entry discards its sectors.
        public let isDiscard: Bool
        /// Whether all earlier entries survive a power cut.
        public let isFlush: Bool
        /// Whether this entry itself survives a power cut.
        public let isForced: Bool
        /// The offset of the data in the log.
        let offset: Int
    }

    /// All entries, in order of completion.
    public let entries: [Entry]
    private let file: RawFile

    private static let magic: UInt64 = 0x6a_7366_7773_6872
    /// The number of bytes in a sector.
    public static let sector = 512

    /// Reads the log in the file `path`.
    ///
    /// - Throws: `MachineError.unexpected` if the file is not a log, is cut short, or lacks a write that QEMU
    ///   could not log.
    public init(_ path: String) throws {
        file = try RawFile(path)
        let count = try WriteLog.count(in: file)
        var entries: [Entry] = []
        entries.reserveCapacity(count)
        var offset = WriteLog.sector
        for _ in 0..<count {
            let head = try file.words(4, at: offset)
            guard head[1] != 0 || head[2] != 0 else {
                throw MachineError.unexpected("'\(path)' has a hole at byte \(offset)")
            }
            let isDiscard = head[2] & 4 != 0
            let entry = Entry(
                sectors: Int(head[0])..<Int(head[0] + head[1]), isDiscard: isDiscard,
                isFlush: head[2] & 1 != 0, isForced: head[2] & 2 != 0, offset: offset + WriteLog.sector)
            entries.append(entry)
            offset = entry.offset + (isDiscard ? 0 : entry.sectors.count * WriteLog.sector)
        }
        guard offset <= file.size else { throw MachineError.unexpected("'\(path)' is cut short") }
        self.entries = entries
    }

    /// The data of `entry`; empty if the entry is not a write.
    public func data(of entry: Entry) throws -> [UInt8] {
        guard entry.isWrite else { return [] }
        return try file.read(entry.offset..<entry.offset + entry.sectors.count * WriteLog.sector)
    }

    /// The number of entries of the log in `file`.
    static func count(in file: RawFile) throws -> Int {
        let head = try file.words(3, at: 0)
        guard head[0] == magic, head[1] == 1 else {
            throw MachineError.unexpected("'\(file.path)' is no log of writes")
        }
        return Int(head[2])
    }

    /// QEMU's description of a disk with `medium` and the log in the file `log`, which is made if missing.
    static func node(
        name: String, over medium: [String: any Sendable], log: String
    ) -> [String: any Sendable] {
        let files = FileManager.default
        let size = (try? files.attributesOfItem(atPath: log))?[.size] as? Int ?? 0
        if size == 0 { _ = try? RawFile(log, makingSize: 0) }
        // QEMU writes the header, which has the number of entries, with each entry. The log need not survive
        // a crash of the build host.
        let cache = ["direct": false, "no-flush": true]
        var node: [String: any Sendable] = [
            "driver": "blklogwrites", "node-name": name, "file": medium, "discard": "unmap",
            "log": ["driver": "file", "filename": log, "cache": cache] as [String: any Sendable],
            "log-super-update-interval": 1,
        ]
        // An existing log contains its sector size.
        if size > 0 { node["log-append"] = true } else { node["log-sector-size"] = sector }
        return node
    }
}

extension VM {
    /// The number of entries recorded so far for disk `index`.
    public func entriesRecorded(ofDisk index: Int = 0) throws -> Int {
        guard let log = drives[index].log else {
            throw MachineError.unexpected("disk \(index) is not recorded")
        }
        let file = try RawFile(log)
        return file.size == 0 ? 0 : try WriteLog.count(in: file)
    }

    /// Stops the machine with no write in progress. The log then has all writes.
    public func stop() throws { try execute("stop") }
}

extension Machine {
    /// This machine with disk `index` recorded, and the initial content of the disk.
    ///
    /// The disk and its log are new files in `directory`, which remain after the machine ends.
    public func recording(
        disk index: Int = 0, in directory: String
    ) throws -> (machine: Machine, disk: String, log: String, base: String) {
        guard case .overlay(let base) = disks[index] else {
            throw MachineError.unexpected("\(disks[index]) cannot be recorded")
        }
        let (disk, log) = ("\(directory)/disk\(index).qcow2", "\(directory)/disk\(index).log")
        try? FileManager.default.removeItem(atPath: log)
        try DiskImage.createOverlay(disk, of: base)
        var result = self
        result.disks[index] = .recorded(disk, log: log)
        return (result, disk, log, base)
    }
}
