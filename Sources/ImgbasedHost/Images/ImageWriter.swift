import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// Copies an image to a volume, and takes its digest on the way.
public struct ImageWriter {
    /// Whether zeros may be left out, and how much of the pool may be taken.
    public var allowance: ImageAllowance

    /// A writer limited by `allowance`.
    public init(_ allowance: ImageAllowance) {
        self.allowance = allowance
    }

    /// The same as ``write(_:to:)``, and the file system's own tools check the result.
    public func writeBase(_ source: ImageSource, to path: String) throws(HostFailure) -> ImageFacts {
        let facts = try write(source, to: path)
        if let type = source.description.signature?.type { try ImageProof(source).check(path, type) }
        return facts
    }

    /// Writes `source` to the start of the file or device at `path`, flushes it, and returns its facts.
    ///
    /// - Throws: ``HostFailure/image(_:reason:)`` if the image is longer than the device, needs more of the
    ///   pool than allowed, is shorter than its file system, has another length than its file, or is not what
    ///   its maker delivered.
    public func write(_ source: ImageSource, to path: String) throws(HostFailure) -> ImageFacts {
        guard case .stream(let stream) = source.body else {
            throw .image(source.description.path, reason: "it is not the image of a file system")
        }
        var target = try calling(ImageTarget(path, allowance))
        let facts = try copy(source, stream, to: &target)
        try check(source, facts)
        // A read-only mount of the base would miss changes that are only in the log.
        if let log = source.description.signature?.log {
            let isUnmounted = try calling(target.isUnmounted(log))
            if !isUnmounted { throw .contents(.pendingJournal(image: source.description.path)) }
        }
        source.reporter.report(.flush)
        try calling(target.flush())
        return facts
    }

    private func copy(
        _ source: ImageSource, _ stream: ImageStream, to target: inout ImageTarget
    ) throws(HostFailure) -> ImageFacts {
        let path = source.description.path
        let capacity = target.capacity
        return try HashedReading.run { buffer throws(HostFailure) in
            try stream.read(into: buffer)
        } body: { piece, offset throws(HostFailure) in
            if let capacity, offset + UInt64(piece.count) > capacity {
                throw .image(
                    path, reason: "it is longer than the volume's \(capacity) bytes; give a larger --size")
            }
            guard try target.put(piece, at: offset) else {
                throw .image(
                    path,
                    reason: "it needs more than the pool has free; remove a layer or base, or extend the pool"
                )
            }
            let position = stream.position
            source.reporter.report(.write, done: position.done, total: position.total)
        }
    }

    private func check(_ source: ImageSource, _ facts: ImageFacts) throws(HostFailure) {
        let image = source.description
        let length = UInt64(facts.length) ?? 0
        if let size = image.signature?.size.count, length < size {
            throw .image(
                image.path,
                reason: "it ends after \(length) bytes, and its file system has \(size); get it again"
            )
        }
        if let expected = image.length?.count, expected != length {
            throw .image(
                image.path,
                reason: "\(length) bytes were read instead of \(expected); it changed meanwhile")
        }
        try source.check(content: facts.digest)
    }
}
