import CLinux
import Glibc

/// Making sure that what was written is where a boot loader finds it.
public enum HostFlush {
    // linux/fs.h and fs/ext4/ext4.h; macros with types, which Swift does not import.
    private static let freeze: UInt = 0xC004_5877
    private static let thaw: UInt = 0xC004_5878
    private static let checkpoint: UInt = 0x4004_662B

    /// Flushes the file system that has `path`, and empties its journal.
    ///
    /// GRUB does not replay journals: what is only in the journal is, for it, not there, and what was freed there
    /// it still reads. ext4 empties its journal on request, others when they are frozen. The file system the
    /// program itself runs from is never frozen.
    ///
    /// The corresponding C functions are `syncfs` and `ioctl` with `EXT4_IOC_CHECKPOINT`, or `FIFREEZE` and
    /// `FITHAW`.
    public static func bootFileSystem(_ path: String) throws(SystemError) {
        let directory = try OpenFile(opening: path, O_RDONLY | O_DIRECTORY)
        try directory.flushFileSystem()
        var flags: UInt32 = 0
        if ioctl(directory.number, checkpoint, &flags) == 0 { return }
        let root = try OpenFile(opening: "/", O_RDONLY | O_DIRECTORY)
        guard try root.status().device != directory.status().device else { return }
        var unused: CInt = 0
        // Nothing stands between the two calls that could wait for the disk, or be interrupted by a signal that
        // ends the program: those that can be are held back.
        var all = sigset_t()
        var old = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &old)
        if ioctl(directory.number, freeze, &unused) == 0 { _ = ioctl(directory.number, thaw, &unused) }
        pthread_sigmask(SIG_SETMASK, &old, nil)
    }

    /// Waits until what was written to the block device at `path` is on it.
    ///
    /// The corresponding C function is `fsync`.
    public static func device(_ path: String) throws(SystemError) {
        try OpenFile(opening: path, O_RDONLY).flush()
    }
}
