import CLinux
import Glibc

/// An open file, closed when it goes out of use.
public struct HostDescriptor: ~Copyable {
    /// The number.
    public let number: CInt
    /// What it was opened as, for messages.
    public let name: String

    /// Takes over the open file `number`.
    public init(owning number: CInt, name: String) {
        self.number = number
        self.name = name
    }

    /// Opens `path` of the running system.
    ///
    /// The corresponding C function is `open`.
    public init(opening path: String, _ flags: CInt) throws(SystemError) {
        let number = open(path, flags | O_CLOEXEC)
        guard number >= 0 else { throw .last("open", path) }
        self.init(owning: number, name: path)
    }

    deinit {
        close(number)
    }

    /// Kind, size and device.
    ///
    /// The corresponding C function is `fstat`.
    public func status() throws(SystemError) -> HostFileStatus {
        var result = stat()
        guard fstat(number, &result) == 0 else { throw .last("look at", name) }
        return HostFileStatus(result)
    }

    /// Fills `buffer`, and returns how much of it: less than all only at the end.
    ///
    /// The corresponding C function is `read`.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count, let base = buffer.baseAddress {
            let count = Glibc.read(number, base + filled, buffer.count - filled)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .last("read", name) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Reads up to `count` bytes; fewer only at the end.
    public func read(upTo count: Int) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer))
            } catch {
                filled = 0
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Reads the whole rest, which must not be longer than `limit`.
    public func readAll(limit: Int) throws(SystemError) -> [UInt8] {
        let bytes = try read(upTo: limit + 1)
        guard bytes.count <= limit else {
            throw SystemError("read", name, reason: "it is longer than \(limit) bytes")
        }
        return bytes
    }

    /// Writes all of `bytes` at the current place.
    ///
    /// The corresponding C function is `write`.
    public func write(_ bytes: some Collection<UInt8>) throws(SystemError) {
        let done = bytes.withContiguousStorageIfAvailable { buffer in
            var written = 0
            while written < buffer.count, let base = buffer.baseAddress {
                let count = Glibc.write(number, base + written, buffer.count - written)
                if count < 0, errno == EINTR { continue }
                if count < 0 { return false }
                written += count
            }
            return true
        }
        switch done {
        case true?: return
        case false?: throw .last("write", name)
        case nil: try write(Array(bytes))
        }
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

    /// The place in the file that is read next; `nil` where it has none, as a pipe.
    ///
    /// The corresponding C function is `lseek`.
    public var offset: UInt64? {
        let place = lseek(number, 0, SEEK_CUR)
        return place < 0 ? nil : UInt64(place)
    }

    /// Waits until content and attributes are on the disk.
    ///
    /// The corresponding C function is `fsync`.
    public func flush() throws(SystemError) {
        guard fsync(number) == 0 else { throw .last("flush", name) }
    }

    /// Waits until everything written to the file system this is on is on the disk.
    ///
    /// The corresponding C function is `syncfs`.
    public func flushFileSystem() throws(SystemError) {
        guard imgbased_sync_file_system(number) == 0 else { throw .last("flush the file system of", name) }
    }
}
