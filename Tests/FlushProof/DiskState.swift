import Foundation
import Glibc
import TestMachine

/// A disk after a power cut, with one file for each partition, so tools can read the file as a device.
///
/// Changes are made in place and can be undone.
final class DiskState {
    /// A change that can be undone.
    private struct Change {
        let part: Int
        let offset: Int
        let old: [UInt8]
    }

    private let partitions: Partitions
    private let directory: String
    private let files: [RawFile]
    private let granules: [Int]
    private var changes: [Change] = []
    /// For each part, the granules that differ from the base.
    ///
    /// The value is the exclusive or of the hashes of the granule's differing sectors.
    private var versions: [[Int: UInt64]]

    /// Bytes of a cluster. qcow2 discards only whole clusters: a cluster covered in part keeps its content.
    private static let cluster = 65536

    /// Copies the raw image `base` to new files in `directory`.
    ///
    /// - Parameter granules: the sectors of a granule, by part; one sector for other parts.
    init(of base: String, _ partitions: Partitions, in directory: String, granules: [String: Int]) throws {
        self.partitions = partitions
        self.directory = directory
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let image = try RawFile(base)
        files = try partitions.parts.map { part in
            let file = try RawFile(
                "\(directory)/\(part.name)", makingSize: part.sectors.count * WriteLog.sector)
            try image.copy(
                part.sectors.lowerBound * WriteLog.sector..<part.sectors.upperBound * WriteLog.sector,
                to: file, at: 0)
            return file
        }
        self.granules = partitions.parts.map { granules[$0.name] ?? 1 }
        versions = Array(repeating: [:], count: files.count)
    }

    /// The file that holds the part `name`.
    func file(_ name: String) throws -> RawFile { files[try index(name)] }

    private func index(_ name: String) throws -> Int {
        guard let index = partitions.parts.firstIndex(where: { $0.name == name }) else {
            throw MachineError.unexpected("the disk has no partition \(name)")
        }
        return index
    }

    // MARK: Changes

    /// The current point, for `undo`.
    var point: Int { changes.count }

    /// Undoes all changes since `point`.
    func undo(to point: Int) throws {
        while changes.count > point {
            let change = changes.removeLast()
            try replace(change.old, part: change.part, offset: change.offset)
        }
    }

    /// Makes all changes final: `undo` no longer reverts them.
    func settle() { changes = [] }

    /// Makes the current content the base.
    func merged() {
        settle()
        versions = versions.map { _ in [:] }
    }

    /// Applies `entry` of `log`, or only its part within `sectors` if given.
    func apply(_ entry: WriteLog.Entry, of log: WriteLog, only sectors: [Range<Int>]? = nil) throws {
        let data = try log.data(of: entry)
        for range in sectors ?? [entry.sectors] {
            if entry.isDiscard {
                let bytes = range.lowerBound * WriteLog.sector..<range.upperBound * WriteLog.sector
                let start = (bytes.lowerBound + DiskState.cluster - 1) / DiskState.cluster * DiskState.cluster
                let end = bytes.upperBound / DiskState.cluster * DiskState.cluster
                for offset in stride(from: start, to: end, by: DiskState.cluster) {
                    try write([UInt8](repeating: 0, count: DiskState.cluster), at: offset / WriteLog.sector)
                }
            } else if entry.isWrite {
                let first = (range.lowerBound - entry.sectors.lowerBound) * WriteLog.sector
                try write(data[first..<first + range.count * WriteLog.sector], at: range.lowerBound)
            }
        }
    }

    /// Writes `bytes`, whole sectors, from `sector` of the disk on.
    func write(_ bytes: some RandomAccessCollection<UInt8>, at sector: Int) throws {
        let end = sector + bytes.count / WriteLog.sector
        for (index, part) in partitions.parts.enumerated() where part.sectors.overlaps(sector..<end) {
            let range = part.sectors.clamped(to: sector..<end)
            let first = bytes.index(bytes.startIndex, offsetBy: (range.lowerBound - sector) * WriteLog.sector)
            let last = bytes.index(first, offsetBy: range.count * WriteLog.sector)
            let offset = (range.lowerBound - part.sectors.lowerBound) * WriteLog.sector
            let old = try replace(Array(bytes[first..<last]), part: index, offset: offset)
            changes.append(Change(part: index, offset: offset, old: old))
        }
    }

