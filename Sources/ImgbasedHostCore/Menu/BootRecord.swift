import ImgbasedCore

/// The record for the boot loader: which layer boots unattended, and which is on trial. It is stored in our
/// environment block, with names of layers, never positions.
public struct BootRecord: Hashable, Sendable {
    /// A layer that boots unattended until it comes up healthy or has used up its tries.
    public struct Trial: Hashable, Sendable {
        /// The valid numbers of tries.
        public static let range = 1...9
        /// The number of tries if none is given.
        public static let defaultTries = 3

        /// The name of the layer on trial.
        public var layer: String
        /// The number of tries given, 1 to 9.
        public var tries: Int
        /// The number of tries left; GRUB takes one away before each try.
        public var triesLeft: Int
        /// The tries in which the system came up, healthy or not, each as the number of tries left then. Any
        /// other used try ended in the boot loader, the kernel or the initramfs.
        public var starts: Set<Int> = []

        /// A trial of `layer` with `tries` unused tries.
        public init(layer: String, tries: Int) {
            self.layer = layer
            self.tries = tries
            self.triesLeft = tries
        }

        /// The number of tries used.
        public var triesUsed: Int { tries - triesLeft }
    }

    /// The lost tries of a trial that succeeded later.
    public struct Lost: Hashable, Sendable {
        /// The name of the layer.
        public var layer: String
        /// The number of tries that ended in the boot loader, the kernel or the initramfs.
        public var count: Int
        /// The number of tries given.
        public var tries: Int
    }

    /// The default; `nil` if none is recorded.
    public var defaultLayer: String?
    /// The layer of the next boot only; `nil` if none.
    public var once: String?
    /// The current or last trial; `nil` if none.
    public var trial: Trial?
    /// The layer that last came up healthy; `nil` if none is known.
    public var good: String?
    /// A layer to be tried next; the trial waits until its carry is complete.
    public var staged: String?
    /// The number of tries it then gets; `nil` means the default number.
    public var stagedTries: Int?
    /// The lost tries of the last successful trial, to be reported; `nil` if none.
    public var lost: Lost?
    /// Whether the default is an entry besides layers: the system the host booted before it had layers, until
    /// a layer has come up healthy. `false` if a default or a good layer is recorded.
    public var leavesDefault: Bool {
        get { leaves && defaultLayer == nil && good == nil }
        set { leaves = newValue }
    }
    private var leaves = false

    private static let onceKey = "imgbased_once"
    private static let trialKey = "imgbased_trial"
    private static let triesKey = "imgbased_tries"
    private static let givenKey = "imgbased_given"
    private static let startsKey = "imgbased_starts"
    private static let goodKey = "imgbased_good"
    private static let stagedKey = "imgbased_staged"
    private static let stagedTriesKey = "imgbased_staged_tries"
    private static let lostKey = "imgbased_lost"
    private static let besidesKey = "imgbased_besides"

    /// A record with a default and the last good layer, if any.
    public init(defaultLayer: String? = nil, good: String? = nil) {
        self.defaultLayer = defaultLayer
        self.good = good
    }

    /// Reads the record; a damaged value counts as missing.
    public init(_ environment: GRUBEnvironment) {
        func layer(_ key: String) -> String? {
            environment[key].flatMap { name in (try? VolumeName.check(name)).map { name } }
        }
        defaultLayer = layer(GRUBEnvironment.defaultKey)
        once = layer(BootRecord.onceKey)
        good = layer(BootRecord.goodKey)
        leavesDefault = environment[BootRecord.besidesKey] == "1"
        staged = layer(BootRecord.stagedKey)
        if staged != nil, let tries = environment[BootRecord.stagedTriesKey].flatMap({ Int($0) }),
            Trial.range.contains(tries)
        {
            stagedTries = tries
        }
        lost = environment[BootRecord.lostKey].flatMap(Lost.init)
        if let name = layer(BootRecord.trialKey) {
            let left = environment[BootRecord.triesKey].flatMap { Int($0) } ?? 0
            let given = environment[BootRecord.givenKey].flatMap { Int($0) } ?? 0
            var trial = Trial(layer: name, tries: Trial.range.contains(given) ? given : 0)
            trial.triesLeft = Trial.range.contains(left) ? left : 0
            trial.tries = max(trial.tries, trial.triesLeft)
            let starts = (environment[BootRecord.startsKey] ?? "").compactMap(\.wholeNumberValue)
            trial.starts = Set(starts.filter { (trial.triesLeft..<trial.tries).contains($0) })
            self.trial = trial
        }
    }

