public import ImgbasedCore

/// The packages that a run of dnf(8) has installed, as its hooks note them (`dnf/`): a line each, such as
/// `install tool 0 1.0 1 x86_64`.
public struct DnfTransaction: Hashable, Sendable {
    /// The note of the run of dnf in the process `process`.
    public static func path(of process: Int32) -> String { "/run/imgbased/dnf-\(process)" }
    /// The longest note that is read, in bytes.
    public static let limit = 4 << 20

    private var packages: [PackageName: Noted] = [:]

    private struct Noted: Hashable, Sendable {
        var version: PackageVersion
        var isNew: Bool
    }

    /// The words of dnf 4 and the letters of dnf 5 for packages that were not there before, perhaps in the
    /// place of others.
    private static let new: Set<String> = ["install", "obsolete", "I"]

    /// Reads `note`. A line that is not understood counts for nothing: dnf must not fail.
    public init(_ note: [UInt8]) {
        for line in note.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: " ").map(String.init)
            guard words.count == 6, PackageName.isName(words[1], of: .rpm),
                PackageName.isArchitecture(words[5], of: .rpm),
                let version = PackageVersion("\(words[2]):\(words[3])-\(words[4])", of: .rpm)
            else { continue }
            packages[PackageName(words[1], words[5])] = Noted(
                version: version, isNew: DnfTransaction.new.contains(words[0]))
        }
    }

    /// Whether a file with this name in dnf's cache may be the archive of one of the packages.
    public func mayBeArchive(fileName: String) -> Bool {
        fileName.hasSuffix(PackageManager.rpm.suffix)
            && packages.keys.contains { fileName.hasPrefix($0.name + "-") }
    }

    /// The archives that `words`, the command line of dnf, names; `nil` if it installs into another tree.
    public static func archives(in words: [String]) -> [String]? {
        let isElsewhere = words.contains { $0 == "--installroot" || $0.hasPrefix("--installroot=") }
        return isElsewhere ? nil : words.filter { $0.hasSuffix(PackageManager.rpm.suffix) }
    }

    /// The archive at `path` as it is to be kept; `nil` if its package, the only one of `listing`, was not
    /// installed.
    public func offer(_ path: String, _ listing: PackageDatabase, size: Bytes, now: Int64) -> OfferedArchive?
    {
        guard let package = listing.sorted.first, let noted = packages[package.id],
            noted.version == package.version
        else { return nil }
        return OfferedArchive(
            path: path, PackageArchive(package.id, package.version, size: size, kept: now),
            isNew: noted.isNew)
    }
}
