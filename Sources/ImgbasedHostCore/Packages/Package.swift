/// The name of a package with its architecture: two architectures of one package can be installed together.
public struct PackageName: Hashable, Sendable, Comparable {
    /// The name of the package.
    public var name: String
    /// Its architecture, such as `amd64` or `all`; `x86_64` or `noarch` with rpm.
    public var architecture: String

    /// The package `name` of `architecture`.
    public init(_ name: String, _ architecture: String) {
        (self.name, self.architecture) = (name, architecture)
    }

    /// Orders by name, then by architecture.
    public static func < (a: PackageName, b: PackageName) -> Bool {
        (a.name, a.architecture) < (b.name, b.architecture)
    }

    /// Whether the package serves each architecture.
    var isForAll: Bool { architecture == "all" || architecture == "noarch" }

    /// Whether `text` can be the name of a package of `manager` (deb-control(5)).
    static func isName(_ text: String, of manager: PackageManager = .dpkg) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, (1...128).contains(bytes.count) else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
        }
        // Some packages of others have upper-case letters, which dpkg takes.
        func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
        let signs = manager == .dpkg ? "+-." : "+-._"
        return (isAlphanumeric(first) || isLetter(first))
            && bytes.allSatisfy { isAlphanumeric($0) || isLetter($0) || signs.utf8.contains($0) }
    }

    /// Whether `text` can be the name of an architecture of `manager`.
    static func isArchitecture(_ text: String, of manager: PackageManager = .dpkg) -> Bool {
        let sign = manager == .dpkg ? UInt8(ascii: "-") : UInt8(ascii: "_")
        return !text.isEmpty && text.utf8.count <= 32
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == sign
            }
    }
}

extension PackageName: CustomStringConvertible {
    /// `NAME:ARCHITECTURE`, as dpkg shows it.
    public var description: String { "\(name):\(architecture)" }
}

/// An installed package, as the database of its package manager has it. rpm judges the relations of its
/// packages itself: none of them is here.
public struct Package: Hashable, Sendable {
    /// The name and architecture.
    public var id: PackageName
    /// The version.
    public var version: PackageVersion
    /// Whether the administrator asked for it: it was not installed for another package alone.
    public var isManual = true
    /// Whether the administrator wants it to stay in its version.
    public var isHeld = false
    /// What it needs before it is unpacked.
    public var preDepends: [PackageRelation] = []
    /// What it needs before it is set up.
    public var depends: [PackageRelation] = []
    /// What it is usually installed with.
    public var recommends: [PackageRelation] = []
    /// What it cannot be unpacked beside.
    public var conflicts: [PackageRelation] = []
    /// What it cannot be set up beside.
    public var breaks: [PackageRelation] = []
    /// The virtual packages that it is.
    public var provides: [PackageRelation] = []
    /// Whether it serves packages of any architecture.
    public var isForeign = false
    /// Whether it serves packages of any architecture that ask for that.
    public var allowsAny = false
    /// The paths of its configuration files.
    public var configurationFiles: [String] = []
    /// The space that it takes when installed, in KiB, as its maker says.
    public var kibibytes: UInt64 = 0

    /// A package with nothing but these.
    public init(_ id: PackageName, _ version: PackageVersion) {
        (self.id, self.version) = (id, version)
    }
}
