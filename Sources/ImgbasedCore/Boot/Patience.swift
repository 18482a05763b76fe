/// How long a program is waited for that works by itself.
///
/// A program that works may take long: thin_check(8) reads gigabytes of metadata, e2fsck(8) repairs a disk. So what counts
/// first is whether it does anything, and a limit on all of it only ends what goes round in circles.
public struct Patience: Hashable, Sendable {
    /// How many seconds it may do nothing: use no processor time, and neither read nor write.
    public var idle: Int
    /// How many seconds it may take altogether.
    public var total: Int

    /// Patience for so many seconds.
    public init(idle: Int, total: Int) {
        self.idle = idle
        self.total = total
    }

    /// What has become of a program that is waited for.
    public enum Verdict: Hashable, Sendable {
        /// It may go on.
        case goesOn
        /// It has done nothing for too long.
        case isIdle
        /// It has taken too long.
        case isSlow
    }

    /// Watches one program. Times are milliseconds on a clock that is never set.
    public struct Watch: Hashable, Sendable {
        private let patience: Patience
        private let start: Double
        private var lastChange: Double
        private var work: UInt64?

        /// A watch from `now` on.
        public init(_ patience: Patience, now: Double) {
            self.patience = patience
            start = now
            lastChange = now
        }

        /// What becomes of it where it has done `work` up to `now`: a figure that differs whenever it has done something.
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

/// The limits of all that early boot waits for but disks.
public struct BootLimits: Hashable, Sendable {
    /// How many seconds udev may take for the devices of a layer.
    public let udev: Int
    /// For tools that look at a pool, for lvm2, and for whoever has lvm2's lock.
    public let tool: Patience
    /// For the check of a file system.
    public let check: Patience

    /// The limits where disks may take `timeout` seconds. The kernel's own layers give up on a request after three minutes
    /// (SCSI: 30 seconds, and five more tries), so that twice the default is when nothing comes any more.
    ///
    /// A layer on trial has another one behind it that is known to be good, and a person need not be there; any other
    /// is what there is, and its check may take a day as long as it does something.
    public init(timeout: Int, isOnTrial: Bool) {
        let timeout = min(max(timeout, 10), 900)
        udev = timeout
        tool = Patience(idle: 2 * timeout, total: 20 * timeout)
        check = Patience(idle: 2 * timeout, total: isOnTrial ? 20 * timeout : 86_400)
    }
}
