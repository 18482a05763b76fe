public import ImgbasedCore

/// The archive of a package, kept so that an update can install the package again.
public struct PackageArchive: Hashable, Sendable {
    /// The package.
    public var id: PackageName
    /// Its version.
    public var version: PackageVersion
    /// The length of the archive.
    public var size: Bytes
    /// When it was kept, in seconds since 1970.
    public var kept: Int64

    /// The archive of `id`, of `size`, kept at the time `kept`.
    public init(_ id: PackageName, _ version: PackageVersion, size: Bytes, kept: Int64) {
        (self.id, self.version, self.size, self.kept) = (id, version, size, kept)
    }

    /// The archive in the file `fileName` of ``PackageStore/directory``; `nil` if that is none of ours.
    public init?(fileName: String, size: Bytes, kept: Int64) {
        guard let manager = PackageManager.allCases.first(where: { fileName.hasSuffix($0.suffix) }),
            let (id, version) = manager.package(
                inFileName: String(fileName.dropLast(manager.suffix.count)))
        else { return nil }
        self.init(id, version, size: size, kept: kept)
        guard self.fileName == fileName else { return nil }
    }

    /// The name of its file: `NAME_VERSION_ARCHITECTURE.deb`, as apt writes it, or
    /// `NAME-VERSION-RELEASE.ARCHITECTURE.rpm`; a colon as `%3a`.
    public var fileName: String { version.manager.fileName(id, version) + version.manager.suffix }

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
