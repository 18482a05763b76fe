import CLinux
import Glibc
public import ImgbasedLinux

/// Flushes writes to where a boot loader finds them.
public enum HostFlush {
    /// The kind of a file system, by how a reader without its journal gets to see all writes.
    enum Kind {
        /// A journal, which the kernel empties on request or when the file system is frozen.
        case journaled
        /// FAT: no journal. The order in which files are flushed is the order of the writes.
        case fat
        /// Nothing is overwritten: a reader finds the old state, or that after a commit, which a flush makes.
        case copied

        /// The kind of the file system that holds `file`; the numbers are in `linux/magic.h`.
        ///
        /// The corresponding C function is `fstatfs`.
        init(of file: borrowing OpenFile) throws(SystemError) {
            var type: UInt64 = 0
            guard imgbased_file_system_type(file.number, &type) == 0 else {
                throw .last("look at", file.name)
            }
            self =
                switch type {
                case 0x4D44: .fat
                case 0x9123_683E, 0x0102_1994: .copied
                default: .journaled
                }
        }
    }

    /// The longest time, in milliseconds, that a file system stays frozen.
    private static let freezingLimit: CInt = 20_000

    /// Flushes the file system that holds `path`, and empties its journal.
    ///
    /// GRUB replays no journal: it does not find data that is only there, and still reads blocks freed there.
    /// ext4 empties its journal on request, other file systems when they are frozen. The file system that
    /// this program runs from is never frozen. The call fails if that is needed, or if a file system supports
    /// neither.
    ///
    /// The corresponding C functions are `syncfs` and `ioctl` with `EXT4_IOC_CHECKPOINT`, or `FIFREEZE` and
    /// `FITHAW`.
    public static func bootFileSystem(_ path: String) throws(SystemError) {
        try fileSystem(of: try OpenFile(opening: path, O_RDONLY | O_DIRECTORY))
    }

    /// Flushes the file system of the open `directory` in the same way.
    static func fileSystem(of directory: borrowing OpenFile) throws(SystemError) {
        try directory.flushFileSystem()
        if case .journaled = try Kind(of: directory), try !checkpoint(directory) { try freeze(directory) }
        // Writes must not stay in the disk's own cache.
        try directory.flush()
    }

    /// Empties the journal of ext4; returns `true` if ext4 has none, `false` if the kernel cannot do it.
    private static func checkpoint(_ directory: borrowing OpenFile) throws(SystemError) -> Bool {
        if imgbased_checkpoint(directory.number) == 0 { return true }
        switch errno {
        // This ext4 has no journal.
        case ENODEV: return true
        // Another file system, or a kernel before 5.14.
        case ENOTTY, EOPNOTSUPP, EINVAL: return false
        default: throw .last("empty the journal of the file system of", directory.name)
        }
    }

    private static func freeze(_ directory: borrowing OpenFile) throws(SystemError) {
        let root = try OpenFile(opening: "/", O_RDONLY | O_DIRECTORY)
        guard try root.status().device != directory.status().device else {
            throw SystemError(
                "flush", directory.name,
                reason:
                    "the boot loader replays no journal, and only freezing the root file system would empty it"
            )
        }
        switch imgbased_freeze_and_thaw(directory.number, freezingLimit) {
        case imgbased_froze: return
        case imgbased_did_not_freeze: throw .last("freeze the file system of", directory.name)
        case imgbased_did_not_thaw: throw .last("thaw the file system of", directory.name)
        default: throw .last("watch over the freezing of the file system of", directory.name)
        }
    }

    /// Waits until everything written to the block device at `path` is on it.
    ///
    /// The corresponding C function is `fsync`.
    public static func device(_ path: String) throws(SystemError) {
        try OpenFile(opening: path, O_RDONLY).flush()
    }
}
