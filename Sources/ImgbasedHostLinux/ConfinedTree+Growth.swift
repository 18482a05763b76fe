import CLinux
import Glibc
import ImgbasedCore
import ImgbasedHostCore
public import ImgbasedLinux

extension ConfinedTree {
    /// Waits until everything written to the file system is on its disk.
    ///
    /// The corresponding C function is `syncfs`.
    public func flush() throws(SystemError) {
        try open("/", O_RDONLY | O_DIRECTORY).flushFileSystem()
    }

    /// Grows an XFS file system to the size of its device, if the device is larger by a block or more.
    ///
    /// xfs_growfs(8) cannot do this: it looks for a mount point in `/proc/self/mounts`, and this file system
    /// has none (fsmount(2)).
    ///
    /// The corresponding C function is `ioctl` with `XFS_IOC_FSGEOMETRY_V1` and `XFS_IOC_FSGROWFSDATA`
    /// (xfsprogs: xfs_fs.h).
    public func fillDevice(_ device: String) throws(SystemError) {
        let root = try open("/", O_RDONLY | O_DIRECTORY)
        let size = try HostSystem.size(OpenFile(opening: device, O_RDONLY))
        // struct xfs_fsop_geom_v1: block size first, the share of inodes eighth, then the number of blocks.
        var geometry = [UInt32](repeating: 0, count: 28)
        guard ioctl(root.number, 0x8070_5864, &geometry) == 0 else { throw .last("measure", device) }
        let blocks = UInt64(geometry[8]) | UInt64(geometry[9]) << 32
        let wanted = size.count / UInt64(max(geometry[0], 1))
        guard wanted > blocks else { return }
        // struct xfs_growfs_data: the number of blocks, and the old share of inodes.
        var growth: [UInt64] = [wanted, UInt64(geometry[7])]
        guard ioctl(root.number, 0x4010_586E, &growth) == 0 else {
            throw .last("grow the file system on", device)
        }
    }
}
