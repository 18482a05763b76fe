public import ImgbasedCore

/// How much a pool is given at most before it counts as full.
public struct PoolRoom: Hashable, Sendable {
    /// The pool.
    public var pool: VolumePath
    /// How much.
    public var bytes: Bytes
    /// What sets that limit, its data or its metadata, as part of a sentence.
    public var limit: String

    /// Throws unless there is room for `needed`.
    func check(_ needed: Bytes) throws(HostReason) {
        guard needed <= bytes else {
            throw .poolShort(pool, missing: Bytes(needed.count - bytes.count), of: limit)
        }
    }
}
