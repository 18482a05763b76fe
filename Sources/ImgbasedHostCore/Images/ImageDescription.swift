public import ImgbasedCore

/// What is known of an image before it is written.
public struct ImageDescription: Hashable, Sendable {
    /// Its path, or `standard input`.
    public var path: String
    /// How many bytes are written, where that is known: of a raw image, those of its file system and what follows.
    public var length: Bytes?
    /// How many of them are stored, where that is known: what a sparse copy needs.
    public var allocated: Bytes?
    /// What is in it.
    public var content: ImageContent

    /// Its file system, where it has one as it is on a disk.
    public var signature: FileSystemSignature? {
        guard case .fileSystem(let signature) = content else { return nil }
        return signature
    }

    /// An image with this content.
    public init(path: String, length: Bytes?, allocated: Bytes?, content: ImageContent) {
        self.path = path
        self.length = length
        self.allocated = allocated
        self.content = content
    }

    /// A raw image, or with no `signature` one of which nothing is known.
    public init(path: String, length: Bytes?, allocated: Bytes?, signature: FileSystemSignature?) {
        self.init(
            path: path, length: length, allocated: allocated,
            content: signature.map { .fileSystem($0) } ?? .unknown)
    }
}

/// What is in an image.
public enum ImageContent: Hashable, Sendable {
    /// A file system, which is copied byte by byte; also that of a live image.
    case fileSystem(FileSystemSignature)
    /// Files, which get a new file system.
    case tree(ImageTree)
    /// Nothing that is known.
    case unknown
}

/// An image that is copied file by file.
public struct ImageTree: Hashable, Sendable {
    /// The formats.
    public enum Format: String, Hashable, Sendable {
        case squashfs, tar
        /// A directory in the layout of the Open Container Initiative, or an archive of one.
        case oci = "OCI"
    }

    /// Its format.
    public var format: Format
    /// How much is in it.
    public var size: TreeSize
    /// The largest of its large files.
    public var largest: LargeFile?
    /// The type of its new file system, where none is asked for: that of the running root.
    public var type: FileSystemType
    /// The UUID of that.
    public var uuid: String

    /// A tree of these parts.
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

/// A file that is so large that it may have holes.
public struct LargeFile: Hashable, Sendable {
    /// Where it is in the image.
    public var name: String
    /// How many bytes it has, holes among them.
    public var size: Bytes

    /// That file.
    public init(name: String, size: Bytes) {
        self.name = name
        self.size = size
    }
}

/// How an image may be written to a thin volume.
public struct ImageAllowance: Hashable, Sendable {
    /// How much of the pool it may take, where that is known.
    public var room: Bytes?
    /// How long a chunk is, the unit in which it takes it.
    public var chunkSize: Bytes
    /// Whether blocks of zeros may be left out: where what is not written reads as zeros.
    public var isSparse: Bool

    /// An allowance of these parts.
    public init(room: Bytes?, chunkSize: Bytes, isSparse: Bool) {
        self.room = room
        self.chunkSize = chunkSize
        self.isSparse = isSparse
    }
}
