import Foundation

/// Each write, flush and discard of a disk in the order in which they ended, as QEMU's block driver `blklogwrites` has written
/// them down, in the format of dm-log-writes (Linux, Documentation/admin-guide/device-mapper/log-writes.rst).
public struct WriteLog: Sendable {
    /// One of them.
    public struct Entry: Sendable {
        /// The sectors that it is about, of 512 bytes; none for a flush.
        public let sectors: Range<Int>
        /// Whether it is a write: the others have no data.
        public var isWrite: Bool { !isDiscard && !sectors.isEmpty }
        /// Whether the sectors need not be kept any more.
        public let isDiscard: Bool
        /// Whether what has ended before outlives a power cut.
        public let isFlush: Bool
        /// Whether a power cut leaves at least this itself.
        public let isForced: Bool
        /// Where its data are in the log.
        let offset: Int
    }

    /// All of them.
    public let entries: [Entry]
    private let file: RawFile

    private static let magic: UInt64 = 0x6a_7366_7773_6872
    /// Bytes of a sector.
    public static let sector = 512

    /// Reads the log in the file `path`.
    ///
    /// - Throws: `MachineError.unexpected` where it is none, is cut short, or lacks a write that QEMU could not write down.
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

    /// What `entry` has written; nothing if it is no write.
    public func data(of entry: Entry) throws -> [UInt8] {
        guard entry.isWrite else { return [] }
        return try file.read(entry.offset..<entry.offset + entry.sectors.count * WriteLog.sector)
    }

    /// How many entries there are in the log in `file`.
    static func count(in file: RawFile) throws -> Int {
        let head = try file.words(3, at: 0)
        guard head[0] == magic, head[1] == 1 else {
            throw MachineError.unexpected("'\(file.path)' is no log of writes")
        }
        return Int(head[2])
    }

    /// What QEMU is to be told of a disk that is `medium` and is logged in the file `log`, which is made if there is none.
    static func node(
        name: String, over medium: [String: any Sendable], log: String
    ) -> [String: any Sendable] {
        let files = FileManager.default
        let size = (try? files.attributesOfItem(atPath: log))?[.size] as? Int ?? 0
        if size == 0 { _ = try? RawFile(log, makingSize: 0) }
        // The head is written with each entry: it tells at any moment how many there are. The build host need not outlive it.
        let cache = ["direct": false, "no-flush": true]
        var node: [String: any Sendable] = [
            "driver": "blklogwrites", "node-name": name, "file": medium, "discard": "unmap",
            "log": ["driver": "file", "filename": log, "cache": cache] as [String: any Sendable],
            "log-super-update-interval": 1,
        ]
        // A log that goes on says itself how long its sectors are.
        if size > 0 { node["log-append"] = true } else { node["log-sector-size"] = sector }
        return node
    }
}

extension VM {
    /// How much has been written down of the recorded disk `index` so far.
    public func entriesRecorded(ofDisk index: Int = 0) throws -> Int {
        guard let log = drives[index].log else {
            throw MachineError.unexpected("disk \(index) is not recorded")
        }
        let file = try RawFile(log)
        return file.size == 0 ? 0 : try WriteLog.count(in: file)
    }

    /// Stops the machine where it is, with no write under way: what is written down is what was written.
    public func stop() throws { try execute("stop") }
}

extension Machine {
    /// The same machine with what it does to disk `index` recorded: the disk and its log are new files in `directory`, which
    /// outlive it. Returns as well what the disk shows before.
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
