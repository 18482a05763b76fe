import ImgbasedCore

extension PackageDatabase {
    /// The directories in which rpm may have its database; its form differs between versions of rpm.
    public static let rpmDirectories = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"]
    /// The names of the file with the packages, for each form.
    public static let rpmFiles = ["rpmdb.sqlite", "Packages.db", "Packages"]

    /// The format in which rpm is asked for packages (rpm(8), `--queryformat`): a line each.
    public static let rpmFormat =
        #"%{NAME}\t%{EPOCHNUM}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{LONGSIZE}\n"#

    /// Reads `listing`, what rpm tells in ``rpmFormat``.
    ///
    /// rpm does not know which packages were installed for others alone: each counts as asked for.
    public init(rpm listing: [UInt8]) throws(PackageProblem) {
        self.init(of: .rpm)
        let lines = listing.split(separator: UInt8(ascii: "\n"))
        guard lines.count <= 200_000 else { throw .database("it has too many entries") }
        for line in lines {
            let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map {
                String(decoding: $0, as: UTF8.self)
            }
            // The keys of signers are listed as packages without an architecture.
            if fields[0] == "gpg-pubkey" { continue }
            guard fields.count == 6, PackageName.isName(fields[0], of: .rpm),
                PackageName.isArchitecture(fields[4], of: .rpm),
                let version = PackageVersion("\(fields[1]):\(fields[2])-\(fields[3])", of: .rpm)
            else {
                let text = String(decoding: line.prefix(80), as: UTF8.self)
                throw .database("a line of rpm is no package: '\(text)'")
            }
            var package = Package(PackageName(fields[0], fields[4]), version)
            package.kibibytes = (UInt64(fields[5]) ?? 0) >> 10
            add(package)
        }
    }

    /// The database with the packages of `archives`. A package that is installed stays as it is.
    ///
    /// What their relations are is left to rpm, so the archives need not be read.
    public func adding(rpm archives: [PackageArchive]) -> PackageDatabase {
        var result = self
        for archive in archives where result[archive.id] == nil {
            var package = Package(archive.id, archive.version)
            // Archives are compressed.
            package.kibibytes = min(archive.size.count, 1 << 50) >> 8
            result.add(package)
        }
        return result
    }
}
