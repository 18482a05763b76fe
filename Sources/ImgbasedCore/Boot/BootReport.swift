/// The course of early boot, for the booted system: `/run/imgbased/boot.json`.
public struct BootReport: Hashable, Sendable {
    /// The duration of one part of early boot.
    public struct Timing: Hashable, Sendable {
        /// The name of the part.
        public var name: String
        /// The duration in milliseconds.
        public var milliseconds: Double

        /// Records that the part `name` took `milliseconds`.
        public init(name: String, milliseconds: Double) {
            self.name = name
            self.milliseconds = milliseconds
        }
    }

    /// The name of the booted layer.
    public var layer: String
    /// The base of the layer; `nil` for a volume that is not a layer of ours.
    public var base: String?
    /// The name of the volume group.
    public var volumeGroup: String
    /// The device-mapper name of the layer.
    public var device: String
    /// The argument that selected the layer, as it would be typed; `default` if none did.
    public var chosenBy: String
    /// Why the boot loader booted the layer; `nil` if it did not say.
    public var reason: BootReason?
    /// How the layer was mounted.
    public var mode: BootMode
    /// The code that activated the layer.
    public var activatedBy: Activator
    /// Why our own code did not activate the layer; `nil` if it did, or was told to leave it to lvm2.
    public var refusal: String?
    /// Why the layer cannot be written although that was requested; `nil` otherwise.
    public var degraded: String?
    /// The layers requested before it and not booted.
    public var fallbacks: [SkippedLayer]
    /// The warnings of this boot, one line each.
    public var warnings: [String]
    /// The durations of the parts, in order.
    public var timings: [Timing]

    /// Creates a report of these parts.
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
