import Foundation

/// A Debian root tree with the current build installed, to run dracut in.
public struct RootTree: Sendable {
    /// The path of the tree's root directory.
    public let path: String
    /// The version of the tree's kernel.
    public let kernelVersion: String

    /// The path of the script that runs a command in a tree.
    static let script = BuildDirectory.project + "/Tests/TestMachine/Scripts/in-root"

    /// The path in the tree of the output of `makeInitramfs`.
    public static let initramfs = "/boot/initrd.img"

    /// Passes a new tree to `body`, and removes the tree afterwards.
    public static func with<Result>(_ body: (RootTree) throws -> Result) throws -> Result {
        try with(archive: BuildDirectory.locked { try DebianTree.bookworm.artefact().obtain() }, body)
    }

    /// Passes a new tree to `body`, as above, made from the Debian tree in the directory `archive`.
    static func with<Result>(archive: String, _ body: (RootTree) throws -> Result) throws -> Result {
        let path = try BuildDirectory.makeScratch("root-tree")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try HostCommand.run("tar", "-C", path, "--numeric-owner", "-xpf", archive + "/tree.tar")
        try Products.install(into: path)
        let versions = try FileManager.default.contentsOfDirectory(atPath: path + "/lib/modules")
        return try body(RootTree(path: path, kernelVersion: versions.first ?? ""))
    }

    /// Runs a command in the tree.
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
