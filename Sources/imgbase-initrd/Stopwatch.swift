import ImgbasedLinux

/// How long each part of the work took, for `boot.json`.
struct Stopwatch {
    private let start = Monotonic.now()
    private var last: Monotonic
    /// Milliseconds, by name in the order they were measured: `start` from the kernel's to the helper's start.
    private(set) var laps: [(name: String, milliseconds: Double)]

    init() {
        last = start
        laps = [("start", start.milliseconds(since: .kernelStart))]
    }

    /// Notes the time since the last one as `name`.
    mutating func lap(_ name: String) {
        let now = Monotonic.now()
        laps.append((name, now.milliseconds(since: last)))
        last = now
    }
}
