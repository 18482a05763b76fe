public import ImgbasedCore
import ImgbasedLinux

/// Writes an image file by file to a file system of its own, and takes the digest of that.
public struct ImageFiller {
    /// Where umoci puts the tree first: it does not write into the root of a file system.
    private static let place = ".imgbased-unpacked"

    /// A filler.
    public init() {}

    /// Writes the files of `source` to the new file system of `type` on the device at `path`, which is mounted where
    /// nobody else sees it, waits until it is there, and returns digest and length of the file system. Nothing in the
    /// image leads out of it.
    public func fill(_ source: ImageSource, to path: String, _ type: FileSystemType) throws(HostFailure)
        -> ImageFacts
    {
        let reporter = source.reporter
        do {
            let tree = try calling { () throws(SystemError) in
                try HostMount.mount(path, type: type.rawValue, .readWrite)
            }
            let before = tree.used.count
            let total: UInt64? =
                if case .tree(let image) = source.description.content { image.size.stored } else { nil }
            reporter.report(.fill, done: 0, total: total)
            try unpack(source, into: tree) {
                reporter.report(.fill, done: tree.used.count - min(before, tree.used.count), total: total)
            }
            reporter.report(.flush)
            try calling { () throws(SystemError) in try tree.flush() }
        }
        // It is not mounted any more, or opening it is refused.
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
        _ source: ImageSource, into tree: borrowing HostTree, _ tick: () -> Void
    ) throws(HostFailure) {
        let name = source.description.path
        let root = tree.processPath + "/."
        switch source.body {
        case .stream: throw .image(name, reason: "it is the image of a file system")
        case .squashfs(let spool):
            let command = Command(
                .unsquashfs,
                ["-no-progress", "-quiet", "-strict-errors", "-force", "-dest", root, spool.path])
            try ImageTool(command, for: name, source.reporter).finish(tick)
        case .tar(let spool):
            let command = Command(
                .tar,
                [
                    "--extract", "--numeric-owner", "--same-owner", "--same-permissions", "--xattrs",
                    "--xattrs-include=*", "--acls", "--selinux", "--directory", root, "--file", "-",
                ])
            try ImageTool(command, for: name, input: try spool.rewound(), source.reporter).finish(tick)
        case .oci(let layout):
            let place = "\(tree.processPath)/\(ImageFiller.place)"
            let command = Command(.umoci, ["raw", "unpack", "--image", layout.image, place])
            try ImageTool(command, for: name, source.reporter).finish(tick)
            try calling { () throws(SystemError) in try tree.lift(ImageFiller.place) }
        }
    }
}
