import Glibc

/// A file accessed by position, in bytes. Reads beyond its end return zeros.
public final class RawFile: Sendable {
    /// The path of the file.
    public let path: String
    private let number: CInt

    /// Opens `path`.
    ///
    /// - Parameter size: if not `nil`, creates the file, writable, with this many zero bytes.
    public init(_ path: String, isWritable: Bool = false, makingSize size: Int? = nil) throws(MachineError) {
        self.path = path
        let mode = size != nil ? O_RDWR | O_CREAT | O_TRUNC : isWritable ? O_RDWR : O_RDONLY
        number = try check("open '\(path)'", open(path, mode | O_CLOEXEC, 0o644))
        if let size { try check("truncate '\(path)'", ftruncate(number, size)) }
    }

    deinit { close(number) }

    /// The length in bytes.
    public var size: Int {
        var status = stat()
        return fstat(number, &status) == 0 ? Int(status.st_size) : 0
    }

    /// The time of the last write, in nanoseconds.
    public var time: Int {
        var status = stat()
        guard fstat(number, &status) == 0 else { return 0 }
        return status.st_mtim.tv_sec * 1_000_000_000 + status.st_mtim.tv_nsec
    }

    /// Reads the bytes of `range`.
    public func read(_ range: Range<Int>) throws(MachineError) -> [UInt8] {
        let (start, wanted) = (range.lowerBound, range.count)
        var failure: CInt?
        let result = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, filled in
            while filled < wanted {
                let count = pread(
                    number, buffer.baseAddress?.advanced(by: filled), wanted - filled, start + filled)
                if count == 0 { break }
                filled += max(0, count)
                guard count > 0 || errno == EINTR else {
                    failure = errno
                    break
                }
            }
            if let rest = buffer.baseAddress?.advanced(by: filled) { memset(rest, 0, wanted - filled) }
            filled = wanted
        }
        if let failure { throw .system(call: "read '\(path)'", errno: failure) }
        return result
    }

    /// Writes `bytes` at `offset`.
    public func write(_ bytes: some Collection<UInt8>, at offset: Int) throws(MachineError) {
        var rest = Array(bytes)[...]
        var offset = offset
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { pwrite(number, $0.baseAddress, $0.count, offset) }
            if count > 0 {
                rest = rest.dropFirst(count)
                offset += count
            } else if errno != EINTR {
                throw .system(call: "write '\(path)'", errno: errno)
            }
        }
    }

    /// Reads `count` little-endian numbers of 64 bits at `offset`.
    func words(_ count: Int, at offset: Int) throws(MachineError) -> [UInt64] {
        let bytes = try read(offset..<offset + count * 8)
        return (0..<count).map { index in
            bytes[index * 8..<index * 8 + 8].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    /// Copies `range` without its holes to `offset` of `target`, where `target` must have zeros.
    public func copy(_ range: Range<Int>, to target: RawFile, at offset: Int) throws(MachineError) {
        var position = range.lowerBound
        while position < range.upperBound {
            // SEEK_DATA and SEEK_HOLE of lseek(2), which Swift's Glibc module lacks.
            let start = lseek(number, position, 3)
            guard start >= 0, start < range.upperBound else { return }
            let end = min(lseek(number, start, 4), range.upperBound, start + (1 << 22))
            try target.write(read(start..<end), at: offset + start - range.lowerBound)
            position = end
        }
    }

    /// The first position in `range` at which `other`, read from `offset`, differs; `nil` if none.
    public func difference(_ range: Range<Int>, from other: RawFile, at offset: Int) throws(MachineError)
        -> Int?
    {
        let shift = offset - range.lowerBound
        var position = range.lowerBound
        while position < range.upperBound {
            // Skip ranges that are holes in both files.
            let ours = lseek(number, position, 3)
            let theirs = lseek(other.number, position + shift, 3)
            let next = [ours, theirs < 0 ? -1 : theirs - shift].filter { $0 >= position }.min()
            guard let next, next < range.upperBound else { return nil }
            let end = min(next + (1 << 20), range.upperBound)
            let (one, two) = (try read(next..<end), try other.read(next + shift..<end + shift))
            let isEqual = one.withUnsafeBytes { one in
                two.withUnsafeBytes { two in
                    guard let first = one.baseAddress, let second = two.baseAddress else { return true }
                    return memcmp(first, second, one.count) == 0
                }
            }
            guard isEqual else {
                return next + (zip(one, two).enumerated().first { $1.0 != $1.1 }?.offset ?? 0)
            }
            position = end
        }
        return nil
    }
}
