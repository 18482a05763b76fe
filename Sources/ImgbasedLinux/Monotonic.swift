import CLinux

/// A moment on the clock that starts with the kernel and is never set.
///
/// (Swift's own clocks need the concurrency runtime, which the helper does not use otherwise.)
public struct Monotonic: Hashable, Comparable, Sendable {
    private var nanoseconds: Int64

    /// The present moment.
    ///
    /// The corresponding C function is `clock_gettime` of `CLOCK_MONOTONIC`.
    public static func now() -> Monotonic {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Monotonic(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The moment the kernel started.
    public static let kernelStart = Monotonic(nanoseconds: 0)

    /// The moment `seconds` later, at most 3,000,000,000 (about a century).
    public func advanced(bySeconds seconds: Int) -> Monotonic {
        Monotonic(nanoseconds: nanoseconds + Int64(min(max(seconds, 0), 3_000_000_000)) * 1_000_000_000)
    }

    /// Milliseconds from `start` to this moment; negative if this moment came first.
    public func milliseconds(since start: Monotonic) -> Double {
        Double(nanoseconds - start.nanoseconds) / 1_000_000
    }

    /// Orders by time.
    public static func < (a: Monotonic, b: Monotonic) -> Bool {
        a.nanoseconds < b.nanoseconds
    }
}
