public import ImgbasedCore
import ImgbasedLinux

/// Copies an image to a volume, and takes its digest on the way.
public struct ImageWriter {
    /// What it may leave out, and how much it may take.
    public var allowance: ImageAllowance

    /// How much is read at once.
    private static let pieceSize = 1 << 20

    /// A writer that keeps to `allowance`.
    public init(_ allowance: ImageAllowance) {
        self.allowance = allowance
    }

    /// Writes `source` to the start of the file or device at `path`, waits until it is there, and returns what
    /// was found.
    ///
    /// - Throws: ``HostFailure/image(_:reason:)`` where the image is longer than the device, needs more of the pool
    ///   than it may take, is shorter than its file system, or not as long as its file was.
    public func write(_ source: ImageSource, to path: String) throws(HostFailure) -> ImageFacts {
        do throws(SystemError) {
            var target = try ImageTarget(path, allowance)
            let facts = try copy(source, to: &target)
            try target.flush()
            return facts
        } catch {
            throw error.operation == ImageWriter.complaint
                ? .image(source.description.path, reason: error.reason) : .system(error)
        }
    }

    /// Marks errors that are the image's fault.
    private static let complaint = "accept"

    private func copy(_ source: ImageSource, to target: inout ImageTarget) throws(SystemError) -> ImageFacts {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: ImageWriter.pieceSize, alignment: 4096)
        defer { buffer.deallocate() }
        var digest = Digest()
        var length: UInt64 = 0
        while true {
            let count = try source.read(into: buffer)
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if let capacity = target.capacity, length + UInt64(count) > capacity {
                throw SystemError(
                    ImageWriter.complaint, source.description.path,
                    reason: "it is longer than the volume's \(capacity) bytes; give a larger --size")
            }
            digest.update(piece)
            guard try target.write(piece, at: length) else {
                throw SystemError(
                    ImageWriter.complaint, source.description.path,
                    reason: "it needs more than the pool has free; remove a layer or base, or extend the pool"
                )
            }
            length += UInt64(count)
            if count < buffer.count { break }
        }
        try check(source, length)
        return ImageFacts(digest: digest.hexadecimal(), length: length)
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
