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
