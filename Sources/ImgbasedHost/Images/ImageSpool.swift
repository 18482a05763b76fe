import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// An image that can be read out of order: a plain file as delivered, or a private copy.
final class ImageSpool {
    private let file: OpenFile

    /// Uses a plain file or device without a copy.
    init(_ file: consuming OpenFile) {
        self.file = file
    }

    /// Copies `stream`, of `length` bytes if known, and returns the copy with its digest and length.
    static func copy(
        _ stream: ImageStream, length: UInt64?, name: String, _ reporter: ImageReporter
    ) throws(HostFailure) -> (ImageSpool, ImageFacts) {
        let file = try calling(HostTemporary.file())
        try ImageSpool.checkSpace(length ?? 0, name)
        var unchecked: UInt64 = 0
        let facts = try HashedReading.run { buffer throws(HostFailure) in
            try stream.read(into: buffer)
        } body: { piece, offset throws(HostFailure) in
            try calling(file.write(piece, at: offset))
            unchecked += UInt64(piece.count)
            if unchecked > SpoolRoom.reserve.count / 4 {
                try ImageSpool.checkSpace(0, name)
                unchecked = 0
            }
            let position = stream.position
            reporter.report(.unpack, done: position.done, total: position.total)
        }
        // The next write is planned by the present use of the pool.
        try ImageSpool.checkSpace(0, name)
        return (ImageSpool(file), facts)
    }

    /// Throws unless `size` more bytes fit, besides the space that must stay free.
    static func checkSpace(_ size: UInt64, _ name: String) throws(HostFailure) {
        let meter = try calling(PoolMeter(beneath: HostTemporary.directory))
        // Content not yet written out takes its room in the pool later.
        if !meter.isEmpty { try calling(HostTemporary.flush()) }
        let room = SpoolRoom(free: HostTemporary.free, pool: meter.room())
        guard let lack = room.lack(for: Bytes(size)) else { return }
        throw .image(name, reason: "it has to be unpacked in \(HostTemporary.directory), \(lack)")
    }

    /// The length in bytes; `nil` for a device, which is longer than its content.
    func length() throws(HostFailure) -> UInt64? {
        let status = try calling(file.status())
        return status.kind == .file ? status.size : nil
    }

    /// Whether a tar of `length` bytes ends with a block of zeros, as every whole tar does.
    func hasEndOfTar(_ length: UInt64) throws(HostFailure) -> Bool {
        let block = 512
        guard length >= block, length.isMultiple(of: UInt64(block)), let end = Int(exactly: length) else {
            return false
        }
        return try calling(file.read(upTo: block, at: end - block))
            .allSatisfy { $0 == 0 }
    }

    /// The reading position in bytes.
    var offset: UInt64 { file.offset ?? 0 }

    /// The path for tools.
    var path: String { file.processPath }

    /// The open file at its beginning, as the standard input of a tool.
    func rewound() throws(HostFailure) -> Int32 {
        try calling(file.rewind())
        return file.number
    }
}
