import CLinux

/// An open file, closed when this value goes out of use.
public struct OpenFile: ~Copyable {
    /// The file descriptor.
    public let number: CInt
    /// The path or word that messages show for the file.
    public let name: String

    /// Takes over the open file `number`.
    public init(owning number: CInt, name: String) {
        self.number = number
        self.name = name
    }

    /// Opens `path` of the running system; a new file gets `permissions`.
    ///
    /// The corresponding C function is `open`.
    public init(opening path: String, _ flags: CInt, permissions: UInt32 = 0) throws(SystemError) {
        let number = imgbased_open(path, flags | O_CLOEXEC, permissions)
        guard number >= 0 else { throw .last("open", path) }
        self.init(owning: number, name: path)
    }

    deinit {
        close(number)
    }

    /// Fills `buffer` from `offset`, or from the current position.
    ///
    /// Returns the number of bytes, less than the size of `buffer` only at the end.
    ///
    /// The corresponding C functions are `pread` and `read`.
    public func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: Int? = nil
    ) throws(SystemError) -> Int {
        var filled = 0
        while filled < buffer.count, let base = buffer.baseAddress {
            let rest = buffer.count - filled
            let count =
                if let offset {
                    pread(number, base + filled, rest, offset + filled)
                } else {
                    CLinux.read(number, base + filled, rest)
                }
            if count < 0, imgbased_errno() == EINTR { continue }
            guard count >= 0 else { throw .last("read", name) }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// Reads up to `count` bytes from `offset`, or from the current position; fewer only at the end.
    public func read(upTo count: Int, at offset: Int? = nil) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(SystemError) {
                filled = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                filled = 0
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Writes all of `bytes` at the current position.
    ///
    /// The corresponding C function is `write`.
    public func write(_ bytes: some Collection<UInt8>) throws(SystemError) {
        let done = bytes.withContiguousStorageIfAvailable { buffer in
            var written = 0
            while written < buffer.count, let base = buffer.baseAddress {
                let count = CLinux.write(number, base + written, buffer.count - written)
                if count < 0, imgbased_errno() == EINTR { continue }
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
}
