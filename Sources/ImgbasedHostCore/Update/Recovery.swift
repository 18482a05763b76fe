import ImgbasedCore

/// What becomes of a system whose layer did not come up healthy, and nobody may be there.
public enum Recovery: Hashable, Sendable {
    /// It starts again, into a better layer.
    case restart(into: String)
    /// It starts again, into what the host booted before it had layers.
    case restartBesides
    /// Somebody picked the layer in the menu and may be at work: it stays as it is.
    case pickedByHand
    /// The layer was known to be bad before; a system goes back once for each layer.
    case knownBefore
    /// What would be booted instead is no better.
    case nothingBetter

    /// What follows where the booted layer, whose entry was `old`, was found bad, and `status` is what that makes of it.
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
    /// Whether the system starts again.
    var restarts: Bool {
        switch self {
        case .restart, .restartBesides: true
        case .pickedByHand, .knownBefore, .nothingBetter: false
        }
    }
}

extension Recovery: CustomStringConvertible {
    /// What is done, as the end of a sentence.
    public var description: String {
        switch self {
        case .restart(let layer): "going back to layer '\(layer)'"
        case .restartBesides: "going back to what is booted besides layers"
        case .pickedByHand: "staying, since it was picked in the menu"
        case .knownBefore: "staying, since that was known before"
        case .nothingBetter: "staying, since nothing better is known"
        }
    }
}
