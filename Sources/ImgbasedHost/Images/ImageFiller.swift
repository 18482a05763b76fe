import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Writes an image file by file to a new file system, and takes the digest of the file system.
public struct ImageFiller {
    /// umoci unpacks the tree here first: it does not write into the root of a file system.
    private static let place = ".imgbased-unpacked"

    /// A filler; it has no settings.
    public init() {}

    /// Writes the files of `source` to the new file system of `type` on the device at `path`.
    ///
    /// The file system is mounted privately and flushed. Nothing in the image leads out of it. Returns digest
    /// and length of the file system.
    public func fill(_ source: ImageSource, to path: String, _ type: FileSystemType) throws(HostFailure)
        -> ImageFacts
    {
        let reporter = source.reporter
        do {
            let tree = try calling(HostMount.mount(path, type: type.rawValue, .readWrite))
            let before = tree.usage
            let size: TreeSize? =
                if case .tree(let image) = source.description.content { image.size } else { nil }
            reporter.report(.fill, done: 0, total: size?.work)
            func tick() throws(HostFailure) {
                let now = tree.usage
                // A second reading may find another image. The pool has room for the listed one.
                if let size, now.data - min(before.data, now.data) > size.allocated.count {
                    if case .system = source.body { throw .system(ImageFiller.grown) }
                    throw .image(
                        source.description.path,
                        reason: "it holds more than was listed: it changed meanwhile; get it again")
                }
                reporter.report(.fill, done: now.work - min(before.work, now.work), total: size?.work)
            }
            try unpack(source, into: tree, tick)
            try tick()
            reporter.report(.flush)
            try calling(tree.flush())
        }
        // The file system is unmounted now. Otherwise, opening the device is refused.
        guard let signature = try ImageSource.signature(ofDevice: path) else {
            throw .image(
                source.description.path, reason: "its file system on '\(path)' is not there any more")
        }
        let facts = try HashedReading.device(path, length: signature.size.count, mayBeUsed: false) {
            done, total in
            reporter.report(.verify, done: done, total: total)
        }
        guard facts.length == String(signature.size.count) else {
            throw .image(source.description.path, reason: "its file system does not fit on '\(path)'")
        }
        return facts
    }

    private func unpack(
        _ source: ImageSource, into tree: borrowing ConfinedTree, _ tick: () throws(HostFailure) -> Void
    ) throws(HostFailure) {
        let name = source.description.path
        let root = tree.processPath + "/."
        switch source.body {
        case .stream: throw .image(name, reason: "it is the image of a file system")
        case .system(let copy, let root): try SystemCopier(copy, root, source.reporter).run(into: tree, tick)
        case .squashfs(let spool):
            let command = Command(
                .unsquashfs,
                ["-no-progress", "-quiet", "-strict-errors", "-force", "-dest", root, spool.path])
            try ImageTool(command, for: name, source.reporter).finish(tick)
        case .tar(let spool):
            // tar warns about attributes it cannot keep, and continues. Its other warnings would hide these.
            let command = Command(
                .tar,
                [
                    "--warning=none", "--warning=xattr-write", "--extract", "--numeric-owner", "--same-owner",
                    "--same-permissions", "--xattrs",
                    "--xattrs-include=*", "--acls", "--selinux", "--directory", root, "--file", "-",
                ])
            let input = try spool.rewound()
            let tool = try ImageTool(
                command, for: name, input: input,
                noting: [" extended attribute for ", " SELinux context ", "Warning: Cannot "],
                source.reporter)
            let end = try tool.finish(tick)
            if let remark = end.remark { throw ImageFiller.lost(remark, name) }
        case .oci(let layout):
            let place = "\(tree.processPath)/\(ImageFiller.place)"
            let command = Command(.umoci, ["raw", "unpack", "--image", layout.image, place])
            let unkept = "ignoring ENOTSUP"
            let tool = try ImageTool(
                command, for: name, noting: ["ignoring forbidden xattr", unkept], source.reporter)
            let end = try tool.finish(tick)
            if let remark = end.remark {
                if remark.contains(unkept) { throw ImageFiller.lost(remark, name) }
                source.reporter.note(ImageFiller.unlabelled)
            }
            try calling(tree.lift(ImageFiller.place))
        }
    }

    private static let grown = SystemError(
        "copy", "/",
        reason: "it needs more room than it had: if it has grown meanwhile, run the command again; if files "
            + "share blocks, as after 'cp --reflink', remove the copies")

    private static let unlabelled =
        "the layers of the image have SELinux labels, which umoci does not keep: the base has none; on a host with "
        + "SELinux, have its layers label themselves with /.autorelabel"

    /// The failure if something delivered would be missing in the base.
    private static func lost(_ remark: String, _ image: String) -> HostFailure {
        .image(
            image,
            reason:
                "an attribute of a file in it cannot be kept: \(CommandRunner.brief(remark)); make it without that "
                + "attribute, or try another --filesystem")
    }
}
