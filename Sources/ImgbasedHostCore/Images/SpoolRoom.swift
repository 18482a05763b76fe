public import ImgbasedCore

/// How much can still be written to where images are unpacked.
public struct SpoolRoom: Hashable, Sendable {
    /// What its file system has free.
    public var free: Bytes
    /// What may be taken of the thin pool that the file system is in, which can have less; `nil` where it is in none.
    public var pool: Bytes?

    /// What must stay free of the file system: others need it as well.
    public static let reserve = Bytes(64 << 20)

    /// So much of each.
    public init(free: Bytes, pool: Bytes?) {
        self.free = free
        self.pool = pool
    }

    /// What it lacks for `size` more bytes, as a clause about it; `nil` where there is room.
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
