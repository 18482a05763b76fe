/// A package manager whose packages updates install again.
public enum PackageManager: String, Hashable, Sendable, CaseIterable {
    /// dpkg(1), with apt(8).
    case dpkg
    /// rpm(8), with dnf(8).
    case rpm

    /// The program that installs archives.
    public var tool: Tool {
        switch self {
        case .dpkg: .dpkg
        case .rpm: .rpm
        }
    }

    /// The end of the name of an archive.
    var suffix: String {
        switch self {
        case .dpkg: ".deb"
        case .rpm: ".rpm"
        }
    }

    /// The variables that tell the programs of packages that nobody answers.
    public var environment: [String: String] {
        switch self {
        case .dpkg: ["DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true"]
        case .rpm: [:]
        }
    }

    /// The arguments of ``tool`` that install the archives in `paths`. Configuration files stay as they are.
    ///
    /// rpm gets no chance to remove what an archive replaces: `--install` leaves all that is there. A layer
    /// took these archives before, perhaps with a key that its successor lacks.
    public func installing(_ paths: [String]) -> [String] {
        switch self {
        case .dpkg: ["--force-confold", "--install"] + paths
        case .rpm: ["--install", "--nosignature"] + paths
        }
    }

    /// The arguments of ``tool`` that remove the packages `ids`.
    public func removing(_ ids: [PackageName]) -> [String] {
        switch self {
        case .dpkg: ["--remove"] + ids.map(name)
        case .rpm: ["--erase"] + ids.map(name)
        }
    }

    /// The command that installs the packages `ids` from the repositories that the system knows.
    func fetching(_ ids: [PackageName]) -> Command {
        let names = ids.map(name)
        switch self {
        case .dpkg:
            return Command(
                .aptGet,
                ["--yes", "--no-remove", "--option", "DPkg::Options::=--force-confold", "install", "--"]
                    + names, environment: environment)
        case .rpm: return Command(.dnf, ["--assumeyes", "install", "--"] + names)
        }
    }

    /// The name by which the programs of the package manager know the package `id`.
    public func name(_ id: PackageName) -> String {
        switch self {
        case .dpkg: "\(id.name):\(id.architecture)"
        case .rpm: "\(id.name).\(id.architecture)"
        }
    }

    /// The name of an archive of the package `id`, without ``suffix``, as repositories have it; the epoch of
    /// an RPM package is told too. A colon is written as apt writes it.
    func fileName(_ id: PackageName, _ version: PackageVersion) -> String {
        let text = version.text.parts(separator: ":").joined(separator: "%3a")
        switch self {
        case .dpkg: return "\(id.name)_\(text)_\(id.architecture)"
        case .rpm: return "\(id.name)-\(text).\(id.architecture)"
        }
    }

    /// The package and version in such a name; `nil` if it is none.
    func package(inFileName text: String) -> (id: PackageName, version: PackageVersion)? {
        var parts: [String]
        switch self {
        case .dpkg: parts = text.parts(separator: "_")
        case .rpm:
            let dotted = text.parts(separator: ".")
            let dashed = dotted.dropLast().joined(separator: ".").parts(separator: "-")
            guard dashed.count >= 3, let architecture = dotted.last else { return nil }
            parts = [
                dashed.dropLast(2).joined(separator: "-"), dashed.suffix(2).joined(separator: "-"),
                architecture,
            ]
        }
        guard parts.count == 3, PackageName.isName(parts[0], of: self),
            PackageName.isArchitecture(parts[2], of: self)
        else { return nil }
        let words = parts[1].parts(separator: "%")
        guard words.dropFirst().allSatisfy({ $0.hasPrefix("3a") }) else { return nil }
        let version = words[0] + words.dropFirst().map { ":" + $0.dropFirst(2) }.joined()
        return PackageVersion(version, of: self).map { (PackageName(parts[0], parts[2]), $0) }
    }
}
