public import ImgbasedCore

/// A GUID partition table to be written by sfdisk(8).
public struct PartitionTable: Hashable, Sendable {
    /// A partition to be made.
    public struct Partition: Hashable, Sendable {
        /// Its name in the table.
        public var name: String
        /// Its type: a GUID or one of sfdisk's words.
        public var type: String
        /// Its identifier; `nil` for a random one.
        public var id: String?
        /// Its start, a multiple of a MiB; `nil` for the first free place.
        public var start: Bytes?
        /// Its size, a multiple of a MiB; `nil` for the rest of the disk.
        public var size: Bytes?

        /// The line for sfdisk.
        ///
        /// A number with a unit does not depend on the size of a sector. If the line changes a partition,
        /// omitted fields stay.
        var line: String {
            let places = [("start", start), ("size", size)].compactMap { name, value in
                value.map { "\(name)=\($0.count >> 20)MiB" }
            }
            return (places + ["type=\(type)"] + (id.map { ["uuid=\($0)"] } ?? []) + ["name=\"\(name)\""])
                .joined(separator: ", ")
        }
    }

    /// The path of the disk that the kernel uses.
    public var disk: String
    /// The partitions, from the start of the disk.
    public var partitions: [Partition]

    /// The place for GRUB's core on BIOS ("BIOS boot partition" in GRUB's manual).
    static let biosBoot = "21686148-6449-6E6F-744E-656564454649"
    /// The room before the first partition, and the same for the copy of the table at the end.
    static let margin = Bytes(1 << 20)

    /// The device of partition `number`, from 1, as the kernel names it (linux: block/partitions/core.c,
    /// add_partition).
    public func device(_ number: Int) -> String {
        "\(disk)\(disk.last?.isNumber == true ? "p" : "")\(number)"
    }

    /// The size that all but the last partition need.
    var used: Bytes {
        Bytes(partitions.reduce(2 * PartitionTable.margin.count) { $0 + ($1.size?.count ?? 0) })
    }

    /// The size left for the last partition on a disk of `size`; zero if nothing is left.
    func rest(of size: Bytes) -> Bytes { Bytes(size.count - min(size.count, used.count)) }

    /// The script for sfdisk.
    var script: String {
        (["label: gpt"] + partitions.map(\.line)).map { $0 + "\n" }.joined()
    }
}
