import ImgbasedCore

/// The facts of one node of a tree, without a file's bytes or a directory's entries.
public struct NodeFacts: Hashable, Sendable {
    /// The kind of a node, with its content if that is short.
    public enum Kind: Hashable, Sendable {
        /// A plain file of this many bytes.
        case file(size: UInt64)
        /// A directory; its entries are no part of this.
        case directory
        /// A symbolic link with this target.
        case link([UInt8])
        /// A character device with this number.
        case characterDevice(UInt64)
        /// A block device with this number.
        case blockDevice(UInt64)
        /// A named pipe, fifo(7).
        case pipe
        /// A socket, unix(7).
        case socket
    }

    /// The kind of the node.
    public var kind: Kind
    /// Owner, permissions and other attributes.
    public var attributes: NodeAttributes
    /// How many bytes are stored: fewer than the size if the file has holes.
    public var allocated: UInt64
    /// The node and its file system: equal for two names of one file.
    public var identity: Identity
    /// The number of names of the node.
    public var links: UInt64
    /// Whether something else is mounted there.
    ///
    /// The other facts may then be of either node, or of neither.
    public var isMountPoint: Bool
    /// Whether it is immutable or append-only (chattr(1)).
    public var isImmutable: Bool

    /// The number of a node, and the device number of its file system.
    public struct Identity: Hashable, Sendable {
        /// The device number of the file system.
        public var device: UInt64
        /// The number of the node in the file system.
        public var inode: UInt64

        /// The node `inode` of the file system `device`.
        public init(device: UInt64, inode: UInt64) {
            self.device = device
            self.inode = inode
        }
    }

    /// The facts of a node; by default it has one name.
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

    /// A place where something else is mounted.
    ///
    /// Nothing is known of it: it is not asked, since it may not answer.
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
    /// The kind in words, as in `a file`.
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

/// Numbers of a node that every change of it changes.
///
/// A snapshot begins with the stamps of its origin.
public struct NodeStamp: Hashable, Sendable {
    /// The number of the node in its file system.
    public var inode: UInt64
    /// The kind and the permissions, as `st_mode` of inode(7).
    public var mode: UInt32
    /// The size in bytes.
    public var size: UInt64
    /// When the content was last changed; anybody can set this time.
    public var modified: FileTime
    /// When the content or an attribute was last changed; only the kernel sets this time.
    public var changed: FileTime

    /// A stamp of these numbers.
    public init(inode: UInt64, mode: UInt32, size: UInt64, modified: FileTime, changed: FileTime) {
        self.inode = inode
        self.mode = mode
        self.size = size
        self.modified = modified
        self.changed = changed
    }
}

/// The attributes of a node, without its content.
public struct NodeAttributes: Hashable, Sendable {
    /// The id of the owner.
    public var owner: UInt32
    /// The id of the group.
    public var group: UInt32
    /// The permissions with set-id and sticky bits; those of a link have no meaning.
    public var permissions: UInt32
    /// When the content was last changed.
    public var modified: FileTime
    /// The extended attributes by name; ACLs, capabilities and security labels are among them.
    public var extended: [[UInt8]: [UInt8]]

    /// The given attributes; by default without extended ones.
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

    /// Whether all but the time is equal. The time alone is no change by anybody.
    public func isSame(as other: NodeAttributes) -> Bool {
        owner == other.owner && group == other.group && permissions == other.permissions
            && extended == other.extended
    }
}

/// A time of a file: seconds since 1970, and nanoseconds.
public struct FileTime: Hashable, Comparable, Sendable {
    /// Seconds since 1970.
    public var seconds: Int64
    /// The nanoseconds within the second, below 1,000,000,000.
    public var nanoseconds: UInt32

    /// The time of this second and nanosecond.
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }

    /// Whether `a` is earlier than `b`.
    public static func < (a: FileTime, b: FileTime) -> Bool {
        (a.seconds, a.nanoseconds) < (b.seconds, b.nanoseconds)
    }

    /// Milliseconds from `start` to this time; negative if this time came first.
    public func milliseconds(since start: FileTime) -> Double {
        Double(seconds - start.seconds) * 1_000
            + (Double(nanoseconds) - Double(start.nanoseconds)) / 1_000_000
    }

    /// The time `milliseconds` before, which are not negative.
    public func earlier(byMilliseconds milliseconds: Double) -> FileTime {
        let second: Int64 = 1_000_000_000
        let difference = Int64((milliseconds * 1_000_000).rounded(.up))
        let rest = Int64(nanoseconds) - difference % second
        return FileTime(
            seconds: seconds - difference / second - (rest < 0 ? 1 : 0),
            nanoseconds: UInt32(rest < 0 ? rest + second : rest))
    }

    /// Whether a file system may report this time after it was given `wanted`.
    ///
    /// ext4 with small inodes keeps whole seconds only.
    public func fulfils(_ wanted: FileTime) -> Bool {
        seconds == wanted.seconds && (nanoseconds == wanted.nanoseconds || nanoseconds == 0)
    }
}
