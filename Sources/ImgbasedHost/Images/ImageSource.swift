import Glibc
import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// An opened and inspected image: a file, a block device, standard input, or an OCI layout directory.
public final class ImageSource {
    /// The facts about the image known now.
    public let description: ImageDescription
    /// Receives the progress of the work.
    let reporter: ImageReporter
    /// The content to write.
    let body: Body
    private let expected: String?
    /// Keeps others from mounting the image's device until it is written; `nil` for no device.
    private var hold: DeviceHold?

    /// The kinds of content.
    enum Body {
        /// Bytes, which can be read once.
        case stream(ImageStream)
        /// The files of a squashfs.
        case squashfs(ImageSpool)
        /// The files of a tar.
        case tar(ImageSpool)
        /// The files of an image in the OCI layout.
        case oci(OCILayout)
        /// The files of the running system below this path.
        case system(SystemCopy, root: String)
    }

    private static let liveImage = "LiveOS/rootfs.img"

    /// Opens the image at `path`, a file or an address, or `-` for standard input, and finds out its kind by
    /// its content.
    ///
    /// The content is copied if it must be read out of order and cannot be, or could change before. A device
    /// that is mounted or otherwise in use is refused, since it would change while it is read. Nobody can
    /// mount it until `release`.
    ///
    /// - Throws: ``HostFailure/image(_:reason:)`` if it cannot become a base, or is not what its maker says;
    ///   see ``ImageTrust``.
    public init(
        _ path: String, trust: ImageTrust = .host, reporter: ImageReporter = ImageReporter()
    ) throws(HostFailure) {
        self.reporter = reporter
        // Stale copies take room that this image, or the pool of its base, may need.
        HostTemporaryDirectory.removeStale()
        let unsigned = try OpenedImage.unsigned(path)
        let expected = try trust.expectation(path, kind: unsigned, reporter)
        let input = try OpenedImage(path, reporter)
        hold = input.hold
        let name = input.name
        guard input.unsigned == unsigned else {
            throw .image(name, reason: "it was replaced while it was opened; try again")
        }
        var kind = ImageHead(input.head)
        var decompressed: ImageStream?
        if case .compressed(let compression) = kind {
            let stream = try ImageStream(
                try input.take(), head: input.head, length: input.length?.count, name: name, compression,
                from: input.download, reporter)
            kind = ImageHead(try stream.peek(ImageHead.length))
            decompressed = stream
        }
        func stream() throws(HostFailure) -> ImageStream {
            if let decompressed { return decompressed }
            return ImageStream(
                try input.take(), head: input.head, length: input.length?.count, name: name,
                from: input.download)
        }
        func spool() throws(HostFailure) -> ImageSpool {
            // Content with a digest could change between the hashing and the unpacking.
            if input.isSeekable, decompressed == nil, expected == nil { return ImageSpool(try input.take()) }
            let length = decompressed == nil ? input.length?.count : nil
            let stream = try stream()
            let (spool, facts) = try ImageSpool.copy(stream, length: length, name: name, reporter)
            try ImageTrust.check(stream.delivered(content: facts.digest), expected, name)
            return spool
        }
        switch kind {
        case _ where input.isDirectory:
            let layout = try OCILayout(directory: path, name: name, reporter)
            (description, body) = try ImageSource.tree(.oci, layout.listing, .oci(layout), name)
        case .squashfs:
            let spool = try spool()
            let listing = try TreeInspection.squashfs(spool, name: name, reporter)
            if let length = listing.liveImage {
                (description, body) = try ImageSource.live(spool, length, name, reporter)
            } else {
                (description, body) = try ImageSource.tree(.squashfs, listing, .squashfs(spool), name)
            }
        case .tar:
            let spool = try spool()
            var listing = try TreeInspection.tar(spool, name: name, reporter)
            if listing.isOCI {
                let layout = try OCILayout(archive: spool, size: listing.size, name: name, reporter)
                (description, body) = try ImageSource.tree(.oci, layout.listing, .oci(layout), name)
            } else {
                if let length = try spool.length() { listing.limit(toArchive: length) }
                (description, body) = try ImageSource.tree(.tar, listing, .tar(spool), name)
            }
        case .compressed: throw .image(name, reason: "it is compressed twice; decompress it once")
        case .foreign(let what):
            throw .image(
                name, reason: "it is \(what); a root file system is needed, as an image of it or as files")
        case .fileSystem, .unknown:
            let content: ImageContent =
                if case .fileSystem(let signature) = kind { .fileSystem(signature) } else { .unknown }
            // The beginning does not tell the length of the decompressed image.
            let isKnown = decompressed == nil
            description = ImageDescription(
                path: name, length: isKnown ? input.length : nil, allocated: isKnown ? input.allocated : nil,
                content: content)
            body = .stream(try stream())
            self.expected = expected
            return
        }
        // A copied image was checked while it was copied.
        self.expected = nil
    }

    /// The running system below `root` as an image with this description.
    ///
    /// Nothing is opened: the system is read when the base is written.
    public init(system description: ImageDescription, root: String = "/", reporter: ImageReporter) {
        self.description = description
        self.reporter = reporter
        var copy: SystemCopy?
        if case .tree(let tree) = description.content { copy = tree.system }
        body = .system(copy ?? SystemCopy(), root: root)
        expected = nil
        hold = nil
    }

    /// The file system on a device, mounted or not; `nil` if none is recognized.
    static func signature(ofDevice path: String) throws(HostFailure) -> FileSystemSignature? {
        let head = try calling(OpenFile(opening: path, O_RDONLY).read(upTo: FileSystemSignature.length))
        return FileSystemSignature(head)
    }

    /// Lets others have the image's device, which is written to the base: it can be a base of this host.
    func release() {
        hold = nil
    }

    /// Throws unless `digest`, that of the content read, is the expected one.
    func check(content digest: String) throws(HostFailure) {
        guard case .stream(let stream) = body else { return }
        try ImageTrust.check(stream.delivered(content: digest), expected, description.path)
    }

    private static func live(
        _ spool: ImageSpool, _ length: Bytes, _ name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> (ImageDescription, Body) {
        let command = Command(.unsquashfs, ["-cat", spool.path, liveImage])
        let stream = try ImageStream(command, keeping: spool, length: length.count, name: name, reporter)
        guard let signature = FileSystemSignature(try stream.peek(FileSystemSignature.length)) else {
            throw .image(name, reason: "there is no ext4 or xfs file system in its \(liveImage)")
        }
        return (
            ImageDescription(path: name, length: length, allocated: nil, content: .fileSystem(signature)),
            .stream(stream)
        )
    }

    private static func tree(
        _ format: ImageTree.Format, _ listing: TreeListing, _ body: Body, _ name: String
    ) throws(HostFailure) -> (ImageDescription, Body) {
        guard listing.isRoot else { throw .image(name, reason: listing.problem) }
        guard let uuid = SmallFile.line("/proc/sys/kernel/random/uuid") else {
            throw .system(SystemError("read", "/proc/sys/kernel/random/uuid", reason: "/proc is not mounted"))
        }
        let tree = ImageTree(
            format: format, size: listing.size, largest: listing.largest,
            type: HostSystem.fileSystemType(of: "/") ?? .ext4, uuid: uuid)
        return (ImageDescription(path: name, length: nil, allocated: nil, content: .tree(tree)), body)
    }
}
