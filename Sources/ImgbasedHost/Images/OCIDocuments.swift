// Format: opencontainers/image-spec: descriptor.md, image-index.md, manifest.md, config.md; only the members
// used here.

/// The reference to a blob.
struct OCIDescriptor: Codable {
    var mediaType: String
    var digest: String
    var size: Int64
    var platform: Platform?
    var annotations: [String: String]?

    /// The machines that the blob is for.
    struct Platform: Codable {
        var architecture: String
        var os: String
    }
}

/// The images in a layout.
struct OCIIndex: Codable {
    var schemaVersion = 2
    var manifests: [OCIDescriptor]
}

/// An image: its configuration, and its image layers from the lowest to the uppermost.
struct OCIManifest: Codable {
    var schemaVersion = 2
    var config: OCIDescriptor
    var layers: [OCIDescriptor]
}

/// The configuration of an image.
struct OCIConfiguration: Decodable {
    var rootfs: RootFileSystem

    /// The image layers of the root file system.
    struct RootFileSystem: Decodable {
        /// The digests of the uncompressed image layers, in the manifest's order.
        var differences: [String]

        private enum CodingKeys: String, CodingKey {
            case differences = "diff_ids"
        }
    }
}
