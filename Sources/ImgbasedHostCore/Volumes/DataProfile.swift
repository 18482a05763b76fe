public import ImgbasedCore

/// A set of data volumes for a new host.
public enum DataProfile: String, CaseIterable, Sendable {
    /// No volumes.
    case minimal
    /// The file systems that guidelines such as those of NIST ask for, but `/var`, which is each layer's own.
    case server

    /// The places and the sizes.
    public var volumes: [(place: DataPlace, size: Bytes)] {
        switch self {
        case .minimal: []
        case .server:
            [
                ("/home", 1), ("/tmp", 1), ("/var/crash", 10), ("/var/log", 8), ("/var/log/audit", 2),
                ("/var/tmp", 10),
            ].compactMap { (text: String, size: UInt64) in DataPlace(text).map { ($0, Bytes(size << 30)) } }
        }
    }
}
