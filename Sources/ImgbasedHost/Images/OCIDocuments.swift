// Format: opencontainers/image-spec: descriptor.md, image-index.md, manifest.md, config.md; as far as it is looked at.

/// What names a blob.
struct OCIDescriptor: Codable {
    var mediaType: String
    var digest: String
    var size: Int64
    var platform: Platform?
    var annotations: [String: String]?

    /// The machines it is for.
    struct Platform: Codable {
        var architecture: String
        var os: String
    }
}

/// The images of a layout.
struct OCIIndex: Codable {
    var schemaVersion = 2
    var manifests: [OCIDescriptor]
}

/// An image: its configuration, and its layers from the lowest to the uppermost.
struct OCIManifest: Codable {
    var schemaVersion = 2
    var config: OCIDescriptor
    var layers: [OCIDescriptor]
}

/// The configuration of an image.
struct OCIConfiguration: Decodable {
    var rootfs: RootFileSystem

    /// What the root file system is made of.
    struct RootFileSystem: Decodable {
        /// The digests of the layers when they are not compressed, in the manifest's order.
        var differences: [String]

        private enum CodingKeys: String, CodingKey {
            case differences = "diff_ids"
        }
    }
}
