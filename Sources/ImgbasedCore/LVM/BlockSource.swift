/// Why bytes could not be read.
public struct BlockReadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The cause, as the end of a sentence.
    public let reason: String

    /// An error caused by `reason`.
    public init(reason: String) {
        self.reason = reason
    }

    /// The cause.
    public var description: String {
        reason
    }
}

/// Something of fixed length that can be read anywhere: a block device, an image file, an array in a test.
public protocol BlockSource {
    /// How long it is.
    var size: Bytes { get }

    /// The `count` bytes from `offset` on, never fewer.
    func read(at offset: UInt64, count: Int) throws(BlockReadError) -> [UInt8]
}

extension BlockSource {
    /// `read`, but fewer or more bytes than asked for are an error, not a trap later on.
    func exactly(_ count: Int, at offset: UInt64) throws(BlockReadError) -> [UInt8] {
        let bytes = try read(at: offset, count: count)
        guard bytes.count == count else {
            throw BlockReadError(reason: "\(bytes.count) bytes came where \(count) were asked for")
        }
        return bytes
    }
}
