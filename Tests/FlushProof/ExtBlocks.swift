import TestMachine

/// The positions of files in an ext4 file system, read by debugfs(8).
struct ExtBlocks {
    private let image: String
    private let blockSectors: Int

    /// Reads the geometry of the file system in `image`.
    init(of image: String) throws {
        self.image = image
        let head = try HostCommand.run("dumpe2fs", "-h", image)
        guard let line = head.split(separator: "\n").first(where: { $0.hasPrefix("Block size:") }),
            let size = Int(line.split(separator: " ").last ?? "")
        else { throw MachineError.unexpected("'\(image)' is no ext4 file system") }
        blockSectors = size / WriteLog.sector
    }

    /// The sectors of `file`, in order.
    func sectors(ofFile file: String) throws -> [Range<Int>] {
        let blocks = try ask("blocks \(file)").split { !$0.isNumber }.compactMap { Int($0) }
        var ranges: [Range<Int>] = []
        for block in blocks.sorted() {
            let sectors = block * blockSectors..<(block + 1) * blockSectors
            if let last = ranges.last, last.upperBound == sectors.lowerBound {
                ranges[ranges.count - 1] = last.lowerBound..<sectors.upperBound
            } else {
                ranges.append(sectors)
            }
        }
        return ranges
    }

    private func ask(_ command: String) throws -> String {
        try HostCommand.run("sh", "-c", "exec debugfs -R \"$1\" \"$2\" 2>/dev/null", "sh", command, image)
    }
}
