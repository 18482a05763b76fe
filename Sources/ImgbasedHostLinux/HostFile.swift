import CLinux
import Glibc
public import ImgbasedLinux

extension OpenFile {
    /// The standard input of this program, open once more.
    ///
    /// The corresponding C function is `fcntl` with `F_DUPFD_CLOEXEC`.
    public static func standardInput() throws(SystemError) -> OpenFile {
        let name = "standard input"
        let number = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
        guard number >= 0 else {
            throw errno == EBADF
                ? SystemError("read", name, errno: EBADF, reason: "it is closed") : .last("read", name)
        }
        return OpenFile(owning: number, name: name)
    }

    /// The kind, size and device of the file.
    ///
    /// The corresponding C function is `fstat`.
    public func status() throws(SystemError) -> HostFileStatus {
        var result = stat()
        guard fstat(number, &result) == 0 else { throw .last("look at", name) }
        return HostFileStatus(result)
    }

    /// Reads the rest of the file, which must not be longer than `limit`.
    public func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        let bytes = try read(upTo: limit + 1)
        guard bytes.count <= limit else {
            throw SystemError("read", name, reason: "it is longer than \(limit) bytes")
        }
        return bytes
    }

    /// Fills `buffer` from a pipe, and returns the number of bytes: fewer only at the end.
    ///
    /// Throws if a signal to end is kept, which ends the wait for the writer.
    ///
    /// The corresponding C functions are `poll` and `read`.
    public func readUnlessSignalled(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count, let base = buffer.baseAddress {
            HostSignals.wait(for: number)
            if let signal = HostSignals.received {
                throw SystemError("read", name, reason: "signal \(signal) came")
            }
            let count = Glibc.read(number, base + filled, buffer.count - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last("read", name) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Writes all of `bytes` at `offset`.
    ///
    /// The corresponding C function is `pwrite`.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        var written = 0
        while written < bytes.count, let base = bytes.baseAddress {
            let count = pwrite(number, base + written, bytes.count - written, off_t(offset) + off_t(written))
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .last("write", name) }
            written += count
        }
    }

    /// The position of the next read; `nil` if the file has none, as a pipe.
    ///
    /// The corresponding C function is `lseek`.
    public var offset: UInt64? {
        let place = lseek(number, 0, SEEK_CUR)
        return place < 0 ? nil : UInt64(place)
    }

    /// Waits until the content and the attributes are on the disk.
    ///
    /// The corresponding C function is `fsync`.
    public func flush() throws(SystemError) {
        guard fsync(number) == 0 else { throw .last("flush", name) }
    }

    /// Waits until the content, and the data needed to read it, are on the disk.
    ///
    /// The corresponding C function is `fdatasync`.
    func flushData() throws(SystemError) {
        guard fdatasync(number) == 0 else { throw .last("flush", name) }
    }

    /// Sets the position to the beginning.
    ///
    /// The corresponding C function is `lseek`.
    public func rewind() throws(SystemError) {
        guard lseek(number, 0, SEEK_SET) == 0 else { throw .last("go back in", name) }
    }

    /// Removes the content, and goes back to its beginning.
    ///
    /// The corresponding C functions are `ftruncate` and `lseek`.
    public func truncate() throws(SystemError) {
        guard ftruncate(number, 0) == 0 else { throw .last("write", name) }
        try rewind()
    }

    /// Sets the position to `offset`.
    ///
    /// The corresponding C function is `lseek`.
    public func go(to offset: UInt64) throws(SystemError) {
        guard lseek(number, off_t(offset), SEEK_SET) >= 0 else { throw .last("go on in", name) }
    }

    /// Has the kernel begin to write changes from `offset` on, so that a later flush waits less.
    ///
    /// The corresponding C function is `sync_file_range`.
    public func beginWriting(_ length: UInt64, at offset: UInt64) {
        imgbased_begin_writing(number, offset, length)
    }

    /// Drops the kernel's cache of this block device, so that reads return the content of the disk.
    ///
    /// The corresponding C function is `ioctl` with `BLKFLSBUF`.
    public func dropCache() throws(SystemError) {
        guard imgbased_drop_device_cache(number) == 0 else { throw .last("flush", name) }
    }

    /// Tells the kernel that the file is read from beginning to end.
    ///
    /// The corresponding C function is `posix_fadvise`.
    public func readsAhead() {
        posix_fadvise(number, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    /// Has the kernel read `length` bytes from `offset` on ahead.
    ///
    /// The corresponding C function is `posix_fadvise`.
    public func willRead(_ length: UInt64, at offset: UInt64) {
        posix_fadvise(number, off_t(offset), off_t(length), POSIX_FADV_WILLNEED)
    }

    /// The path by which other programs reach the file while this program has it open.
    public var processPath: String { "/proc/\(getpid())/fd/\(number)" }

    /// Waits until everything written to the file system of this file is on the disk.
    ///
    /// The corresponding C function is `syncfs`.
    public func flushFileSystem() throws(SystemError) {
        guard imgbased_sync_file_system(number) == 0 else { throw .last("flush the file system of", name) }
    }
}
