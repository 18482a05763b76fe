import ImgbasedCore

/// What is recorded for the boot loader: which layer is booted unattended, and what is being tried. Kept in our
/// environment block, by the names of layers, never by positions.
public struct BootRecord: Hashable, Sendable {
    /// A layer that is booted unattended until it has come up healthy, or has used up its tries.
    public struct Trial: Hashable, Sendable {
        /// How many tries it can have.
        public static let range = 1...9
        /// How many it has where nobody says.
        public static let defaultTries = 3

        /// The layer.
        public var layer: String
        /// How many tries it was given.
        public var tries: Int
        /// How many tries are left: GRUB takes one away before each.
        public var triesLeft: Int
        /// The tries in which the system came up at all, healthy or not, each by what was left after it: what is not
        /// among them ended in the boot loader, the kernel or the initramfs.
        public var starts: Set<Int> = []

        /// `layer`, with so many tries, none of them used.
        public init(layer: String, tries: Int) {
            self.layer = layer
            self.tries = tries
            self.triesLeft = tries
        }

        /// How many tries were used.
        public var triesUsed: Int { tries - triesLeft }
    }

    /// What became of a trial that succeeded, and not at once.
    public struct Lost: Hashable, Sendable {
        /// The layer.
        public var layer: String
        /// How many tries ended in the boot loader, the kernel or the initramfs.
        public var count: Int
        /// How many tries the trial was given.
        public var tries: Int
    }

    /// The layer booted unattended.
    public var defaultLayer: String?
    /// The layer of the next boot alone.
    public var once: String?
    /// The layer on trial.
    public var trial: Trial?
    /// The layer that last came up healthy.
    public var good: String?
    /// A layer that was to be tried next, and is not before what is carried into it is complete.
    public var staged: String?
    /// How many tries it is to have then, where somebody said.
    public var stagedTries: Int?
    /// What is to be told of the last trial that succeeded.
    public var lost: Lost?
    /// Whether what the boot loader has besides layers is the default: what the host booted before it had any, until one of them
    /// has come up healthy. So it is `false` where there is a default or a good layer.
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

    /// A record of a default and a layer that came up healthy, if any.
    public init(defaultLayer: String? = nil, good: String? = nil) {
        self.defaultLayer = defaultLayer
        self.good = good
    }

    /// Reads the record; what is damaged is as if it had never been there.
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

    /// Writes the record into `environment`, and leaves alone what else is in it.
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

extension BootRecord.Lost {
    /// As it is written: `COUNT:TRIES:LAYER`.
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
    /// All of it, as the end of a sentence.
    public var description: String {
        let parts = [
            defaultLayer.map { "default '\($0)'" },
            leavesDefault ? "default what is there besides layers" : nil,
            once.map { "once '\($0)'" },
            trial.map { "trial '\($0.layer)' with \($0.triesLeft) of \($0.tries) tries left" },
            good.map { "good '\($0)'" }, staged.map { "not complete '\($0)'" },
        ]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }
}
