import CLinux
import Glibc
public import ImgbasedLinux

/// Making sure that what was written is where a boot loader finds it.
public enum HostFlush {
    /// What a file system needs, so that whoever reads it without its journal sees all that was written.
    enum Kind {
        /// A journal that the kernel empties when it is asked to, or when the file system is frozen.
        case journaled
        /// FAT: no journal. The order in which files are flushed is that of the writes.
        case fat
        /// Nothing is written over: it is as it was, or as it is after a commit, which flushing makes.
        case copied

        /// That of the file system that has `file`; the numbers are in `linux/magic.h`.
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

    /// How long, in milliseconds, a file system is frozen at most.
    private static let freezingLimit: CInt = 20_000

    /// Flushes the file system that has `path`, and empties its journal.
    ///
    /// GRUB does not replay journals: what is only in the journal is, for it, not there, and what was freed there
    /// it still reads. ext4 empties its journal on request, others when they are frozen. The file system the
    /// program itself runs from is never frozen: where that would be needed, and where a file system can be neither, this fails.
    ///
    /// The corresponding C functions are `syncfs` and `ioctl` with `EXT4_IOC_CHECKPOINT`, or `FIFREEZE` and
    /// `FITHAW`.
    public static func bootFileSystem(_ path: String) throws(SystemError) {
        try fileSystem(of: try OpenFile(opening: path, O_RDONLY | O_DIRECTORY))
    }

    /// The same for the file system that has the open `directory`.
    static func fileSystem(of directory: borrowing OpenFile) throws(SystemError) {
        try directory.flushFileSystem()
        if case .journaled = try Kind(of: directory), try !checkpoint(directory) { try freeze(directory) }
        // Whatever of that has ended in the disk's own cache does not stay there.
        try directory.flush()
    }

    /// Empties the journal of ext4. Returns whether that was done, or there is none.
    private static func checkpoint(_ directory: borrowing OpenFile) throws(SystemError) -> Bool {
        if imgbased_checkpoint(directory.number) == 0 { return true }
        switch errno {
        // ext4 has none.
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

    /// Waits until what was written to the block device at `path` is on it.
    ///
    /// The corresponding C function is `fsync`.
    public static func device(_ path: String) throws(SystemError) {
        try OpenFile(opening: path, O_RDONLY).flush()
    }
}
