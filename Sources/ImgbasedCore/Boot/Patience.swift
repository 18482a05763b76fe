/// How long to wait for a program that works by itself.
///
/// Useful work may take long: thin_check(8) reads gigabytes of metadata, e2fsck(8) repairs a disk. So
/// idleness counts first; the limit on the total time only ends a program that runs in circles.
public struct Patience: Hashable, Sendable {
    /// The seconds that the program may do nothing: use no processor time, and neither read nor write.
    public var idle: Int
    /// The seconds that the program may take in total.
    public var total: Int

    /// Creates limits of so many seconds.
    public init(idle: Int, total: Int) {
        self.idle = idle
        self.total = total
    }

    /// The verdict on a program that is waited for.
    public enum Verdict: Hashable, Sendable {
        /// The program may go on.
        case goesOn
        /// The program was idle for too long.
        case isIdle
        /// The program took too long in total.
        case isSlow
    }

    /// Watches one program; times are milliseconds on a clock that is never set.
    public struct Watch: Hashable, Sendable {
        private let patience: Patience
        private let start: Double
        private var lastChange: Double
        private var work: UInt64?

        /// Starts a watch at `now`.
        public init(_ patience: Patience, now: Double) {
            self.patience = patience
            start = now
            lastChange = now
        }

        /// The verdict at `now`; `work` is a figure that differs whenever the program has done something.
        public mutating func verdict(work: UInt64, now: Double) -> Verdict {
            if work != self.work {
                self.work = work
                lastChange = now
            }
            if now - start > Double(patience.total) * 1000 { return .isSlow }
            return now - lastChange > Double(patience.idle) * 1000 ? .isIdle : .goesOn
        }
    }
}

/// The limits for everything that early boot waits for, except disks.
public struct BootLimits: Hashable, Sendable {
    /// The seconds that udev may take for the devices of a layer.
    public let udev: Int
    /// For tools that read a pool, for lvm2, and for the holder of lvm2's lock.
    public let tool: Patience
    /// For the check of a file system.
    public let check: Patience

    /// The limits if disks may take `timeout` seconds.
    ///
    /// The kernel's own layers give up on a request after three minutes (SCSI: 30 seconds, and five more
    /// tries), so after twice the default no answer comes.
    ///
    /// A layer on trial has an alternative known to be good, and perhaps no person at the console. Any other
    /// layer has none: its check may take a day as long as it does something.
    public init(timeout: Int, isOnTrial: Bool) {
        let timeout = min(max(timeout, 10), 900)
        udev = timeout
        tool = Patience(idle: 2 * timeout, total: 20 * timeout)
        check = Patience(idle: 2 * timeout, total: isOnTrial ? 20 * timeout : 86_400)
    }
}