    /// Writes the record into `environment`, and leaves other variables alone.
    public func write(to environment: inout GRUBEnvironment) {
        environment[GRUBEnvironment.defaultKey] = defaultLayer
        environment[BootRecord.onceKey] = once
        environment[BootRecord.trialKey] = trial?.layer
        environment[BootRecord.triesKey] = trial.map { String($0.triesLeft) }
        environment[BootRecord.givenKey] = trial.map { String($0.tries) }
        environment[BootRecord.startsKey] = trial.flatMap { trial in
            trial.starts.isEmpty ? nil : trial.starts.sorted(by: >).map(String.init).joined()
        }
        environment[BootRecord.goodKey] = good
        environment[BootRecord.stagedKey] = staged
        environment[BootRecord.stagedTriesKey] = staged == nil ? nil : stagedTries.map { String($0) }
        environment[BootRecord.lostKey] = lost?.text
        environment[BootRecord.besidesKey] = leavesDefault ? "1" : nil
    }
}

extension BootRecord {
    /// The record without `layers`; the layer that would boot of `rest`, the remaining entries, becomes the
    /// default.
    func without(_ layers: Set<String>, _ rest: [BootEntry]) -> BootRecord {
        var record = self
        if let once, layers.contains(once) { record.once = nil }
        if let good, layers.contains(good) { record.good = nil }
        if let trial, layers.contains(trial.layer) { record.trial = nil }
        if let staged, layers.contains(staged) { record.staged = nil }
        if let defaultLayer, layers.contains(defaultLayer) {
            record.defaultLayer = nil
            record.defaultLayer = BootChoice.defaultLayer(record, rest)
        }
        return record
    }

    /// Cancels a one-time boot, a trial or a staged trial of `layer`; a default stays.
    mutating func forget(_ layer: String) {
        if once == layer { once = nil }
        if trial?.layer == layer { trial = nil }
        if staged == layer { staged = nil }
    }
}

extension BootRecord.Trial {
    /// The outcome of the used tries: how many ended in the boot loader, the kernel or the initramfs, and in
    /// how many the system came up but did not become healthy.
    ///
    /// A try that `isRunning` does not count yet. If the layer `isBad`, the last try is the one that found
    /// this: the tries left then were taken away, not used.
    func fates(isRunning: Bool, isBad: Bool = false) -> (lost: Int, unhealthy: Int) {
        let left = isBad ? starts.min() ?? tries : triesLeft
        let hasStarted = starts.contains(left)
        let used = tries - left - (isRunning && !isBad ? 1 : 0)
        let unhealthy = starts.count - (isRunning && !isBad && hasStarted ? 1 : 0)
        return (max(0, used - unhealthy), unhealthy)
    }
}

extension BootRecord.Lost {
    /// The stored form: `COUNT:TRIES:LAYER`.
    fileprivate var text: String { "\(count):\(tries):\(layer)" }

    fileprivate init?(_ text: String) {
        let parts = text.split(separator: ":").map(String.init)
        guard parts.count == 3, let count = Int(parts[0]), let tries = Int(parts[1]),
            BootRecord.Trial.range.contains(tries), (1...tries).contains(count),
            (try? VolumeName.check(parts[2])) != nil
        else { return nil }
        self.init(layer: parts[2], count: count, tries: tries)
    }
}

extension BootRecord: CustomStringConvertible {
    /// The whole record, as the end of a sentence.
    public var description: String {
        let parts = [
            defaultLayer.map { "default '\($0)'" },
            leavesDefault ? "default what is there besides layers" : nil,
            once.map { "once '\($0)'" },
            trial.map { "trial '\($0.layer)' with \($0.triesLeft) of \($0.tries) tries left" },
            good.map { "good '\($0)'" }, staged.map { "not complete '\($0)'" },
        ]
        let known = parts.compactMap { $0 }
        return known.isEmpty ? "no default yet" : known.joined(separator: ", ")
    }
}
