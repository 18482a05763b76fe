/// Why bytes could not be read.
public struct BlockReadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The cause, worded as the end of a sentence.
    public let reason: String

    /// Creates an error caused by `reason`.
    public init(reason: String) {
        self.reason = reason
    }

    /// The same as `reason`.
    public var description: String {
        reason
    }
}

/// A source of fixed length, readable at any offset: a block device, an image file, an array in a test.
public protocol BlockSource {
    /// The length of the source.
    var size: Bytes { get }

    /// The `count` bytes from `offset` on, never fewer.
    func read(at offset: UInt64, count: Int) throws(BlockReadError) -> [UInt8]
}

extension BlockSource {
    /// Like `read`, but a result of the wrong length is an error, not a trap later on.
    func exactly(_ count: Int, at offset: UInt64) throws(BlockReadError) -> [UInt8] {
        let bytes = try read(at: offset, count: count)
        guard bytes.count == count else {
            throw BlockReadError(reason: "\(bytes.count) bytes came instead of \(count)")
        }
        return bytes
    }
}
