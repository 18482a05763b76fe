/// Which layer is wanted.
public enum LayerRequest: Hashable, Sendable, CustomStringConvertible {
    /// The one of that name, or the newest one of the base of that name.
    case named(String)
    /// The newest one of the newest base.
    case latest
    /// The one before the default.
    case previous

    /// As in an argument; fails where `text` is no name for a volume.
    init?(_ text: String) {
        switch text {
        case "latest": self = .latest
        case "previous": self = .previous
        default:
            guard (try? VolumeName.check(text, limit: VolumeName.readLimit)) != nil else { return nil }
            self = .named(text)
        }
    }

    /// As in an argument.
    public var description: String {
        switch self {
        case .named(let name): name
        case .latest: "latest"
        case .previous: "previous"
        }
    }
}
