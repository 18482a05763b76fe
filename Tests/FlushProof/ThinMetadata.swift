import TestMachine

/// The metadata of a thin pool, read by thin_dump(8).
struct ThinMetadata: Sendable {
    /// A run of consecutive blocks.
    struct Run: Hashable, Sendable {
        /// The first block in the volume, and the first block in the pool.
        let origin: Int
        let data: Int
        let count: Int
    }

    /// The number of the last transaction.
    private(set) var transaction = 0
    /// The number of sectors in a block.
    private(set) var blockSectors = 128
    /// The runs of each volume, by its number in the pool.
    private(set) var volumes: [Int: [Run]] = [:]

    /// Parses the XML of thin_dump, which has one element on each line.
    init(_ text: String) {
        var volume = 0
        for line in text.split(separator: "\n") where !line.hasPrefix("</") {
            let words = line.split { $0 == " " || $0 == "<" || $0 == "/" || $0 == ">" }
            func number(_ key: String) -> Int {
                words.first { $0.hasPrefix(key + "=\"") }
                    .flatMap { Int($0.dropFirst(key.count + 2).dropLast()) } ?? 0
            }
            switch words.first {
            case "superblock":
                transaction = number("transaction")
                blockSectors = number("data_block_size")
            case "device":
                volume = number("dev_id")
                volumes[volume] = []
            case "range_mapping":
                volumes[volume]?.append(
                    Run(
                        origin: number("origin_begin"), data: number("data_begin"), count: number("length")))
            case "single_mapping":
                volumes[volume]?.append(
                    Run(origin: number("origin_block"), data: number("data_block"), count: 1))
            default: break
            }
        }
    }
}
