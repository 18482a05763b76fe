import Foundation
import TestMachine

/// The partitions of a disk image, and the gaps between them.
struct Partitions: Codable, Sendable {
    /// A part of the disk: a partition, or a gap between two.
    struct Part: Codable, Sendable {
        /// The name of the part and its file: `3` for a partition, `2-3` for a gap, `0-1` for the start.
        let name: String
        /// The sectors of the part on the disk.
        let sectors: Range<Int>
    }

    /// The whole disk, in order and without gaps.
    let parts: [Part]

    /// The name of the only part of a disk without partitions.
    static let whole = "disk"

    /// One part for the raw `image`, which has no partition table.
    init(whole image: String) throws {
        parts = [Part(name: Partitions.whole, sectors: 0..<(try RawFile(image).size / WriteLog.sector))]
    }

    /// Reads the partition table of the raw `image`.
    init(of image: String) throws {
        struct Report: Decodable {
            struct Table: Decodable {
                struct Partition: Decodable {
                    let node: String
                    let start: Int
                    let size: Int
                }
                let partitions: [Partition]
            }
            let partitiontable: Table
        }
        let text = try HostCommand.run("sfdisk", "--json", image)
        let report = try JSONDecoder().decode(Report.self, from: Data(text.utf8))
        var parts: [Part] = []
        var end = 0
        var last = "0"
        for partition in report.partitiontable.partitions.sorted(by: { $0.start < $1.start }) {
            let number = String(partition.node.dropFirst(image.count).drop { !$0.isNumber })
            if partition.start > end {
                parts.append(Part(name: "\(last)-\(number)", sectors: end..<partition.start))
            }
            end = partition.start + partition.size
            parts.append(Part(name: number, sectors: partition.start..<end))
            last = number
        }
        let size = try RawFile(image).size / WriteLog.sector
        if end < size { parts.append(Part(name: "\(last)-", sectors: end..<size)) }
        self.parts = parts
    }
}
