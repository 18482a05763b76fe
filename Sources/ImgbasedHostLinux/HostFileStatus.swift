import CLinux
import Glibc
import ImgbasedLinux

/// What the kernel says of a file.
public struct HostFileStatus: Hashable, Sendable {
    /// What a file is.
    public enum Kind: Sendable {
        /// A plain file.
        case file
        /// A directory.
        case directory
        /// A block device.
        case blockDevice
        /// A pipe, a socket, a character device.
        case other
    }

    /// What it is.
    public let kind: Kind
    /// How many bytes it has.
    public let size: UInt64
    /// How many bytes are stored for it; fewer than it has, where it has holes.
    public let allocated: UInt64
    /// The device number of the file system it is on.
    public let device: UInt64
    /// How many names it has.
    let links: UInt64
    /// Permissions, with set-id bits.
    let permissions: UInt32
    /// Its owner.
    let owner: UInt32
    /// Its group.
    let group: UInt32

    init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFBLK: .blockDevice
            default: .other
            }
        size = UInt64(max(0, status.st_size))
        allocated = UInt64(max(0, status.st_blocks)) * 512
        device = UInt64(status.st_dev)
        links = UInt64(status.st_nlink)
        permissions = status.st_mode & 0o7777
        owner = status.st_uid
        group = status.st_gid
    }
}
