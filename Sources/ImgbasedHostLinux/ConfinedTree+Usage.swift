import Glibc
public import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedLinux

extension ConfinedTree {
    /// The size of its file system; 0 if the kernel does not say.
    ///
    /// The corresponding C function is `fstatvfs`.
    public var capacity: Bytes {
        var status = statvfs()
        guard let root = try? open("/", O_RDONLY | O_DIRECTORY), fstatvfs(root.number, &status) == 0 else {
            return Bytes(0)
        }
        return Bytes(UInt64(status.f_blocks) * UInt64(status.f_frsize))
    }

    /// The used part of its file system: bytes, and nodes, one for each file of any size.
    ///
    /// The corresponding C function is `fstatvfs`.
    public var usage: TreeSize {
        var status = statvfs()
        guard let root = try? open("/", O_RDONLY | O_DIRECTORY), fstatvfs(root.number, &status) == 0,
            status.f_bfree <= status.f_blocks, status.f_ffree <= status.f_files
        else { return TreeSize() }
        return TreeSize(
            entries: UInt64(status.f_files - status.f_ffree),
            data: UInt64(status.f_blocks - status.f_bfree) * UInt64(status.f_frsize))
    }
}
