/// What happened in early boot, for the booted system: `/run/imgbased/boot.json`.
public struct BootReport: Hashable, Sendable {
    /// How long something took.
    public struct Timing: Hashable, Sendable {
        /// What.
        public var name: String
        /// How long, in milliseconds.
        public var milliseconds: Double

        /// `name` took `milliseconds`.
        public init(name: String, milliseconds: Double) {
            self.name = name
            self.milliseconds = milliseconds
        }
    }

    /// The booted layer.
    public var layer: String
    /// The base it came from.
    public var base: String?
    /// The volume group.
    public var volumeGroup: String
    /// The device-mapper name of the layer.
    public var device: String
    /// What decided on the layer, as the argument would be typed.
    public var chosenBy: String
    /// Why the boot loader booted it.
    public var reason: BootReason?
    /// How it was mounted.
    public var mode: BootMode
    /// Who activated it.
    public var activatedBy: Activator
    /// Why it was not our own code, where it was not asked to leave it to lvm2.
    public var refusal: String?
    /// Why nothing can be written to the layer though that was asked for.
    public var degraded: String?
    /// What was wanted before it and not taken.
    public var fallbacks: [SkippedLayer]
    /// What was not understood.
    public var warnings: [String]
    /// How long the parts of it took, in their order.
    public var timings: [Timing]

    /// A report of these parts.
    public init(
        layer: String, base: String?, volumeGroup: String, device: String, chosenBy: String,
        reason: BootReason? = nil, mode: BootMode,
        activatedBy: Activator = .native, refusal: String? = nil, degraded: String? = nil,
        fallbacks: [SkippedLayer] = [], warnings: [String] = [],
        timings: [(name: String, milliseconds: Double)] = []
    ) {
        self.layer = layer
        self.base = base
        self.volumeGroup = volumeGroup
        self.device = device
        self.chosenBy = chosenBy
        self.reason = reason
        self.mode = mode
        self.activatedBy = activatedBy
        self.refusal = refusal
        self.degraded = degraded
        self.fallbacks = fallbacks
        self.warnings = warnings
        self.timings = timings.map { Timing(name: $0.name, milliseconds: $0.milliseconds) }
    }

    /// The report as JSON, one line ended by a newline.
    public var json: String {
        JSONText.object([
            ("layer", JSONText.string(layer)),
            ("base", base.map(JSONText.string) ?? "null"),
            ("volumeGroup", JSONText.string(volumeGroup)),
            ("device", JSONText.string(device)),
            ("chosenBy", JSONText.string(chosenBy)),
            ("reason", reason.map { JSONText.string($0.rawValue) } ?? "null"),
            ("mode", JSONText.string(mode.rawValue)),
            ("activatedBy", JSONText.string(activatedBy.rawValue)),
            ("refusal", refusal.map(JSONText.string) ?? "null"),
            ("degraded", degraded.map(JSONText.string) ?? "null"),
            (
                "fallbacks",
                JSONText.array(
                    fallbacks.map {
                        JSONText.object([
                            ("layer", JSONText.string($0.layer)), ("reason", JSONText.string($0.reason)),
                        ])
                    })
            ),
            ("warnings", JSONText.array(warnings.map(JSONText.string))),
            ("timings", JSONText.object(timings.map { ($0.name, JSONText.thousandths($0.milliseconds)) })),
        ]) + "\n"
    }
}
