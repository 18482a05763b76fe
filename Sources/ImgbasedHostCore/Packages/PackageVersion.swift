/// The version of a package, ordered as its package manager orders versions.
public enum PackageVersion: Hashable, Sendable {
    /// The version of a package of dpkg.
    case dpkg(DebianVersion)
    /// The version and release of a package of rpm.
    case rpm(RPMVersion)

    /// Reads `text`; `nil` if it is no version of `manager`.
    public init?(_ text: String, of manager: PackageManager) {
        switch manager {
        case .dpkg:
            guard let version = DebianVersion(text) else { return nil }
            self = .dpkg(version)
        case .rpm:
            guard let version = RPMVersion(text) else { return nil }
            self = .rpm(version)
        }
    }

    /// The version as written.
    public var text: String {
        switch self {
        case .dpkg(let version): version.text
        case .rpm(let version): version.text
        }
    }

    /// The package manager whose version it is.
    public var manager: PackageManager {
        switch self {
        case .dpkg: .dpkg
        case .rpm: .rpm
        }
    }

    /// The version for relations between packages of dpkg; `nil` for others, whose relations rpm judges.
    var debian: DebianVersion? {
        guard case .dpkg(let version) = self else { return nil }
        return version
    }
}

extension PackageVersion: Comparable {
    /// Whether `a` is older than `b`; versions of two package managers are never compared.
    public static func < (a: PackageVersion, b: PackageVersion) -> Bool {
        switch (a, b) {
        case (.dpkg(let a), .dpkg(let b)): a < b
        case (.rpm(let a), .rpm(let b)): a < b
        case (.dpkg, .rpm): true
        case (.rpm, .dpkg): false
        }
    }
}

extension PackageVersion: CustomStringConvertible {
    /// The version as written.
    public var description: String { text }
}
