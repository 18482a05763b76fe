import Foundation

/// The payload of every delivered image: Debian with the package of imgbased, as the recipe says.
///
/// Nobody can log in: a layer gets a password or a key, or the memory of a live system.
public struct NodeImage: Sendable {
    /// The path of the raw image of the ext4 file system.
    public let path: String

    private init(artefact: Artefact) throws {
        path = try artefact.obtain() + "/node.img"
    }

    /// The image of a release for the current build; made first if missing.
    public static func current(_ release: DebianTree = .bookworm) throws -> NodeImage {
        try BuildDirectory.locked { try NodeImage(artefact: artefact(release)) }
    }

    /// The paths of all forms of the payload, made if missing: `node.img`, `node.squashfs` with the files,
    /// `node.oci.tar` with an OCI image.
    public static func payload(_ release: DebianTree = .bookworm) throws -> [String] {
        try BuildDirectory.locked {
            let directory = try derived("payload", release).obtain()
            return try [NodeImage(artefact: artefact(release)).path]
                + ["node.squashfs", "node.oci.tar"].map { "\(directory)/\($0)" }
        }
    }

    /// The directory with the live system, made if missing: `vmlinuz`, `initrd.img`, `live.squashfs`.
    static func live(_ release: DebianTree) throws -> String {
        try BuildDirectory.locked { try derived("live", release).obtain() }
    }

    private static func script(_ name: String) -> String { Recipe.scripts + "/" + name }

    /// The Debian package, `imgbased.deb`, as `make deb` makes it.
    private static func package() throws -> Artefact {
        let project = BuildDirectory.project
        let script = project + "/packaging/deb"
        let key = try Digest.of([
            Products.digest(), Digest.ofTree(project + "/packaging/debian"), Digest.ofFile(script),
        ])
        return Artefact(kind: "image-deb", key: key) { directory in
            try HostCommand.run(
                "sh", "-euc",
                """
                "$1" "$2" "$2/build" "$3/all"
                mv "$3"/all/*.deb "$3/imgbased.deb"
                rm -r "$3/all"
                """, "sh", script, project, directory)
        }
    }

    /// The tree of Debian's packages, `tree.tar`, for the package in the directory `package`.
    private static func tree(_ release: DebianTree, _ recipe: Recipe, package: String) throws -> Artefact {
        let package = package + "/imgbased.deb"
        let inputs = [
            recipe.path + "/packages", recipe.path + "/excluded", script("tree"), DebianTree.sources,
        ]
        let needed = try HostCommand.run("dpkg-deb", "-f", package, "Depends", "Recommends")
        let key = try Digest.of([release.rawValue, needed] + inputs.map(Digest.ofFile))
        return Artefact(kind: release.kind("image-tree"), key: key) { directory in
            try HostCommand.run(
                [script("tree"), release.rawValue, recipe.path, package, directory + "/tree.tar"],
                within: .minutes(30), environment: ["LC_ALL": "C"])
        }
    }

    private static func artefact(_ release: DebianTree) throws -> Artefact {
        let recipe = Recipe.current
        let package = try package()
        let tree = try tree(release, recipe, package: package.obtain())
        let key = try Digest.of([
            tree.key, package.key, Digest.ofTree(recipe.path + "/files"),
            Digest.ofFile(recipe.path + "/setup"),
            Digest.ofFile(script("node")), Digest.ofFile(RootTree.script),
        ])
        return Artefact(kind: release.kind("image-node"), key: key) { directory in
            try HostCommand.run(
                [
                    script("node"), tree.obtain() + "/tree.tar", recipe.path,
                    package.obtain() + "/imgbased.deb", directory,
                ], within: .minutes(30))
        }
    }

    /// The artefact that the script `name` makes of the image.
    private static func derived(_ name: String, _ release: DebianTree) throws -> Artefact {
        let node = try artefact(release)
        let key = try Digest.of([node.key, Digest.ofFile(script(name)), Digest.ofFile(RootTree.script)])
        return Artefact(kind: release.kind("image-" + name), key: key) { directory in
            try HostCommand.run(
                [
                    "unshare", "--mount", "--propagation", "private", script(name),
                    NodeImage(artefact: node).path, directory,
                ], within: .minutes(30), environment: ["LC_ALL": "C"])
        }
    }
}
