/// The kernel's status of a thin pool (linux: Documentation/admin-guide/device-mapper/thin-provisioning.rst).
///
/// ```
/// 2 115/1024 298/16384 - rw discard_passdown queue_if_no_space - 256
/// ```
public struct ThinPoolStatus: Hashable, Sendable {
    /// The operations that the pool allows.
    public enum Mode: Hashable, Sendable {
        /// All operations.
        case readWrite
        /// No operation that changes the metadata.
        case readOnly
        /// No operation that needs a new block.
        case outOfDataSpace
        /// No operation.
        case failed
    }

    /// The blocks in use and the blocks in total.
    public struct Usage: Hashable, Sendable {
        /// The number of blocks in use.
        public let used: UInt64
        /// The number of blocks in total.
        public let total: UInt64
    }

    /// The operations that the pool allows.
    public let mode: Mode
    /// The number of changes that LVM2 has made to the pool; `nil` if the pool has failed.
    public let transactionID: UInt64?
    /// The blocks of metadata; `nil` if the pool has failed.
    public let metadata: Usage?
    /// The blocks of data; `nil` if the pool has failed.
    public let data: Usage?
    /// Whether the kernel requires a check of the metadata before it writes to them again.
    public let needsCheck: Bool

    /// Parses the status of a `thin-pool` target without start, length and type; `nil` for any other text.
    public init?(_ line: String) {
        let words = line.split { $0 == " " || $0 == "\n" }
        if words == ["Fail"] || words == ["Error"] {
            mode = .failed
            transactionID = nil
            metadata = nil
            data = nil
            needsCheck = false
            return
        }
        guard words.count >= 5, let transactionID = UInt64(words[0]), let metadata = Usage(words[1]),
            let data = Usage(words[2])
        else { return nil }
        switch words[4] {
        case "rw": mode = .readWrite
        case "ro": mode = .readOnly
        case "out_of_data_space": mode = .outOfDataSpace
        default: return nil
        }
        self.transactionID = transactionID
        self.metadata = metadata
        self.data = data
        needsCheck = words.dropFirst(5).contains("needs_check")
    }

    /// The health of the pool, given the `expectedTransactionID` of LVM2's metadata.
    ///
    /// LVM2's metadata counts a change before the kernel does. A pool `mayLag` if the wanted volume was there
    /// before the last change. lvm2: `_thin_pool_node_send_messages` in device_mapper/libdm-deptree.c; if its
    /// own number is 0, it checks nothing.
    public func health(expectedTransactionID: UInt64, mayLag: Bool) -> PoolHealth {
        guard mode != .failed, let transactionID, let metadata, let data else {
            return .failed("the thin pool has failed")
        }
        // A program other than lvm2 may have made or removed the volumes.
        let (next, _) = transactionID.addingReportingOverflow(1)
        let lags = next == expectedTransactionID
        if lags, !mayLag {
            return .failed("the volume is not in the thin pool yet: lvm2 was interrupted and must finish")
        }
        guard lags || transactionID == expectedTransactionID || expectedTransactionID == 0 else {
            return .readOnly(
                "the thin pool has transaction id \(transactionID), expected \(expectedTransactionID)")
        }
        if needsCheck {
            return .readOnly(
                "the metadata of the thin pool needs a check; repair it with 'lvconvert --repair'")
        }
        // The kernel reserves some blocks, and counts them as used.
        if metadata.used >= metadata.total {
            return .readOnly(
                "the thin pool has no free metadata; extend it with 'lvextend --poolmetadatasize'")
        }
        if mode == .readOnly { return .readOnly("the thin pool is read-only") }
        if mode == .outOfDataSpace || data.used >= data.total {
            return .full("the thin pool has no free data space; extend it with 'lvextend'")
        }
        return .good
    }
}

/// The operations that a thin pool allows; reasons are one sentence without a full stop.
public enum PoolHealth: Hashable, Sendable {
    /// All operations.
    case good
    /// No operation that needs a new block: none is free.
    case full(String)
    /// No operation that changes the metadata.
    case readOnly(String)
    /// No operation.
    case failed(String)

    /// Why an operation is not allowed; `nil` if all are.
    public var reason: String? {
        switch self {
        case .good: nil
        case .full(let reason), .readOnly(let reason), .failed(let reason): reason
        }
    }
}

extension ThinPoolStatus.Usage {
    fileprivate init?(_ word: Substring) {
        let parts = word.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let used = UInt64(parts[0]), let total = UInt64(parts[1]) else { return nil }
        self.init(used: used, total: total)
    }
}
