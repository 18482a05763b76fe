import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Copies a tree whose files may change meanwhile, by tar(1) in passes: each takes the files that changed
/// since the pass before. After a pass without a change, all files are as they were when it began.
struct TreeCopier {
    /// The name of the tree in messages.
    let name: String
    /// The paths that are left out.
    var excluded: [String] = []
    /// The directories whose changes do not count.
    var busy: [String] = []
    /// What to do if there is no room for the files.
    let roomAdvice: String
    let reporter: ImageReporter

    /// tar's record of the files it has seen, and its list of those it has copied. They are not in the copied
    /// file system, where each pass would find them changed. Only the holder of the host's lock uses them.
    private static let record = "/run/imgbased/copy.record"
    private static let index = "/run/imgbased/copy.index"
    /// The limit of an index that is read. A longer one has changes in its beginning.
    private static let indexLimit = 64 << 20
    /// The limit of a record, which has a line for each directory.
    private static let recordLimit = 1 << 30

    /// Runs `body`, whose passes begin with a copy of all files.
    func passes(_ body: () throws(HostFailure) -> Void) throws(HostFailure) {
        let host = try calling(ConfinedTree("/"))
        let files = [TreeCopier.record, TreeCopier.index]
        try calling(host.makeDirectories("/run/imgbased"))
        for file in files { try calling(host.removeFile(file)) }
        defer { for file in files { try? host.removeFile(file) } }
        try body()
    }

    /// Copies the files of `source` that changed since the pass before to `tree`, and returns them; all
    /// files, and none returned, in the first pass.
    ///
    /// `tick` is called now and then meanwhile. If it throws, the pass is ended.
    func pass(
        _ source: borrowing ConfinedTree, to tree: borrowing ConfinedTree, isFirst: Bool,
        _ tick: () throws(HostFailure) -> Void
    ) throws(HostFailure) -> SystemChanges {
        // The kernel notes a change through mmap(2) only if it has written the page out since the change
        // before.
        try calling(source.flush())
        let start = (file: FileTime.now(), clock: Monotonic.now())
        try copy(source, to: tree, lists: !isFirst, tick)
        try date(from: start.file, start.clock)
        if isFirst { return SystemChanges(index: []) }
        guard let file = try calling(ConfinedTree("/").openFile(TreeCopier.index)) else {
            throw .system(SystemError("read", TreeCopier.index, reason: "tar has not written it"))
        }
        return SystemChanges(index: try calling(file.read(upTo: TreeCopier.indexLimit)), busy: busy)
    }

    /// Lets the next pass copy what changed from `time` on, or from an earlier moment if the time of day was
    /// set back since `start`, the same moment.
    private func date(from time: FileTime, _ start: Monotonic) throws(HostFailure) {
        let host = try calling(ConfinedTree("/"))
        let passed = Monotonic.now().milliseconds(since: start)
        let setBack = max(0, passed - FileTime.now().milliseconds(since: time))
        guard let file = try calling(host.openFile(TreeCopier.record)),
            let record = SystemCopyRecord.dated(
                try calling(file.read(upTo: TreeCopier.recordLimit)), time.earlier(byMilliseconds: setBack))
        else {
            throw .system(
                SystemError("read", TreeCopier.record, reason: "it is not the record that tar writes"))
        }
        try calling(host.replaceFile(TreeCopier.record, contents: record))
    }

    private func copy(
        _ source: borrowing ConfinedTree, to tree: borrowing ConfinedTree, lists: Bool,
        _ tick: () throws(HostFailure) -> Void
    ) throws(HostFailure) {
        let attributes = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--acls", "--selinux"]
        // A device number of a mount without a place can differ from pass to pass.
        let reading = Command(
            .tar,
            ["--create", "--warning=none", "--sparse", "--atime-preserve=system"] + attributes
                + ["--listed-incremental=" + TreeCopier.record, "--no-check-device"]
                + (lists
                    ? ["--verbose", "--quoting-style=escape", "--index-file=" + TreeCopier.index] : [])
                + ["--anchored", "--no-wildcards"] + excluded.map { "--exclude=.\($0)" }
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
        let pipe = try calling(HostPipe(name))
        let reader = try ImageTool(reading, for: name, output: pipe.writer, advice: "", reporter)
        let writer = try ImageTool(
            writing, for: name, input: pipe.reader,
            noting: [" extended attribute for ", " SELinux context ", "Warning: Cannot "],
            // tar takes a new directory for a removed one, renamed, if it has the same number.
            advice: lists ? "; if a directory was replaced meanwhile, run the command again" : "",
            roomAdvice: roomAdvice, reporter)
        pipe.closeReader()
        pipe.closeWriter()
        // If the writer ends early, the reader ends by the broken pipe, and is not the cause.
        let end = try writer.finish(tick)
        try reader.finish(tick)
        if let remark = end.remark {
            throw .image(
                name, reason: "an attribute of a file cannot be kept: \(CommandRunner.brief(remark))")
        }
    }
}
