import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Copies the running system to the file system of a base.
///
/// The files change while they are copied, so they are copied in passes (`TreeCopier`). Files of
/// ``SystemCopy/busyPlaces`` do not count.
///
/// A frozen root would stop this program and lvm2 with all others. After a power cut, a snapshot of a plain
/// volume would leave the old root as an origin, which not every initramfs can activate.
struct SystemCopier {
    private let copy: SystemCopy
    private let root: String
    private let reporter: ImageReporter

    /// A copier of the system below `root`.
    init(_ copy: SystemCopy, _ root: String, _ reporter: ImageReporter) {
        (self.copy, self.root, self.reporter) = (copy, root, reporter)
    }

    /// Copies into `tree`, which is empty, or a snapshot of the root.
    func run(
        into tree: borrowing ConfinedTree, _ tick: () throws(HostFailure) -> Void
    ) throws(HostFailure) {
        if copy.origin == nil {
            try copyFiles(into: tree, tick)
        } else {
            for path in copy.swapFiles { try calling(tree.removeFile(path)) }
        }
        try removeSwap(in: tree)
        for path in copy.bootFiles { try copyBootFile(path, into: tree) }
    }

    private func copyFiles(
        into tree: borrowing ConfinedTree, _ tick: () throws(HostFailure) -> Void
    ) throws(HostFailure) {
        let copier = try TreeCopier(
            name: root, excluded: copy.swapFiles, busy: SystemCopy.busyPlaces,
            roomAdvice: "give a larger --base-size", reporter: reporter)
        // File systems mounted within the tree do not belong to it.
        let source = try calling(HostMount.only(root))
        var changes = SystemChanges(index: [])
        for pass in 0..<SystemCopy.passLimit {
            changes = try copier.pass(source, to: tree, isFirst: pass == 0, tick)
            if pass > 0, changes.paths.isEmpty { return }
            reporter.report(.again)
        }
        throw .image(
            root,
            reason: "files keep changing while they are copied: "
                + changes.paths.map { "'\($0)'" }.joined(separator: ", ")
                + "; stop the programs that write them, as with 'systemctl isolate rescue.target', and run the command "
                + "again")
    }

    // MARK: The rest

    /// Removes the lines of the swap files, which are not there, from the table.
    private func removeSwap(in tree: borrowing ConfinedTree) throws(HostFailure) {
        if copy.swapFiles.isEmpty { return }
        guard let old = try LayerProbe.read(["/etc/fstab"], in: tree) else { return }
        var table = FSTab(old)
        table.removeSwap(copy.swapFiles)
        if table.contents != old {
            let contents = table.contents
            try calling(tree.replaceFile("/etc/fstab", contents: contents))
        }
        reporter.note(
            "swap files are no part of the base: \(copy.swapFiles.map { "'\($0)'" }.joined(separator: ", "))")
    }

    /// Copies a file of the running `/boot`.
    private func copyBootFile(_ path: String, into tree: borrowing ConfinedTree) throws(HostFailure) {
        try calling { () throws(SystemError) in
            let host = try ConfinedTree(root)
            guard let source = try host.openFile(path) else {
                throw SystemError("copy", path, reason: "it is gone")
            }
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            try tree.makeDirectories(String(path[..<slash]))
            try tree.removeFile(path)
            let permissions = try source.status().permissions
            let target = try tree.open(path, O_WRONLY | O_CREAT | O_EXCL, permissions: permissions)
            var piece: [UInt8]
            repeat {
                piece = try source.read(upTo: 1 << 20)
                try target.write(piece)
            } while !piece.isEmpty
        }
    }
}
