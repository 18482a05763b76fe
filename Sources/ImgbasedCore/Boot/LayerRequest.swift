/// The layer that an argument asks for.
public enum LayerRequest: Hashable, Sendable, CustomStringConvertible {
    /// The layer of this name, or the newest layer of the base of this name.
    case named(String)
    /// The newest layer of the newest base.
    case latest
    /// The layer before the default.
    case previous

    /// Parses the value of an argument; fails if `text` is not a valid volume name.
    init?(_ text: String) {
        switch text {
        case "latest": self = .latest
        case "previous": self = .previous
        default:
            guard (try? VolumeName.check(text, limit: VolumeName.readLimit)) != nil else { return nil }
            self = .named(text)
        }
    }

    /// The request as written in an argument.
    public var description: String {
        switch self {
        case .named(let name): name
        case .latest: "latest"
        case .previous: "previous"
        }
    }
}
