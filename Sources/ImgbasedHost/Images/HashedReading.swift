import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Reads to the end. A second thread hashes each piece while this one uses it.
enum HashedReading {
    /// The bytes of one read, and the number of such pieces.
    static let pieceSize = 1 << 20
    private static let pieces = 8

    /// A buffer filled up to `count`. One thread alone changes it, while no other reads it.
    private struct Piece: @unchecked Sendable {
        var buffer: UnsafeMutableRawBufferPointer
        var count = 0
    }

    /// The result of the other thread, valid after the join.
    private final class Result: @unchecked Sendable {
        var digest = ""
    }

    /// Calls `read` until it does not fill its buffer, and `body` with each piece and its offset.
    ///
    /// - Returns: the SHA-256 and the length of everything read.
    static func run(
        read: (UnsafeMutableRawBufferPointer) throws(HostFailure) -> Int,
        body: (UnsafeRawBufferPointer, UInt64) throws(HostFailure) -> Void
    ) throws(HostFailure) -> ImageFacts {
        let free = HostQueue<Piece>()
        let filled = HostQueue<Piece>()
        let buffers = (0..<pieces).map { _ in
            UnsafeMutableRawBufferPointer.allocate(byteCount: pieceSize, alignment: 4096)
        }
        defer { buffers.forEach { $0.deallocate() } }
        buffers.forEach { free.send(Piece(buffer: $0)) }
        let result = Result()
        let thread = try calling(
            HostThread {
                var digest = Digest()
                while let piece = filled.receive() {
                    digest.update(UnsafeRawBufferPointer(rebasing: piece.buffer[..<piece.count]))
                    free.send(piece)
                }
                result.digest = digest.hexadecimal()
            })
        defer {
            filled.close()
            thread.join()
        }
        var length: UInt64 = 0
        while var piece = free.receive() {
            piece.count = try read(piece.buffer)
            filled.send(piece)
            try body(UnsafeRawBufferPointer(rebasing: piece.buffer[..<piece.count]), length)
            length += UInt64(piece.count)
            if piece.count < piece.buffer.count { break }
        }
        filled.close()
        thread.join()
        return ImageFacts(digest: result.digest, length: length)
    }

    /// The digest of the first `length` bytes of the device at `path`, as they are on the disk.
    ///
    /// A `length` of `nil` means the whole device. `mayBeUsed` allows a mounted device.
    static func device(
        _ path: String, length: UInt64?, mayBeUsed: Bool, _ report: (_ done: UInt64, _ total: UInt64) -> Void
    ) throws(HostFailure) -> ImageFacts {
        let file = try calling { () throws(SystemError) in
            let file = try mayBeUsed ? OpenFile(opening: path, O_RDONLY) : HostMount.openUnmounted(path)
            if try file.status().kind == .blockDevice { try file.dropCache() }
            file.readsAhead()
            return file
        }
        let size = try calling { () throws(SystemError) in
            let status = try file.status()
            return status.kind == .blockDevice ? try HostSystem.size(file).count : status.size
        }
        let total = length ?? size
        var left = total
        return try run { buffer throws(HostFailure) in
            let wanted = UnsafeMutableRawBufferPointer(
                rebasing: buffer[..<Int(min(UInt64(buffer.count), left))])
            let count = try calling(file.read(into: wanted))
            left -= UInt64(count)
            return count
        } body: { piece, offset throws(HostFailure) in
            report(offset + UInt64(piece.count), total)
        }
    }
}