    /// Writes `bytes` at `offset` of the part `name`.
    func write(_ bytes: [UInt8], to name: String, at offset: Int) throws {
        let index = try index(name)
        changes.append(
            Change(part: index, offset: offset, old: try replace(bytes, part: index, offset: offset)))
    }

    @discardableResult
    private func replace(_ new: [UInt8], part: Int, offset: Int) throws -> [UInt8] {
        let old = try files[part].read(offset..<offset + new.count)
        guard !DiskState.isEqual(old, new) else { return old }
        let first = offset / WriteLog.sector * WriteLog.sector
        let last = (offset + new.count + WriteLog.sector - 1) / WriteLog.sector * WriteLog.sector
        let isWhole = first == offset && last == offset + new.count
        let before = isWhole ? old : try files[part].read(first..<last)
        try files[part].write(new, at: offset)
        let after = isWhole ? new : try files[part].read(first..<last)
        note(part, sector: first / WriteLog.sector, before, after)
        return old
    }

    /// Compares by memcmp(3), which is fast even in a build without optimization.
    static func isEqual(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.count == other.count
            && one.withUnsafeBytes { one in
                other.withUnsafeBytes { other in
                    guard let first = one.baseAddress, let second = other.baseAddress else { return true }
                    return memcmp(first, second, one.count) == 0
                }
            }
    }

    private func note(_ part: Int, sector: Int, _ old: [UInt8], _ new: [UInt8]) {
        let size = WriteLog.sector
        old.withUnsafeBytes { old in
            new.withUnsafeBytes { new in
                guard let first = old.baseAddress, let second = new.baseAddress else { return }
                for index in 0..<old.count / size {
                    let (one, other) = (first + index * size, second + index * size)
                    if memcmp(one, other, size) == 0 { continue }
                    let mark =
                        DiskState.hash(sector + index, UnsafeRawBufferPointer(start: one, count: size))
                        ^ DiskState.hash(sector + index, UnsafeRawBufferPointer(start: other, count: size))
                    let granule = (sector + index) / granules[part]
                    let version = versions[part][granule, default: 0] ^ mark
                    versions[part][granule] = version == 0 ? nil : version
                }
            }
        }
    }

    private static func hash(_ sector: Int, _ bytes: UnsafeRawBufferPointer) -> UInt64 {
        var hasher = Hasher()
        hasher.combine(sector)
        hasher.combine(bytes: bytes)
        return UInt64(bitPattern: Int64(hasher.finalize()))
    }

    // MARK: Copies

    /// Copies the part `name` to the new file `path`.
    ///
    /// In the sectors `omitted`, content that equals the base is not copied.
    func copy(_ name: String, to path: String, omitting omitted: [Range<Int>] = []) throws -> RawFile {
        let index = try index(name)
        let file = files[index]
        let copy = try RawFile(path, makingSize: file.size)
        func bytes(_ sectors: Range<Int>) -> Range<Int> {
            sectors.lowerBound * WriteLog.sector..<sectors.upperBound * WriteLog.sector
        }
        var position = 0
        for range in omitted {
            try file.copy(
                bytes(position..<range.lowerBound), to: copy, at: position * WriteLog.sector)
            position = range.upperBound
        }
        try file.copy(
            bytes(position..<file.size / WriteLog.sector), to: copy, at: position * WriteLog.sector)
        for granule in versions[index].keys {
            let sectors = granule * granules[index]..<(granule + 1) * granules[index]
            guard omitted.contains(where: { $0.overlaps(sectors) }) else { continue }
            try copy.write(file.read(bytes(sectors)), at: sectors.lowerBound * WriteLog.sector)
        }
        return copy
    }

    // MARK: Identity

    /// A hash of the content of the part `name`, comparable within one base and one run of the program.
    ///
    /// Sectors in `excluded` do not count.
    func identity(of name: String, without excluded: [Range<Int>] = []) throws -> UInt64 {
        try identity(of: name) { sector in !excluded.contains { $0.contains(sector) } }
    }

    /// The hash over only the granules for whose first sector `isPart` is true.
    func identity(of name: String, where isPart: (Int) -> Bool) throws -> UInt64 {
        let part = try index(name)
        var result: UInt64 = 0
        for (granule, version) in versions[part] where isPart(granule * granules[part]) {
            var hasher = Hasher()
            hasher.combine(granule)
            hasher.combine(version)
            result ^= UInt64(bitPattern: Int64(hasher.finalize()))
        }
        return result
    }
}
