import ImgbasedCore

@testable import ImgbasedHostCore

/// Databases of dpkg, from lines such as `tool 1.0 Depends: libtool (>= 1)`.
enum PackageMaker {
    /// The package of a line: name, version, and fields separated by `;`. `*` in front marks one that was
    /// installed for others; the architecture is amd64 unless a field says otherwise.
    static func stanza(_ line: String) -> String {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        let name = words[0].hasPrefix("*") ? String(words[0].dropFirst()) : words[0]
        var fields = ["Package: \(name)", "Status: install ok installed", "Version: \(words[1])"]
        let others = words.count > 2 ? words[2].split(separator: ";").map { $0.trimmed } : []
        fields += others
        if !others.contains(where: { $0.hasPrefix("Architecture:") }) { fields.append("Architecture: amd64") }
        return fields.joined(separator: "\n") + "\n"
    }

    /// The database with these packages and dpkg.
    static func database(_ lines: [String]) throws -> PackageDatabase {
        let all = ["dpkg 1.21.1"] + lines
        let marks = all.filter { $0.hasPrefix("*") }.map { line in
            "Package: \(line.dropFirst().prefix { $0 != " " })\nArchitecture: amd64\nAuto-Installed: 1\n"
        }
        return try PackageDatabase(
            status: bytes(all.map(stanza).joined(separator: "\n")),
            marks: bytes(marks.joined(separator: "\n")))
    }

    static func archive(_ name: String, _ version: String, size: UInt64 = 1000, kept: Int64 = 1)
        throws -> PackageArchive
    {
        PackageArchive(
            PackageName(name, "amd64"), try PackageMaker.version(version), size: Bytes(size), kept: kept)
    }

    static func version(_ text: String, of manager: PackageManager = .dpkg) throws -> PackageVersion {
        struct NoVersion: Error {}
        guard let version = PackageVersion(text, of: manager) else { throw NoVersion() }
        return version
    }
}
