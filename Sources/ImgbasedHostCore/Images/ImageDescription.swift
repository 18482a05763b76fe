public import ImgbasedCore

/// The description of an image before it is written.
public struct ImageDescription: Hashable, Sendable {
    /// The path, or `standard input`.
    public var path: String
    /// The bytes to write; for a raw image, its file system and the data behind it. `nil` if unknown.
    public var length: Bytes?
    /// The bytes of these that are stored, which a sparse copy needs; `nil` if unknown.
    public var allocated: Bytes?
    /// The kind of contents.
    public var content: ImageContent

    /// The file system of a raw image; `nil` for other images.
    public var signature: FileSystemSignature? {
        guard case .fileSystem(let signature) = content else { return nil }
        return signature
    }

    /// Whether it is the running system.
    public var isSystem: Bool {
        if case .tree(let tree) = content { tree.system != nil } else { false }
    }

    /// An image with this content.
    public init(path: String, length: Bytes?, allocated: Bytes?, content: ImageContent) {
        self.path = path
        self.length = length
        self.allocated = allocated
        self.content = content
    }

    /// A raw image; without a `signature`, one of unknown content.
    public init(path: String, length: Bytes?, allocated: Bytes?, signature: FileSystemSignature?) {
        self.init(
            path: path, length: length, allocated: allocated,
            content: signature.map { .fileSystem($0) } ?? .unknown)
    }
}

/// The content of an image.
public enum ImageContent: Hashable, Sendable {
    /// A file system, which is copied byte by byte; also that of a live image.
    case fileSystem(FileSystemSignature)
    /// Files, which get a new file system.
    case tree(ImageTree)
    /// Content of no known kind.
    case unknown
}

/// An image that is copied file by file.
public struct ImageTree: Hashable, Sendable {
    /// The formats of such images.
    public enum Format: String, Hashable, Sendable {
        case squashfs, tar
        /// A directory in the layout of the Open Container Initiative, or an archive of one.
        case oci = "OCI"
        /// The root file system of the running system.
        case system
    }

    /// The format of the image.
    public var format: Format
    /// The size of the tree.
    public var size: TreeSize
    /// The largest of the large files; `nil` if none.
    public var largest: LargeFile?
    /// The type of its new file system if none is requested: that of the running root.
    public var type: FileSystemType
    /// The UUID of the new file system.
    public var uuid: String
    /// The order to copy the running system; `nil` for other formats.
    public var system: SystemCopy?

    /// A tree with these values.
    public init(
        format: Format, size: TreeSize, largest: LargeFile? = nil, type: FileSystemType, uuid: String
    ) {
        self.format = format
        self.size = size
        self.largest = largest
        self.type = type
        self.uuid = uuid
    }
}

/// A file so large that it may have holes.
public struct LargeFile: Hashable, Sendable {
    /// The path in the image.
    public var name: String
    /// The size in bytes, including holes.
    public var size: Bytes

    /// A large file with these values.
    public init(name: String, size: Bytes) {
        self.name = name
        self.size = size
    }
}

/// The limits for writing an image to a thin volume.
public struct ImageAllowance: Hashable, Sendable {
    /// The bytes of the pool it may use; `nil` if unknown.
    public var room: Bytes?
    /// The size of a chunk, the pool's unit of allocation.
    public var chunkSize: Bytes
    /// Whether blocks of zeros may be skipped, because unwritten blocks read as zeros.
    public var isSparse: Bool

    /// An allowance with these values.
    public init(room: Bytes?, chunkSize: Bytes, isSparse: Bool) {
        self.room = room
        self.chunkSize = chunkSize
        self.isSparse = isSparse
    }
}
