import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Copies the running system to the file system of a base.
///
/// The files change while they are copied. So tar(1) copies in passes, each time the files that changed since
/// the pass before. A pass without a change ends the copy: all files are then as they were when it began.
/// Files of ``SystemCopy/busyPlaces`` do not count.
///
/// A frozen root would stop this program and lvm2 with all others. After a power cut, a snapshot of a plain
/// volume would leave the old root as an origin, which not every initramfs can activate.
struct SystemCopier {
    private let copy: SystemCopy
    private let root: String
    private let reporter: ImageReporter

    /// tar's record of the files it has seen, and its list of those it has copied. They are not in the root
    /// file system, where each pass would find them changed. Only the holder of the host's lock uses them.
    private static let record = "/run/imgbased/copy.record"
    private static let index = "/run/imgbased/copy.index"
    /// The limit of an index that is read. A longer one has changes in its beginning.
    private static let indexLimit = 64 << 20
    /// The limit of a record, which has a line for each directory.
    private static let recordLimit = 1 << 30

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

    // MARK: The passes

    private func copyFiles(
        into tree: borrowing ConfinedTree, _ tick: () throws(HostFailure) -> Void
    ) throws(HostFailure) {
        let host = try calling(ConfinedTree("/"))
        let files = [SystemCopier.record, SystemCopier.index]
        try calling(host.makeDirectories("/run/imgbased"))
        for file in files { try calling(host.removeFile(file)) }
        defer { for file in files { try? host.removeFile(file) } }
        // File systems mounted within the tree do not belong to it.
        let source = try calling(HostMount.only(root))
        var changes = SystemChanges(index: [])
        for pass in 0..<SystemCopy.passLimit {
            // The kernel notes a change through mmap(2) only if it has written the page out since the change
            // before.
            try calling(source.flush())
            let start = (file: FileTime.now(), clock: Monotonic.now())
            try copyOnce(source, to: tree, lists: pass > 0, tick)
            try date(host, from: start.file, start.clock)
            if pass > 0 {
                changes = SystemChanges(index: try index(host))
                if changes.paths.isEmpty { return }
            }
            reporter.report(.again)
        }
        throw .image(
            root,
            reason: "files keep changing while they are copied: "
                + changes.paths.map { "'\($0)'" }.joined(separator: ", ")
                + "; stop the programs that write them, as with 'systemctl isolate rescue.target', and run the command "
                + "again")
    }

    /// Lets the next pass copy what changed from `time` on, or from an earlier moment if the time of day was
    /// set back since `start`, the same moment.
    private func date(
        _ host: borrowing ConfinedTree, from time: FileTime, _ start: Monotonic
    ) throws(HostFailure) {
        let passed = Monotonic.now().milliseconds(since: start)
        let setBack = max(0, passed - FileTime.now().milliseconds(since: time))
        guard let file = try calling(host.openFile(SystemCopier.record)),
            let record = SystemCopyRecord.dated(
                try calling(file.read(upTo: SystemCopier.recordLimit)), time.earlier(byMilliseconds: setBack))
        else {
            throw .system(
                SystemError("read", SystemCopier.record, reason: "it is not the record that tar writes"))
        }
        try calling(host.replaceFile(SystemCopier.record, contents: record))
    }

    private func index(_ host: borrowing ConfinedTree) throws(HostFailure) -> [UInt8] {
        guard let file = try calling(host.openFile(SystemCopier.index)) else {
            throw .system(SystemError("read", SystemCopier.index, reason: "tar has not written it"))
        }
        return try calling(file.read(upTo: SystemCopier.indexLimit))
    }

    /// Copies the files that changed since the last pass; in the first pass, all files.
    private func copyOnce(
        _ source: borrowing ConfinedTree, to tree: borrowing ConfinedTree, lists: Bool,
        _ tick: () throws(HostFailure) -> Void
    ) throws(HostFailure) {
        let attributes = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "--selinux"]
        // A device number of a mount without a place can differ from pass to pass.
        let reading = Command(
            .tar,
            ["--create", "--warning=none", "--sparse", "--atime-preserve=system"] + attributes
                + ["--listed-incremental=" + SystemCopier.record, "--no-check-device"]
                + (lists
                    ? ["--verbose", "--quoting-style=escape", "--index-file=" + SystemCopier.index] : [])
                + ["--anchored", "--no-wildcards"] + copy.swapFiles.map { "--exclude=.\($0)" }
                + ["--directory", source.processPath + "/.", "--file", "-", "."],
            // A file that changes or goes while it is read is for the next pass.
            successes: [0, 1])
        let writing = Command(
            .tar,
            ["--extract", "--warning=none", "--warning=xattr-write", "--same-owner", "--same-permissions"]
                + attributes
                + [
                    "--listed-incremental=/dev/null", "--directory", tree.processPath + "/.", "--file", "-",
                ])
        let pipe = try calling(HostPipe(root))
        let reader = try ImageTool(reading, for: root, output: pipe.writer, advice: "", reporter)
        let writer = try ImageTool(
            writing, for: root, input: pipe.reader,
            noting: [" extended attribute for ", " SELinux context ", "Warning: Cannot "],
            // tar takes a new directory for a removed one, renamed, if it has the same number.
            advice: lists ? "; if a directory was replaced meanwhile, run the command again" : "",
            roomAdvice: "give a larger --base-size", reporter)
        pipe.closeReader()
        pipe.closeWriter()
        // If the writer ends early, the reader ends by the broken pipe, and is not the cause.
        let end = try writer.finish(tick)
        try reader.finish(tick)
        if let remark = end.remark {
            throw .image(
                root, reason: "an attribute of a file cannot be kept: \(CommandRunner.brief(remark))")
        }
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
