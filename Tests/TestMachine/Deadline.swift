/// A moment by which something must have happened.
public struct Deadline: Sendable {
    private let limit: ContinuousClock.Instant
    private let delay: @Sendable () -> Duration

    /// `duration` from now. Time that `delay` has grown by does not count.
    public init(within duration: Duration, besides delay: @escaping @Sendable () -> Duration = { .zero }) {
        limit = .now + duration - delay()
        self.delay = delay
    }

    private var moment: ContinuousClock.Instant { limit + delay() }

    /// Whether it has come.
    public var hasPassed: Bool {
        moment <= .now
    }

    /// What `poll(2)` is to be given: milliseconds left, rounded up, so that it never spins.
    var milliseconds: CInt {
        let (seconds, attoseconds) = (moment - .now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return CInt(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}

extension Duration {
    /// Whole minutes.
    public static func minutes(_ count: Int) -> Duration {
        .seconds(count * 60)
    }

    /// Seconds with one decimal, as reports want it.
    public var inSeconds: String {
        let (seconds, attoseconds) = components
        return "\(seconds).\(attoseconds / 100_000_000_000_000_000) s"
    }
}
