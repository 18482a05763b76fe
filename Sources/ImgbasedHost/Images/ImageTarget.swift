import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// A thin volume an image is written to: blocks of zeros are left out, and what it takes of its pool is counted,
/// since a pool that runs full stops every volume in it.
struct ImageTarget: ~Copyable {
    private let file: OpenFile
    private let allowance: ImageAllowance
    private let zeros: [UInt8]
    private var taken: UInt64 = 0
    private var lastChunk: UInt64?
    /// Up to where the kernel was asked to begin writing to the disk.
    private var begun: UInt64 = 0

    /// How many bytes it has; `nil` for a file, which grows.
    let capacity: UInt64?

    /// How much is looked at for being zero: the smallest chunk a thin pool has.
    private static let blockSize = 64 << 10

    /// After how much the kernel is asked to begin: so that there is little left to wait for at the end.
    private static let batchSize: UInt64 = 16 << 20

    /// Opens the volume at `path`. The kernel refuses where anybody has mounted it.
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

    /// Writes what of `piece` is not zero at `offset`.
    ///
    /// - Returns: `false` where that would take more than is allowed; then it is not written.
    mutating func write(_ piece: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) -> Bool {
        guard allowance.isSparse else { return try append(piece, at: offset) }
        // From `start` to `end` is what has to be written and is not yet.
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

    /// The same, where what fails is the host's fault.
    mutating func put(_ piece: UnsafeRawBufferPointer, at offset: UInt64) throws(HostFailure) -> Bool {
        do throws(SystemError) {
            return try write(piece, at: offset)
        } catch {
            throw .system(error)
        }
    }

    /// Whether the log of the XFS file system that was written says that it was unmounted.
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

    /// Waits until all of it is on the disk.
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
