/// What thin_ls(8) says of the volumes in the metadata of a thin pool.
///
/// ```
/// 1 640
/// 2 1024
/// ```
public struct ThinListing: Hashable, Sendable {
    /// The arguments that make it say so, before the device with the metadata.
    public static let arguments = ["--no-headers", "--format", "DEV,EXCLUSIVE_SECTORS"]

    private let exclusive: [UInt32: Sectors]

    /// Reads the output of thin_ls; a line that is not understood is as good as none.
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

    /// Whether all of a volume of `length` is in blocks that belong to it alone, so that no write to it needs a new
    /// one.
    public func owns(_ deviceID: UInt32, all length: Sectors) -> Bool {
        exclusive[deviceID].map { $0 >= length } ?? false
    }
}
