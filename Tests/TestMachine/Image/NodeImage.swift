import Foundation

/// The payload of every delivered image: Debian with the package of imgbased, as the recipe says.
///
/// Nobody can log in: a layer gets a password or a key, or the memory of a live system.
public struct NodeImage: Sendable {
    private let release: DebianTree
    private let directory: String

    /// The path of the raw image of the ext4 file system.
    public var path: String { directory + "/node.img" }

    private init(_ release: DebianTree, artefact: Artefact) throws {
        (self.release, directory) = (release, try artefact.obtain())
    }

    /// The image of a release for the current build; made first if missing.
    public static func current(_ release: DebianTree = .bookworm) throws -> NodeImage {
        try BuildDirectory.locked { try NodeImage(release, artefact: artefact(release)) }
    }

    /// Runs `body` in a machine that runs an overlay of the image, after root has logged in by `login`.
    ///
    /// The machine has `disks` from /dev/vdb on. The login is in the system in memory alone.
    func run<Result>(
        _ name: String, disks: [Disk], login: Login, _ body: (VM) throws -> Result
    ) throws -> Result {
        let scratch = try BuildDirectory.makeScratch("initramfs")
        defer { try? FileManager.default.removeItem(atPath: scratch) }
        try login.makeInitramfs(for: release, at: scratch + "/login.img")
        let initramfs = try Initramfs.join(
            directory + "/initrd.img", scratch + "/login.img", in: scratch)
        let boot = Machine.Boot.kernel(
            directory + "/vmlinuz", initramfs: initramfs,
            arguments: "root=/dev/vda rw rd.imgbased=0 fstab=no console=ttyS0,115200 quiet no_timer_check")
        let machine = Machine(
            name: name, disks: [.overlay(of: path)] + disks, boot: boot, memory: 1024)
        return try machine.run { vm in
            try vm.logIn(login)
            return try body(vm)
        }
    }

    /// The paths of all forms of the payload, made if missing: `node.img`, `node.squashfs` with the files,
    /// `node.oci.tar` with an OCI image.
    public static func payload(_ release: DebianTree = .bookworm) throws -> [String] {
        try BuildDirectory.locked {
            let directory = try derived("payload", release).obtain()
            return try [NodeImage(release, artefact: artefact(release)).path]
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
                    NodeImage(release, artefact: node).path, directory,
                ], within: .minutes(30), environment: ["LC_ALL": "C"])
        }
    }
}
