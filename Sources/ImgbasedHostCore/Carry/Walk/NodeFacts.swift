import ImgbasedCore

/// What is at one place of a tree: all of it but a file's bytes and a directory's entries.
public struct NodeFacts: Hashable, Sendable {
    /// What a node is, with what makes it up where that is short.
    public enum Kind: Hashable, Sendable {
        /// A plain file of that many bytes.
        case file(size: UInt64)
        /// A directory.
        case directory
        /// A symbolic link to those bytes.
        case link([UInt8])
        /// A character device of that number.
        case characterDevice(UInt64)
        /// A block device of that number.
        case blockDevice(UInt64)
        /// A named pipe.
        case pipe
        /// A socket.
        case socket
    }

    /// What it is.
    public var kind: Kind
    /// Owner, permissions and the like.
    public var attributes: NodeAttributes
    /// How many bytes are stored for it: fewer than a file has, where it has holes.
    public var allocated: UInt64
    /// Which node of which file system it is: equal for two names of one file.
    public var identity: Identity
    /// How many names it has.
    public var links: UInt64
    /// Whether something else is mounted there. What else is said then may be of either, or of neither.
    public var isMountPoint: Bool
    /// Whether it is immutable or can be appended to only (chattr(1)).
    public var isImmutable: Bool

    /// The device number of a file system and the number of a node in it.
    public struct Identity: Hashable, Sendable {
        /// The file system.
        public var device: UInt64
        /// The node.
        public var inode: UInt64

        /// The node `inode` of the file system `device`.
        public init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    /// A node.
    public init(
        _ kind: Kind, _ attributes: NodeAttributes, allocated: UInt64, identity: Identity, links: UInt64 = 1,
        isMountPoint: Bool = false, isImmutable: Bool = false
    ) {
        self.kind = kind
        self.attributes = attributes
        self.allocated = allocated
        self.identity = identity
        self.links = links
        self.isMountPoint = isMountPoint
        self.isImmutable = isImmutable
    }

    /// A place at which something else is mounted, of which nothing is known: it is not asked, since it may not answer.
    public static let mountPoint = NodeFacts(
        .directory,
        NodeAttributes(owner: 0, group: 0, permissions: 0, modified: FileTime(seconds: 0)), allocated: 0,
        identity: Identity(device: 0, inode: 0), isMountPoint: true)

    /// Whether it is a directory.
    public var isDirectory: Bool { kind == .directory }

    /// Whether it is a symbolic link.
    public var isLink: Bool {
        if case .link = kind { true } else { false }
    }

    /// Whether it is a plain file.
    public var isFile: Bool {
        if case .file = kind { true } else { false }
    }
}

extension NodeFacts.Kind {
    /// For people: `a file`.
    public var words: String {
        switch self {
        case .file: "a file"
        case .directory: "a directory"
        case .link: "a link"
        case .characterDevice, .blockDevice: "a device"
        case .pipe: "a pipe"
        case .socket: "a socket"
        }
    }
}

/// What a node has besides its content.
public struct NodeAttributes: Hashable, Sendable {
    /// The number of the owner.
    public var owner: UInt32
    /// The number of the group.
    public var group: UInt32
    /// Permissions with set-id bits and sticky bit; a link's are of no meaning.
    public var permissions: UInt32
    /// When the content was last changed.
    public var modified: FileTime
    /// Extended attributes, ACLs, capabilities and security labels among them: values by name.
    public var extended: [[UInt8]: [UInt8]]

    /// Attributes.
    public init(
        owner: UInt32, group: UInt32, permissions: UInt32, modified: FileTime,
        extended: [[UInt8]: [UInt8]] = [:]
    ) {
        self.owner = owner
        self.group = group
        self.permissions = permissions
        self.modified = modified
        self.extended = extended
    }

    /// The same but for the time, which by itself is no change of anybody's.
    public func isSame(as other: NodeAttributes) -> Bool {
        owner == other.owner && group == other.group && permissions == other.permissions
            && extended == other.extended
    }
}

/// A time of a file: seconds since 1970, and nanoseconds.
public struct FileTime: Hashable, Comparable, Sendable {
    /// Seconds since 1970.
    public var seconds: Int64
    /// Nanoseconds of the second.
    public var nanoseconds: UInt32

    /// That time.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Orders by time.
    public static func < (a: FileTime, b: FileTime) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }

    /// Whether a file system that was given `wanted` may say this: ext4 with small inodes knows whole seconds only.
    public func fulfils(_ wanted: FileTime) -> Bool {
        seconds == wanted.seconds && (nanoseconds == wanted.nanoseconds || nanoseconds == 0)
    }
}
