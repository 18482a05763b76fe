import Synchronization

/// The time by which an event must have happened.
public struct Deadline: Sendable {
    /// The longest delay so far. A program that has ended has no delay any more; its deadline stays.
    private final class Longest: Sendable {
        private let longest = Mutex(Duration.zero)

        func including(_ delay: Duration) -> Duration {
            longest.withLock {
                $0 = max($0, delay)
                return $0
            }
        }
    }

    private let limit: ContinuousClock.Instant
    private let delay: @Sendable () -> Duration
    private let longest = Longest()

    /// Makes a deadline `duration` from now, postponed by the further growth of `delay`.
    public init(within duration: Duration, besides delay: @escaping @Sendable () -> Duration = { .zero }) {
        limit = .now + duration - longest.including(delay())
        self.delay = delay
    }

    private var moment: ContinuousClock.Instant { limit + longest.including(delay()) }

    /// Whether the time is up.
    public var hasPassed: Bool {
        moment <= .now
    }

    /// The timeout for `poll(2)`: the milliseconds left, rounded up, so a loop never spins.
    var milliseconds: CInt {
        let (seconds, attoseconds) = (moment - .now).components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return CInt(clamping: seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1)
    }
}

extension Duration {
    /// `count` minutes, as a duration.
    public static func minutes(_ count: Int) -> Duration {
        .seconds(count * 60)
    }

    /// The duration in seconds with one decimal, for reports.
    public var inSeconds: String {
        let (seconds, attoseconds) = components
        return "\(seconds).\(attoseconds / 100_000_000_000_000_000) s"
    }
}
