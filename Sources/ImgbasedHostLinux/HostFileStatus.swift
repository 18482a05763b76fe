import CLinux
import Glibc
import ImgbasedLinux

/// The facts that the kernel has about a file.
public struct HostFileStatus: Hashable, Sendable {
    /// The kinds of files that this program tells apart.
    public enum Kind: Sendable {
        /// A plain file.
        case file
        /// A directory.
        case directory
        /// A block device.
        case blockDevice
        /// A pipe, a socket or a character device.
        case other
    }

    /// The kind of the file, by its mode.
    public let kind: Kind
    /// The size in bytes.
    public let size: UInt64
    /// The number of bytes stored for it, less than `size` if the file has holes.
    public let allocated: UInt64
    /// The device number of its file system.
    public let device: UInt64
    /// The number of its names.
    let links: UInt64
    /// Permissions, with set-id bits.
    public let permissions: UInt32
    /// The number of the user that owns it.
    public let owner: UInt32
    /// The number of its group.
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
