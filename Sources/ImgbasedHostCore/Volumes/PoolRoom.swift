public import ImgbasedCore

/// The room of a pool until it counts as full.
public struct PoolRoom: Hashable, Sendable {
    /// The path of the pool.
    public var pool: VolumePath
    /// The free bytes until the limit.
    public var bytes: Bytes
    /// The limit, data or metadata, as part of a sentence.
    public var limit: String

    /// Throws unless there is room for `needed`.
    public func check(_ needed: Bytes) throws(HostReason) {
        guard needed <= bytes else {
            throw .poolShort(pool, missing: Bytes(needed.count - bytes.count), of: limit)
        }
    }
}
