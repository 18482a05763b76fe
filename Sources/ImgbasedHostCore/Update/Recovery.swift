import ImgbasedCore

/// The reaction of an unattended system to a booted layer that did not come up healthy.
public enum Recovery: Hashable, Sendable {
    /// The system restarts into a better layer.
    case restart(into: String)
    /// The system restarts into the system the host booted before it had layers.
    case restartBesides
    /// The user picked the layer in the menu and may be at work: the system stays.
    case pickedByHand
    /// The layer was already known to be bad; a system goes back once for each layer.
    case knownBefore
    /// The layer that would boot instead is no better.
    case nothingBetter

    /// The reaction after the booted layer, with the entry `old`, was marked bad; `status` is the resulting
    /// status.
    init(after old: BootEntry, _ status: HostStatus) {
        if status.reason == .menu || status.reason == .rescue {
            self = .pickedByHand
        } else if old.health == .bad {
            self = .knownBefore
        } else if let next = status.next, next.layer != old.layer, status.nextHealth != .bad {
            self = .restart(into: next.layer)
        } else if status.next == nil, status.leavesDefault {
            self = .restartBesides
        } else {
            self = .nothingBetter
        }
    }
}

extension Recovery {
    /// Whether the system restarts.
    var restarts: Bool {
        switch self {
        case .restart, .restartBesides: true
        case .pickedByHand, .knownBefore, .nothingBetter: false
        }
    }
}

extension Recovery: CustomStringConvertible {
    /// The reaction, as the end of a sentence.
    public var description: String {
        switch self {
        case .restart(let layer): "going back to layer '\(layer)'"
        case .restartBesides: "going back to what is booted besides layers"
        case .pickedByHand: "staying, since it was picked in the menu"
        case .knownBefore: "staying, since the layer was known to be bad"
        case .nothingBetter: "staying, since nothing better is known"
        }
    }
}
