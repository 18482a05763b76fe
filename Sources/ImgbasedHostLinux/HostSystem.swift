import CLinux
import Glibc
public import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedLinux

/// Small facts about the running system.
public enum HostSystem {
    /// Whether this program runs as root.
    ///
    /// The corresponding C function is `geteuid`.
    public static var isRoot: Bool { geteuid() == 0 }

    /// Whether `/proc` is mounted. Without it, the threads of libdispatch end this program now and then.
    ///
    /// The corresponding C function is `access`.
    public static var hasProc: Bool { access("/proc/self/stat", F_OK) == 0 }

    /// The device number, MAJOR:MINOR, of the file system that holds `path`; `nil` if unknown.
    ///
    /// The corresponding C function is `stat`.
    public static func device(of path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        return text(UInt64(status.st_dev))
    }

    /// The number, MAJOR:MINOR, of the block device at `path`; `nil` if it is none.
    ///
    /// The corresponding C function is `stat`.
    public static func number(ofDevice path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFBLK else { return nil }
        return text(UInt64(status.st_rdev))
    }

    /// A device number as text, as glibc's macros `gnu_dev_major` and `gnu_dev_minor` split it.
    private static func text(_ device: UInt64) -> String {
        let major = device >> 8 & 0xFFF | device >> 32 & ~0xFFF
        let minor = device & 0xFF | device >> 12 & 0xFFFF_FF00
        return "\(major):\(minor)"
    }

    /// The bytes that root can still write to the file system that holds `path`; `nil` if unknown.
    ///
    /// The corresponding C function is `statvfs`.
    public static func free(_ path: String) -> Bytes? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return Bytes(UInt64(status.f_bfree) * UInt64(status.f_frsize))
    }

    /// The size of the block device open as `file`.
    ///
    /// The corresponding C function is `ioctl` with `BLKGETSIZE64`.
    public static func size(_ file: borrowing OpenFile) throws(SystemError) -> Bytes {
        var bytes: UInt64 = 0
        guard imgbased_block_device_size(file.number, &bytes) == 0 else { throw .last("measure", file.name) }
        return Bytes(bytes)
    }

    /// Whether `file` is a loop device that nothing can write through, not even a mounted file system.
    ///
    /// The corresponding C function is `ioctl` with `LOOP_GET_STATUS64`.
    public static func isReadOnlyLoop(_ file: borrowing OpenFile) -> Bool {
        imgbased_is_read_only_loop(file.number) != 0
    }

    /// Whether the kernel or a program holds the block device at `path`, or a part of it, for itself.
    ///
    /// Also tells of a mount that only other mount namespaces see.
    ///
    /// The corresponding C function is `open` with `O_EXCL`.
    public static func isHeld(_ path: String) throws(SystemError) -> Bool {
        let number = imgbased_open(path, O_RDONLY | O_EXCL | O_CLOEXEC, 0)
        if number >= 0 {
            close(number)
            return false
        }
        guard errno == EBUSY else { throw .last("open", path) }
        return true
    }

    /// The path without links; `nil` if nothing is there.
    ///
    /// The corresponding C function is `realpath`.
    public static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { Glibc.free(real) }
        return String(cString: real)
    }

    /// Whether `path` is a directory, and not a link.
    ///
    /// The corresponding C function is `lstat`.
    public static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The type of the file system that holds `path`; `nil` if no base can have that type.
    ///
    /// The corresponding C function is `statfs`; the numbers are in `linux/magic.h`.
    public static func fileSystemType(of path: String) -> FileSystemType? {
        var status = statfs()
        guard statfs(path, &status) == 0 else { return nil }
        switch status.f_type {
        case 0xEF53: return .ext4
        case 0x5846_5342: return .xfs
        default: return nil
        }
    }

    /// Whether anything is at `path`, or at the target of a link there.
    public static func exists(_ path: String) -> Bool {
        access(path, F_OK) == 0
    }

    /// Whether nothing has the name `path`.
    ///
    /// A link that leads nowhere has the name, and a path that cannot be checked may have it.
    ///
    /// The corresponding C function is `lstat`.
    public static func isAbsent(_ path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) != 0, errno == ENOENT else { return false }
        // A link on the way may lead nowhere as well.
        guard let slash = path.lastIndex(of: "/") else { return true }
        let parent = String(path[..<slash])
        return parent.isEmpty || exists(parent) || isAbsent(parent)
    }
}
