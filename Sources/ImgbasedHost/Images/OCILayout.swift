import FoundationEssentials
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// An image in the OCI layout, made ready for umoci(1).
///
/// A directory of our own has a manifest of this one image, which names the blobs as umoci takes them. Links
/// in it lead to the blobs.
///
/// Format: opencontainers/image-spec: image-layout.md, image-index.md, manifest.md.
final class OCILayout {
    private let directory: HostTemporaryDirectory
    /// The targets of the links to the blobs, valid while open.
    private let blobs: [ImageSpool]
    /// The files of all its image layers together.
    let listing: TreeListing

    private static let depthLimit = 4
    /// The limit of overlayfs (linux: fs/overlayfs/super.c, OVL_MAX_STACK): nothing that runs has more.
    private static let layerLimit = 500
    private static let reference = "imgbased"
    #if arch(arm64)
        private static let architecture = "arm64"
    #else
        private static let architecture = "amd64"
    #endif

    /// Opens the layout in the directory `path`.
    convenience init(directory path: String, name: String, _ reporter: ImageReporter) throws(HostFailure) {
        let own = try calling(HostTemporaryDirectory())
        try self.init(path, in: own, name: name, reporter)
    }

    /// Unpacks the archive `spool`, with `size` bytes in it, and opens the layout.
    convenience init(
        archive spool: ImageSpool, size: TreeSize, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) {
        try ImageSpool.checkSpace(size.data, name)
        let own = try calling(HostTemporaryDirectory())
        let place = own.path + "/archive"
        try calling(ConfinedTree(own.path).makeDirectories("/archive"))
        let command = Command(
            .tar,
            ["--extract", "--no-same-owner", "--no-same-permissions", "--directory", place, "--file", "-"])
        try ImageTool(command, for: name, input: try spool.rewound(), reporter).finish {
            () throws(HostFailure) in
            reporter.report(.unpack)
            // Checked despite the listing: others write there as well.
            try ImageSpool.checkSpace(0, name)
        }
        try ImageSpool.checkSpace(0, name)
        try self.init(place, in: own, name: name, reporter)
    }

    private init(
        _ path: String, in directory: HostTemporaryDirectory, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) {
        self.directory = directory
        let source = try OCIBlobs(path, name: name)
        let chosen = try OCILayout.choose(try source.index(), in: source, depth: 0)
        var manifest: OCIManifest = try source.document(chosen)
        let configuration: OCIConfiguration = try source.document(manifest.config)
        let differences = configuration.rootfs.differences
        guard !manifest.layers.isEmpty, manifest.layers.count == differences.count else {
            throw .image(
                name,
                reason: "its manifest has \(manifest.layers.count) layers, and its configuration "
                    + "\(differences.count); get it again")
        }
        // Each image layer is read, and many of them can be the same blob.
        guard manifest.layers.count <= OCILayout.layerLimit else {
            throw .image(
                name,
                reason:
                    "it has \(manifest.layers.count) layers, more than \(OCILayout.layerLimit); merge some of them"
            )
        }
        var listing = TreeListing()
        var links = [(manifest.config.digest, ImageSpool(try source.open(manifest.config)))]
        for (index, difference) in differences.enumerated() {
            let layer = try OCILayer(
                manifest.layers[index], difference: difference, in: source, reporter)
            manifest.layers[index] = layer.descriptor
            links.append((layer.descriptor.digest, layer.blob))
            listing.add(layer.listing)
        }
        self.listing = listing
        blobs = links.map(\.1)
        try OCILayout.write(manifest, chosen.mediaType, links, to: directory.path + "/layout")
    }

    /// The argument that names the image to umoci.
    var image: String { directory.path + "/layout:" + OCILayout.reference }

    /// The manifest of the only image for this machine.
    private static func choose(
        _ index: OCIIndex, in blobs: OCIBlobs, depth: Int
    ) throws(HostFailure) -> OCIDescriptor {
        // One image can have several tags.
        var digests: Set<String> = []
        let fitting = index.manifests.filter {
            $0.platform.map { $0.os == "linux" && $0.architecture == architecture } ?? true
        }.filter { digests.insert($0.digest).inserted }
        guard let manifest = fitting.first else {
            throw .image(blobs.name, reason: "it has no image for linux on \(architecture)")
        }
        guard fitting.count == 1 else {
            throw .image(
                blobs.name,
                reason:
                    "it has \(fitting.count) images for linux on \(architecture); copy one to a layout of its own with 'skopeo copy'"
            )
        }
        guard manifest.mediaType == "application/vnd.oci.image.index.v1+json" else { return manifest }
        guard depth < depthLimit else { throw .image(blobs.name, reason: "its indexes lead nowhere") }
        return try choose(try blobs.document(manifest), in: blobs, depth: depth + 1)
    }

    /// Writes a layout of `manifest` alone to `path`; each of `links` is a digest and its blob.
    private static func write(
        _ manifest: OCIManifest, _ mediaType: String, _ links: [(String, ImageSpool)], to path: String
    ) throws(HostFailure) {
        let text = try encode(manifest)
        var digest = Digest()
        digest.update(text)
        let name = digest.hexadecimal()
        let descriptor = OCIDescriptor(
            mediaType: mediaType, digest: "sha256:" + name, size: Int64(text.count),
            annotations: ["org.opencontainers.image.ref.name": reference])
        let index = try encode(OCIIndex(manifests: [descriptor]))
        try calling { () throws(SystemError) in
            let blobs = path + "/blobs/sha256/"
            for (digest, blob) in links {
                try SmallFile.link(to: blob.path, at: blobs + digest.dropFirst("sha256:".count))
            }
            let own = try ConfinedTree(path)
            try own.replaceFile("/blobs/sha256/" + name, contents: text)
            try own.replaceFile("/oci-layout", contents: Array("{\"imageLayoutVersion\":\"1.0.0\"}".utf8))
            try own.replaceFile("/index.json", contents: index)
        }
    }

    private static func encode(_ document: some Encodable) throws(HostFailure) -> [UInt8] {
        do {
            return Array(try JSONEncoder().encode(document))
        } catch {
            throw .system(SystemError("write", "JSON", reason: "\(error)"))
        }
    }
}
