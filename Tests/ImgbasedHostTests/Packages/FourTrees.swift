import Foundation
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux

/// The four trees of a change of base: `base`, `layer`, `new` and `to`, each with a real package manager.
protocol FourTrees {
    var scratch: Scratch { get }
}

extension FourTrees {
    /// What keeps such tests from running, besides these programs; `nil` if nothing does.
    static func lacking(_ programs: [String]) -> String? {
        if !HostSystem.isRoot { return "only root can mount" }
        if let missing = (programs + ["/usr/bin/unshare"]).first(where: { !Helper.exists($0) }) {
            return "there is no \(missing)"
        }
        guard let types = try? String(contentsOfFile: "/proc/filesystems", encoding: .utf8) else {
            return nil
        }
        return types.contains("\toverlay\n") ? nil : "the kernel has no overlayfs"
    }

    /// The places of the trees.
    var places: PackagePlaces {
        PackagePlaces(
            fromBase: .directory(scratch("base")), from: .directory(scratch("layer")),
            toBase: .directory(scratch("new")), to: .directory(scratch("to")))
    }

    /// Brings the packages along. `check` says why the tree at a path cannot be used.
    func carry(
        isLate: Bool = false, check: @escaping @Sendable (_ tree: String) -> String? = { _ in nil }
    ) async throws -> (record: PackageRecord, hasChanged: Bool) {
        let carry = PackageCarry(CommandRunner(), at: places, isLate: isLate, check: check)
        return try await carry.run(
            fromBase: ConfinedTree(scratch("base")), from: ConfinedTree(scratch("layer")),
            toBase: ConfinedTree(scratch("new")), to: ConfinedTree(scratch("to")))
    }

    /// All nodes of `tree` with their attributes and content, but for what records packages.
    func contents(_ tree: String) throws -> String {
        try scratch.shell(
            """
            cd \(tree)
            find . -path ./var/lib/imgbased -prune -o -printf '%p %y %m %U %G %s %l %n\\n' | grep -v '^./var d' \
                | sort
            find . -path ./var/lib/imgbased -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
            """)
    }
}
