/// What the kernel says of a thin pool (linux: Documentation/admin-guide/device-mapper/thin-provisioning.rst).
///
/// ```
/// 2 115/1024 298/16384 - rw discard_passdown queue_if_no_space - 256
/// ```
public struct ThinPoolStatus: Hashable, Sendable {
    /// What can be done with the pool.
    public enum Mode: Hashable, Sendable {
        /// Everything.
        case readWrite
        /// Nothing that changes its metadata.
        case readOnly
        /// Nothing that needs a new block.
        case outOfDataSpace
        /// Nothing.
        case failed
    }

    /// Blocks in use and blocks there are.
    public struct Usage: Hashable, Sendable {
        /// In use.
        public let used: UInt64
        /// There are.
        public let total: UInt64
    }

    /// What can be done with it.
    public let mode: Mode
    /// How many changes LVM2 has made to it; `nil` where it has failed.
    public let transactionID: UInt64?
    /// Blocks of metadata; `nil` where it has failed.
    public let metadata: Usage?
    /// Blocks of data; `nil` where it has failed.
    public let data: Usage?
    /// Whether the kernel wants the metadata checked before it writes to it again.
    public let needsCheck: Bool

    /// Parses the status of a `thin-pool` target, without start, length and type; `nil` where it is not one.
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

    /// What this means for a pool of which LVM2's metadata has `expectedTransactionID`, and where what is wanted of it was there before
    /// the last change if it `mayLag`: a change is in LVM2's metadata first, and its number then in the kernel's.
    ///
    /// lvm2: `_thin_pool_node_send_messages` in device_mapper/libdm-deptree.c. It looks at no number where its own is 0.
    public func health(expectedTransactionID: UInt64, mayLag: Bool) -> PoolHealth {
        guard mode != .failed, let transactionID, let metadata, let data else {
            return .failed("the thin pool has failed")
        }
        // The volumes may have been made or removed by somebody else.
        let (next, _) = transactionID.addingReportingOverflow(1)
        let lags = next == expectedTransactionID
        if lags, !mayLag {
            return .failed("the volume is not in the thin pool yet: lvm2 was interrupted and has to go on")
        }
        guard lags || transactionID == expectedTransactionID || expectedTransactionID == 0 else {
            return .readOnly(
                "the thin pool has transaction id \(transactionID), expected \(expectedTransactionID)")
        }
        if needsCheck {
            return .readOnly(
                "the metadata of the thin pool needs a check; repair it with 'lvconvert --repair'")
        }
        // The kernel keeps some blocks to itself, and counts them as used.
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

/// What can be done with a thin pool. Reasons are one sentence without a full stop.
public enum PoolHealth: Hashable, Sendable {
    /// Everything.
    case good
    /// Nothing that needs a new block: there is none.
    case full(String)
    /// Nothing that changes its metadata.
    case readOnly(String)
    /// Nothing.
    case failed(String)

    /// Why not everything; `nil` where everything can be done.
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
