import ImgbasedLinux

/// Measures the duration of each part of the work, for `boot.json`.
struct Stopwatch {
    private let start = Monotonic.now()
    private var last: Monotonic
    /// Milliseconds by name, in the order measured; `start` is from the kernel's start to the helper's.
    private(set) var laps: [(name: String, milliseconds: Double)]

    init() {
        last = start
        laps = [("start", start.milliseconds(since: .kernelStart))]
    }

    /// Records the time since the previous lap as `name`.
    mutating func lap(_ name: String) {
        let now = Monotonic.now()
        laps.append((name, now.milliseconds(since: last)))
        last = now
    }
}
