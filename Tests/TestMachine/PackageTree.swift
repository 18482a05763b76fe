import Foundation

/// The tree of a freshly installed Debian host without imgbased, to install packages in with apt(8).
public struct PackageTree: Sendable {
    /// The path of the tree's root directory.
    public let path: String
    /// The path in the tree of the Debian package of the current build.
    public static let package = "/srv/imgbased.deb"
    /// The path in the tree of the same package with an older version.
    public static let olderPackage = "/srv/imgbased-older.deb"
    /// The version of the older package.
    public static let olderVersion = "0.0.1"

    private static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/package-tree"

    /// The relations of the package, as apt-get(8) `satisfy` takes them, but for shared libraries.
    public static func relations() throws -> String {
        let control = try String(
            contentsOfFile: BuildDirectory.project + "/packaging/debian/control", encoding: .utf8)
        guard let field = control.firstMatch(of: /\nDepends: (?<words>[^\n]*(\n [^\n]*)*)/) else {
            throw MachineError.unexpected("packaging/debian/control has no Depends")
        }
        return field.words.split { ",\n".contains($0) }.map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty && !$0.hasPrefix("$") }.joined(separator: ", ")
    }

    /// Passes a new tree of `release` to `body`, and removes the tree afterwards.
    public static func with<Result>(
        _ release: DebianTree, _ body: (PackageTree) throws -> Result
    ) throws -> Result {
        let (archive, packages) = try BuildDirectory.locked {
            try (
                PackageTree.artefact("packages", release).obtain(),
                PackageTree.packages().obtain()
            )
        }
        let path = try BuildDirectory.makeScratch("package-tree")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try HostCommand.run("tar", "-C", path, "--numeric-owner", "-xpf", archive + "/tree.tar")
        try HostCommand.run("cp", packages + package, packages + olderPackage, path + "/srv/")
        return try body(PackageTree(path: path))
    }

    /// The tree of a release with more `packages`, as `tree.tar`.
    static func artefact(
        _ kind: String, _ release: DebianTree, packages: [String] = []
    ) throws -> Artefact {
        let relations = try relations()
        let packages = packages.joined(separator: ",")
        let key = try Digest.of([release.rawValue, relations, packages, Digest.ofFile(script)])
        return Artefact(kind: "\(kind).\(release.rawValue)", key: key) { directory in
            try HostCommand.run(
                [script, release.rawValue, directory + "/tree.tar", relations, packages],
                within: .minutes(30), environment: ["LC_ALL": "C"])
        }
    }

    /// Both packages, made from the build by debhelper and checked by lintian.
    static func packages() throws -> Artefact {
        let project = BuildDirectory.project
        let key = try Digest.of([Products.digest(), Digest.ofTree(project + "/packaging")])
        return Artefact(kind: "deb", key: key) { directory in
            for (package, version) in [(package, []), (olderPackage, [olderVersion])] {
                try HostCommand.run(
                    [project + "/packaging/deb", project, project + "/build", directory + "/deb"] + version,
                    within: .minutes(10))
                try HostCommand.run(
                    "bash", "-euc",
                    """
                    cd "$1"
                    lintian --allow-root --fail-on error,warning deb/*.changes
                    install -D -m 644 deb/*.deb ".$2"
                    """, "bash", directory, package, within: .minutes(10))
            }
        }
    }

    /// Runs a script of bash(1) in the tree, and returns its output without the last line break.
    ///
    /// Each call has a /run of its own.
    @discardableResult
    public func run(_ script: String, within limit: Duration = .minutes(15)) throws -> String {
        let output = try HostCommand.run(
            [
                "unshare", "--mount", "--propagation", "private", RootTree.script, path,
                "env", "HOME=/root", "DEBIAN_FRONTEND=noninteractive", "bash", "-euc", script,
            ], within: limit)
        return output.trimmingCharacters(in: .newlines)
    }

    /// Copies the sources of this checkout to `directory` in the tree, and the toolchain to its own place.
    ///
    /// Packages of Swift that this machine has fetched before are copied too.
    public func addSources(to directory: String, toolchain: String) throws {
        try HostCommand.run(
            "bash", "-euo", "pipefail", "-c",
            """
            git clone --quiet "$1" "$2$3"
            cd "$1"
            git ls-files -z --cached --others --exclude-standard \
                | tar --null --files-from - --ignore-failed-read -c | tar -C "$2$3" -x
            mkdir -p "$2$4" "$2/root/.cache"
            cp -a "$4/." "$2$4"
            [[ ! -d ~/.cache/org.swift.swiftpm ]] || cp -a ~/.cache/org.swift.swiftpm "$2/root/.cache"
            """, "bash", BuildDirectory.project, path, directory, toolchain, within: .minutes(10))
    }
}
