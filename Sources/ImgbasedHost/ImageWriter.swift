import Glibc
public import ImgbasedCore
import ImgbasedLinux

/// Copies an image to a volume, and takes its digest on the way.
public struct ImageWriter {
    /// Whether blocks of zeros are left out; right only where what is not written reads as zeros.
    public var isSparse: Bool

    /// How much is read at once.
    private static let pieceSize = 1 << 20
    /// How much is looked at for being zero: the smallest chunk of a thin pool.
    private static let blockSize = 64 << 10

    /// A writer.
    public init(isSparse: Bool) {
        self.isSparse = isSparse
    }

    /// Writes `source` to the start of the file or device at `path`, waits until it is there, and returns what
    /// was found.
    ///
    /// - Throws: ``HostFailure/image(_:reason:)`` where the image is longer than the device, shorter than its file
    ///   system, or not as long as its file was.
    public func write(_ source: ImageSource, to path: String) throws(HostFailure) -> ImageFacts {
        do throws(SystemError) {
            // Exclusive: the kernel refuses where anybody has mounted the device.
            let target = try HostDescriptor(opening: path, O_RDWR | O_EXCL)
            let capacity: UInt64? =
                try target.status().kind == .blockDevice ? HostSystem.size(target).count : nil
            let (digest, length) = try copy(source, to: target, capacity: capacity)
            try check(source, length)
            try target.flush()
            return ImageFacts(digest: digest, length: length)
        } catch {
            throw error.operation == ImageWriter.complaint
                ? .image(source.description.path, reason: error.reason) : .system(error)
        }
    }

    /// Marks errors that are the image's fault.
    private static let complaint = "accept"

    private func copy(
        _ source: ImageSource, to target: borrowing HostDescriptor, capacity: UInt64?
    ) throws(SystemError) -> (digest: String, length: UInt64) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ImageWriter.pieceSize, alignment: 4096)
        defer { buffer.deallocate() }
        let zeros = [UInt8](repeating: 0, count: ImageWriter.blockSize)
        var digest = Digest()
        var length: UInt64 = 0
        while true {
            let count = try source.read(into: buffer)
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if let capacity, length + UInt64(count) > capacity {
                throw SystemError(
                    ImageWriter.complaint, target.name,
                    reason: "it is longer than the volume's \(capacity) bytes; give a larger --size")
            }
            digest.update(piece)
            try write(piece, at: length, to: target, zeros: zeros)
            length += UInt64(count)
            if count < buffer.count { break }
        }
        return (digest.hexadecimal(), length)
    }

    /// Writes the runs of blocks of `piece` that are not zero.
    private func write(
        _ piece: UnsafeRawBufferPointer, at offset: UInt64, to target: borrowing HostDescriptor,
        zeros: [UInt8]
    ) throws(SystemError) {
        guard isSparse else { return try target.write(piece, at: offset) }
        var start = 0
        var run = 0
        func isZero(_ block: UnsafeRawBufferPointer) -> Bool {
            guard let base = block.baseAddress else { return true }
            return memcmp(base, zeros, block.count) == 0
        }
        while run < piece.count {
            let end = min(run + ImageWriter.blockSize, piece.count)
            if isZero(UnsafeRawBufferPointer(rebasing: piece[run..<end])) {
                if start < run {
                    try target.write(
                        UnsafeRawBufferPointer(rebasing: piece[start..<run]), at: offset + UInt64(start))
                }
                start = end
            }
            run = end
        }
        if start < piece.count {
            try target.write(UnsafeRawBufferPointer(rebasing: piece[start...]), at: offset + UInt64(start))
        }
    }

    private func check(_ source: ImageSource, _ length: UInt64) throws(SystemError) {
        let image = source.description
        if let size = image.signature?.size.count, length < size {
            throw SystemError(
                ImageWriter.complaint, image.path,
                reason: "it ends after \(length) bytes, its file system has \(size); get it again")
        }
        if let expected = image.length?.count, expected != length {
            throw SystemError(
                ImageWriter.complaint, image.path,
                reason: "\(length) bytes were read where there were \(expected); it changed meanwhile")
        }
    }
}
