import Glibc
import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Reading from beginning to end, each piece being hashed on another thread while it is used on this one.
enum HashedReading {
    /// How much is read at once, and how many such pieces are in hand.
    static let pieceSize = 1 << 20
    private static let pieces = 8

    /// A buffer of which so much is filled. Only one thread changes it, and that when nobody reads it.
    private struct Piece: @unchecked Sendable {
        var buffer: UnsafeMutableRawBufferPointer
        var count = 0
    }

    /// What the other thread found, once it is joined.
    private final class Result: @unchecked Sendable {
        var digest = ""
    }

    /// Calls `read` until it fills its buffer only in part, and `body` with what was read and its offset.
    ///
    /// - Returns: the SHA-256 of all of it, and its length.
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

    /// The digest of the first `length` bytes of the device at `path`, as they are on the disk; all of it where that is
    /// `nil`. `mayBeUsed` says that somebody may have it mounted.
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
