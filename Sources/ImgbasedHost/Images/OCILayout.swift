import FoundationEssentials
import Glibc
import ImgbasedCore
import ImgbasedLinux

/// An image in the layout of the Open Container Initiative, made ready for umoci(1): a directory of our own that names
/// the one image, and shows the blobs where they are.
///
/// Format: opencontainers/image-spec: image-layout.md, image-index.md, manifest.md.
final class OCILayout {
    private let directory: HostTemporaryDirectory
    /// What its layers hold, taken together.
    let listing: TreeListing

    /// What is in an index or manifest, as far as it is looked at.
    private struct Document: Decodable {
        var manifests: [Descriptor]?
        var layers: [Descriptor]?
        var config: Descriptor?
    }

    private struct Descriptor: Codable {
        var mediaType: String
        var digest: String
        var size: Int64
        var platform: Platform?
        var annotations: [String: String]?
    }

    private struct Platform: Codable {
        var architecture: String
        var os: String
    }

    private struct Index: Encodable {
        var schemaVersion = 2
        var manifests: [Descriptor]
    }

    private static let documentLimit = 4 << 20
    private static let depthLimit = 4
    private static let reference = "imgbased"
    #if arch(arm64)
        private static let architecture = "arm64"
    #else
        private static let architecture = "amd64"
    #endif

    /// The layout in the directory `path`.
    convenience init(directory path: String, name: String, _ reporter: ImageReporter) throws(HostFailure) {
        let own = try calling { () throws(SystemError) in try HostTemporaryDirectory() }
        guard let blobs = HostSystem.resolved(path) else {
            throw .image(name, reason: "it is not there any more")
        }
        try self.init(path, blobs: blobs + "/blobs", in: own, name: name, reporter)
    }

    /// The layout in the archive `spool`, in which `size` bytes are.
    convenience init(
        archive spool: ImageSpool, size: TreeSize, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) {
        try ImageSpool.checkSpace(size.data, name)
        let own = try calling { () throws(SystemError) in try HostTemporaryDirectory() }
        let place = own.path + "/archive"
        try calling { () throws(SystemError) in try HostTree(own.path).makeDirectories("/archive") }
        let command = Command(
            .tar,
            ["--extract", "--no-same-owner", "--no-same-permissions", "--directory", place, "--file", "-"])
        try ImageTool(command, for: name, input: try spool.rewound(), reporter).finish {
            reporter.report(.unpack)
        }
        try ImageSpool.checkSpace(0, name)
        try self.init(place, blobs: "../archive/blobs", in: own, name: name, reporter)
    }

    private init(
        _ path: String, blobs: String, in directory: HostTemporaryDirectory, name: String,
        _ reporter: ImageReporter
    ) throws(HostFailure) {
        self.directory = directory
        let tree = try calling { () throws(SystemError) in try HostTree(path) }
        guard let index = try OCILayout.document("/index.json", in: tree, name) else {
            throw .image(name, reason: "it has no index.json")
        }
        var manifest = try OCILayout.choose(index, in: tree, name, depth: 0)
        let content = try OCILayout.document(try OCILayout.place(manifest, in: tree, name), in: tree, name)
        guard let layers = content?.layers, let config = content?.config, !layers.isEmpty else {
            throw .image(name, reason: "its manifest has no layers")
        }
        _ = try OCILayout.place(config, in: tree, name)
        var listing = TreeListing()
        for layer in layers {
            listing.add(try OCILayout.list(layer, in: tree, name, reporter))
        }
        self.listing = listing
        manifest.annotations = ["org.opencontainers.image.ref.name": OCILayout.reference]
        manifest.platform = nil
        guard let text = try? JSONEncoder().encode(Index(manifests: [manifest])) else {
            throw .image(name, reason: "its index.json cannot be read")
        }
        try calling { () throws(SystemError) in
            let own = try HostTree(directory.path)
            try own.replaceFile(
                "/layout/oci-layout", contents: Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8))
            try own.replaceFile("/layout/index.json", contents: Array(text))
            try SmallFile.link(to: blobs, at: directory.path + "/layout/blobs")
        }
    }

    /// As umoci takes it.
    var image: String { directory.path + "/layout:" + OCILayout.reference }

    /// The manifest of the one image for this machine.
    private static func choose(
        _ index: Document, in tree: borrowing HostTree, _ name: String, depth: Int
    ) throws(HostFailure) -> Descriptor {
        let fitting = (index.manifests ?? []).filter {
            $0.platform.map { $0.os == "linux" && $0.architecture == architecture } ?? true
        }
        guard let manifest = fitting.first else {
            throw .image(name, reason: "it has no image for linux on \(architecture)")
        }
        guard fitting.count == 1 else {
            throw .image(
                name,
                reason:
                    "it has \(fitting.count) images for linux on \(architecture); copy one to a layout of its own with 'skopeo copy'"
            )
        }
        guard manifest.mediaType == "application/vnd.oci.image.index.v1+json" else { return manifest }
        guard depth < depthLimit,
            let inner = try document(try place(manifest, in: tree, name), in: tree, name)
        else {
            throw .image(name, reason: "its indexes lead nowhere")
        }
        return try choose(inner, in: tree, name, depth: depth + 1)
    }

    /// Where the blob is, once it is known to be a plain file as long as it should be. umoci checks its digest.
    private static func place(
        _ descriptor: Descriptor, in tree: borrowing HostTree, _ name: String
    ) throws(HostFailure) -> String {
        let parts = descriptor.digest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0] == "sha256", parts[1].utf8.count == 64,
            parts[1].utf8.allSatisfy({ "0123456789abcdef".utf8.contains($0) })
        else {
            throw .image(
                name, reason: "'\(descriptor.digest.asMessageLine)' in it is no digest that is supported")
        }
        let path = "/blobs/sha256/\(parts[1])"
        let size = try calling { () throws(SystemError) in try tree.openFile(path)?.status().size }
        guard size == UInt64(exactly: descriptor.size) else {
            throw .image(
                name,
                reason:
                    "blob \(parts[1]) in it is missing, or not \(descriptor.size) bytes long; get it again")
        }
        return path
    }

    private static func document(
        _ path: String, in tree: borrowing HostTree, _ name: String
    ) throws(HostFailure) -> Document? {
        let bytes = try calling { () throws(SystemError) in try tree.read(path, limit: documentLimit) }
        guard let bytes else { return nil }
        do {
            return try JSONDecoder().decode(Document.self, from: Data(bytes))
        } catch {
            throw .image(name, reason: "'\(path)' in it cannot be read as JSON of an OCI image")
        }
    }

    /// What is in a layer.
    private static func list(
        _ layer: Descriptor, in tree: borrowing HostTree, _ name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> TreeListing {
        let types = ["application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip"]
        guard types.contains(layer.mediaType) else {
            throw .image(
                name,
                reason: "umoci reads no layers of type '\(layer.mediaType.asMessageLine)'; copy it with "
                    + "'skopeo copy --dest-compress-format gzip'")
        }
        let path = try place(layer, in: tree, name)
        let file = try calling { () throws(SystemError) in try tree.open(path, O_RDONLY | O_NONBLOCK) }
        let length = UInt64(layer.size)
        guard layer.mediaType.hasSuffix("+gzip") else {
            return try TreeInspection.tar(
                ImageStream(file, head: [], length: length, name: name), name: name, reporter)
        }
        let stream = try ImageStream(file, head: [], length: length, name: name, .gzip, reporter)
        return try TreeInspection.tar(stream, name: name, reporter)
    }
}
