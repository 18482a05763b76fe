/// The volumes in the metadata of a thin pool, as thin_ls(8) lists them.
///
/// ```
/// 1 640
/// 2 1024
/// ```
public struct ThinListing: Hashable, Sendable {
    /// The arguments for this listing, before the device with the metadata.
    public static let arguments = ["--no-headers", "--format", "DEV,EXCLUSIVE_SECTORS"]

    private let exclusive: [UInt32: Sectors]

    /// Reads the output of thin_ls; lines that are not understood are skipped.
    public init(_ text: String) {
        var exclusive: [UInt32: Sectors] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let device = UInt32(words[0]), let sectors = UInt64(words[1]) else {
                continue
            }
            exclusive[device] = Sectors(sectors)
        }
        self.exclusive = exclusive
    }

    /// Whether a volume of `length` owns all its blocks alone, so that no write to it needs a new block.
    public func owns(_ deviceID: UInt32, all length: Sectors) -> Bool {
        exclusive[deviceID].map { $0 >= length } ?? false
    }
}
