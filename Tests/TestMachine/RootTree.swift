import Foundation

/// A Debian root tree with what is built now installed in it, to try dracut in.
public struct RootTree: Sendable {
    /// The directory that is its root.
    public let path: String
    /// The version of its kernel.
    public let kernelVersion: String

    /// What runs a command in a tree.
    static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/in-root"

    /// Where in it `makeInitramfs` puts what it makes.
    public static let initramfs = "/boot/initrd.img"

    /// Hands a new tree to `body`, and removes it afterwards.
    public static func with<Result>(_ body: (RootTree) throws -> Result) throws -> Result {
        try with(archive: BuildDirectory.locked { try DebianTree.bookworm.artefact().obtain() }, body)
    }

    /// The same, where the directory `archive` has the Debian tree.
    static func with<Result>(archive: String, _ body: (RootTree) throws -> Result) throws -> Result {
        let path = try BuildDirectory.makeScratch("root-tree")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try HostCommand.run("tar", "-C", path, "--numeric-owner", "-xpf", archive + "/tree.tar")
        try Products.install(into: path)
        let versions = try FileManager.default.contentsOfDirectory(atPath: path + "/lib/modules")
        return try body(RootTree(path: path, kernelVersion: versions.first ?? ""))
    }

    /// Runs a command in it.
    public func run(_ command: String...) throws {
        try HostCommand.run(
            ["unshare", "--mount", "--propagation", "private", RootTree.script, path] + command)
    }

    /// Makes an initramfs by dracut with `arguments`, and returns its size in bytes.
    @discardableResult
    public func makeInitramfs(_ arguments: [String]) throws -> Int {
        try HostCommand.run(
            [
                "unshare", "--mount", "--propagation", "private", RootTree.script, path,
                "dracut", "--quiet", "--no-hostonly", "--no-early-microcode", "--no-hostonly-cmdline",
                "--force",
            ] + arguments + [RootTree.initramfs, kernelVersion])
        let attributes = try FileManager.default.attributesOfItem(atPath: path + RootTree.initramfs)
        return attributes[.size] as? Int ?? 0
    }
}
