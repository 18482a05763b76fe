public import ImgbasedCore

/// The archive of a package, kept so that an update can install the package again.
public struct PackageArchive: Hashable, Sendable {
    /// The package.
    public var id: PackageName
    /// Its version.
    public var version: DebianVersion
    /// The length of the archive.
    public var size: Bytes
    /// When it was kept, in seconds since 1970.
    public var kept: Int64

    /// The archive of `id`, of `size`, kept at the time `kept`.
    public init(_ id: PackageName, _ version: DebianVersion, size: Bytes, kept: Int64) {
        (self.id, self.version, self.size, self.kept) = (id, version, size, kept)
    }

    /// The archive in the file `fileName` of ``PackageStore/directory``; `nil` if that is none of ours.
    public init?(fileName: String, size: Bytes, kept: Int64) {
        guard fileName.hasSuffix(PackageArchive.suffix) else { return nil }
        let parts = String(fileName.dropLast(PackageArchive.suffix.count)).parts(separator: "_")
        guard parts.count == 3, PackageName.isName(parts[0]), PackageName.isArchitecture(parts[2]),
            let version = PackageArchive.version(inFileName: parts[1])
        else { return nil }
        self.init(PackageName(parts[0], parts[2]), version, size: size, kept: kept)
        guard self.fileName == fileName else { return nil }
    }

    private static let suffix = ".deb"

    /// The version in the name of a file: only a colon is written in another way.
    private static func version(inFileName text: String) -> DebianVersion? {
        let parts = text.parts(separator: "%")
        guard parts.dropFirst().allSatisfy({ $0.hasPrefix("3a") }) else { return nil }
        return DebianVersion(
            parts[0] + parts.dropFirst().map { ":" + $0.dropFirst(2) }.joined())
    }

    /// The name of its file, as apt writes it: `NAME_VERSION_ARCHITECTURE.deb`, a colon as `%3a`.
    public var fileName: String {
        "\(id.name)_\(version.text.parts(separator: ":").joined(separator: "%3a"))_\(id.architecture)"
            + PackageArchive.suffix
    }

    /// The path of its file in a layer.
    public var path: String { "\(PackageStore.directory)/\(fileName)" }
}

/// The places of a layer with what is known of its added packages.
public enum PackageStore {
    /// The kept archives.
    public static let directory = "/var/lib/imgbased/packages"
    /// The record of what became of added packages (``PackageRecord``).
    public static let recordPath = "/var/lib/imgbased/packages.json"
    /// The paths that the packages of an update made where an update carries, one a line (`TreePath`).
    public static let pathsPath = "/var/lib/imgbased/package-paths"
}
