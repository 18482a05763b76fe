import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A thin volume to which an image is written, without its blocks of zeros.
///
/// The space taken of the pool is counted: a full pool stops all its volumes.
struct ImageTarget: ~Copyable {
    private let file: OpenFile
    private let allowance: ImageAllowance
    private let zeros: [UInt8]
    private var taken: UInt64 = 0
    private var lastChunk: UInt64?
    /// The offset up to which the kernel was asked to start writing to the disk.
    private var begun: UInt64 = 0

    /// The size in bytes; `nil` for a file, which grows.
    let capacity: UInt64?

    /// The unit checked for zeros: the smallest chunk of a thin pool.
    private static let blockSize = 64 << 10

    /// The kernel is asked to start after this many bytes, so that little is left for the final flush.
    private static let batchSize: UInt64 = 16 << 20

    /// Opens the volume at `path`. The kernel refuses a mounted one.
    init(_ path: String, _ allowance: ImageAllowance) throws(SystemError) {
        let file = try OpenFile(opening: path, O_RDWR | O_EXCL)
        let capacity = try file.status().kind == .blockDevice ? HostSystem.size(file).count : nil
        self.init(file: file, capacity: capacity, allowance: allowance)
    }

    private init(file: consuming OpenFile, capacity: UInt64?, allowance: ImageAllowance) {
        self.file = file
        self.capacity = capacity
        self.allowance = allowance
        zeros = [UInt8](repeating: 0, count: ImageTarget.blockSize)
    }

    /// Writes the parts of `piece` that are not zero at `offset`.
    ///
    /// - Returns: `false` if a part would take more than is allowed; it is not written.
    mutating func write(_ piece: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Bool {
        guard allowance.isSparse else { return try append(piece, at: offset) }
        // The bytes from `start` to `end` are to be written, and are not written yet.
        var start = 0
        var end = 0
        while end < piece.count {
            let next = min(end + ImageTarget.blockSize, piece.count)
            if isZero(UnsafeRawBufferPointer(rebasing: piece[end..<next])) {
                guard
                    try append(
                        UnsafeRawBufferPointer(rebasing: piece[start..<end]), at: offset + UInt64(start))
                else { return false }
                start = next
            }
            end = next
        }
        return try append(UnsafeRawBufferPointer(rebasing: piece[start...]), at: offset + UInt64(start))
    }

    /// The same as `write`, with errors as failures of the host.
    mutating func put(_ piece: UnsafeRawBufferPointer, at offset: UInt64) throws(HostFailure) -> Bool {
        do throws(SystemError) {
            return try write(piece, at: offset)
        } catch {
            throw .system(error)
        }
    }

    /// Whether the log of the written XFS file system says that it was unmounted.
    func isUnmounted(_ log: XFSLog) throws(SystemError) -> Bool {
        var log = log
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: HashedReading.pieceSize, alignment: 4096)
        defer { buffer.deallocate() }
        var offset: UInt64 = 0
        while offset < log.length.count {
            let wanted = Int(min(UInt64(buffer.count), log.length.count - offset))
            let count = try file.read(
                into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]),
                at: Int(log.start.count + offset))
            log.look(at: UnsafeRawBufferPointer(rebasing: buffer[..<count]), offset)
            if count < wanted { break }
            offset += UInt64(count)
        }
        guard let end = log.end else { return true }
        return log.isUnmounted(try file.read(upTo: XFSLog.blockSize, at: Int(log.start.count + end)))
    }

    /// Waits until everything written is on the disk.
    func flush() throws(SystemError) {
        try file.flush()
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError)
        -> Bool
    {
        if bytes.isEmpty { return true }
        if let room = allowance.room, allowance.chunkSize.count > 0 {
            let first = offset / allowance.chunkSize.count
            let last = (offset + UInt64(bytes.count) - 1) / allowance.chunkSize.count
            taken += (last - first + (first == lastChunk ? 0 : 1)) * allowance.chunkSize.count
            lastChunk = last
            guard taken <= room.count else { return false }
        }
        try file.write(bytes, at: offset)
        let end = offset + UInt64(bytes.count)
        if end - begun >= ImageTarget.batchSize {
            file.beginWriting(end - begun, at: begun)
            begun = end
        }
        return true
    }

    private func isZero(_ block: UnsafeRawBufferPointer) -> Bool {
        guard let base = block.baseAddress else { return true }
        return memcmp(base, zeros, block.count) == 0
    }
}
