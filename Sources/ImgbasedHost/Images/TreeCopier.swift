import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Copies a tree whose files may change meanwhile, by tar(1) in passes: each takes the files that changed
/// since the pass before. After a pass without a change, all files are as they were when it began.
struct TreeCopier: ~Copyable {
    /// The name of the tree in messages.
    private let name: String
    private let excluded: [String]
    private let busy: [String]
    private let roomAdvice: String
    private let reporter: ImageReporter
    /// tar's record of the files it has seen, and its list of those it has copied. They have no names: in the
    /// copied file system, each pass would find them changed.
    private let record: OpenFile
    private let index: OpenFile

    /// The limit of an index that is read. A longer one has changes in its beginning.
    private static let indexLimit = 64 << 20
    /// The limit of a record, which has a line for each directory.
    private static let recordLimit = 256 << 20

    /// A copier of the tree called `name` in messages.
    ///
    /// The paths in `excluded` are left out, and changes in the directories in `busy` do not count.
    /// `roomAdvice` says what to do if there is no room for the files.
    init(
        name: String, excluded: [String] = [], busy: [String] = [], roomAdvice: String,
        reporter: ImageReporter
    ) throws(HostFailure) {
        let record = try calling(HostTemporary.file())
        let index = try calling(HostTemporary.file())
        (self.name, self.excluded, self.busy) = (name, excluded, busy)
        (self.roomAdvice, self.reporter) = (roomAdvice, reporter)
        self.record = record
        self.index = index
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
        return try calling { () throws(SystemError) in
            try index.rewind()
            return SystemChanges(index: try index.read(upTo: TreeCopier.indexLimit), busy: busy)
        }
    }

    /// Lets the next pass copy what changed from `time` on, or from an earlier moment if the time of day was
    /// set back since `start`, the same moment.
    private func date(from time: FileTime, _ start: Monotonic) throws(HostFailure) {
        let passed = Monotonic.now().milliseconds(since: start)
        let setBack = max(0, passed - FileTime.now().milliseconds(since: time))
        try calling { () throws(SystemError) in
            try record.rewind()
            let old = try record.readAll(limit: TreeCopier.recordLimit)
            guard let new = SystemCopyRecord.dated(old, time.earlier(byMilliseconds: setBack)) else {
                throw SystemError("read", record.name, reason: "it is not the record that tar writes")
            }
            try record.truncate()
            try record.write(new)
        }
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
                + ["--listed-incremental=" + record.processPath, "--no-check-device"]
                + (lists
                    ? ["--verbose", "--quoting-style=escape", "--index-file=" + index.processPath] : [])
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
