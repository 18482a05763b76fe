import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// An image layer in the OCI layout, as umoci(1) takes it.
///
/// Format: opencontainers/image-spec: layer.md.
struct OCILayer {
    /// The reference to the blob.
    let descriptor: OCIDescriptor
    /// The image layer, plain or compressed by gzip.
    let blob: ImageSpool
    /// The files in it.
    let listing: TreeListing

    private static let tar = "application/vnd.oci.image.layer.v1.tar"

    /// The image layer that `descriptor` names; `difference` is its digest in the configuration.
    ///
    /// umoci 0.4 does not read zstd. Such an image layer is decompressed to a copy, and both digests are
    /// checked. Otherwise umoci checks them.
    init(
        _ descriptor: OCIDescriptor, difference: String, in blobs: OCIBlobs, _ reporter: ImageReporter
    ) throws(HostFailure) {
        let name = blobs.name
        func decompressed(_ compression: ImageCompression) throws(HostFailure) -> ImageStream {
            let file = try blobs.open(descriptor)
            return try ImageStream(
                file, head: [], length: UInt64(descriptor.size), name: name, compression, reporter)
        }
        switch descriptor.mediaType {
        case OCILayer.tar:
            blob = ImageSpool(try blobs.open(descriptor))
            listing = try TreeInspection.tar(blob, isLayer: true, name: name, reporter)
            self.descriptor = descriptor
        case OCILayer.tar + "+gzip":
            blob = ImageSpool(try blobs.open(descriptor))
            listing = try TreeInspection.tar(layer: try decompressed(.gzip), name: name, reporter)
            self.descriptor = descriptor
        case OCILayer.tar + "+zstd":
            let stream = try decompressed(.zstd)
            let (copy, facts) = try ImageSpool.copy(stream, length: nil, name: name, reporter)
            try blobs.check(stream.delivered(content: facts.digest), descriptor)
            let digest = "sha256:" + facts.digest
            guard digest == difference, let size = Int64(facts.length) else {
                throw .image(
                    name,
                    reason: "blob \(descriptor.digest) in it holds layer \(digest), and its "
                        + "configuration has another there; get it again")
            }
            blob = copy
            listing = try TreeInspection.tar(blob, isLayer: true, name: name, reporter)
            self.descriptor = OCIDescriptor(mediaType: OCILayer.tar, digest: digest, size: size)
        default:
            throw .image(
                name,
                reason: "layers of type '\(descriptor.mediaType.asMessageLine)' cannot be read; copy it with "
                    + "'skopeo copy --dest-compress-format gzip'")
        }
    }
}
