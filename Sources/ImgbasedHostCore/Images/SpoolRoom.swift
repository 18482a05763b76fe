public import ImgbasedCore

/// The room in the directory where images are unpacked.
public struct SpoolRoom: Hashable, Sendable {
    /// The free bytes of its file system.
    public var free: Bytes
    /// The bytes that its thin pool may give, which can be fewer; `nil` if it is in no thin pool.
    public var pool: Bytes?

    /// The bytes that stay free in the file system, for others.
    public static let reserve = Bytes(64 << 20)

    /// A room with these values.
    public init(free: Bytes, pool: Bytes?) {
        self.free = free
        self.pool = pool
    }

    /// The lack of room for `size` more bytes, as a relative clause; `nil` if there is room.
    public func lack(for size: Bytes) -> String? {
        if let missing = SpoolRoom.missing(size, and: SpoolRoom.reserve, of: free) {
            return "which lacks \(missing.formatted) for it"
        }
        if let pool, let missing = SpoolRoom.missing(size, and: Bytes(0), of: pool) {
            return
                "whose thin pool lacks \(missing.formatted) for it; remove a layer or base, or extend the pool"
        }
        return nil
    }

    private static func missing(_ size: Bytes, and reserve: Bytes, of free: Bytes) -> Bytes? {
        let (needed, overflow) = size.count.addingReportingOverflow(reserve.count)
        if overflow { return Bytes(UInt64.max) }
        return needed > free.count ? Bytes(needed - free.count) : nil
    }
}
