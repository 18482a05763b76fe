import ImgbasedCore
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux

/// An image that can be read out of order: a plain file as it was delivered, or a copy that nobody else has.
final class ImageSpool {
    private let file: OpenFile

    /// A plain file or device.
    init(_ file: consuming OpenFile) {
        self.file = file
    }

    /// A copy of `stream`, which has `length` bytes where that is known, and what was found of them.
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
        // What is written next is planned by what the pool has now.
        try ImageSpool.checkSpace(0, name)
        return (ImageSpool(file), facts)
    }

    /// Throws unless there is room for `size` more bytes, and what must stay free.
    static func checkSpace(_ size: UInt64, _ name: String) throws(HostFailure) {
        let meter = try calling(PoolMeter(beneath: HostTemporary.directory))
        // What has not been written out yet takes its room in the pool later.
        if !meter.isEmpty { try calling(HostTemporary.flush()) }
        let room = SpoolRoom(free: HostTemporary.free, pool: meter.room())
        guard let lack = room.lack(for: Bytes(size)) else { return }
        throw .image(name, reason: "it has to be unpacked in \(HostTemporary.directory), \(lack)")
    }

    /// How many bytes it has; `nil` of a device, which has more than what is on it.
    func length() throws(HostFailure) -> UInt64? {
        let status = try calling(file.status())
        return status.kind == .file ? status.size : nil
    }

    /// Whether a tar of `length` bytes ends with a block of zeros, as each does that is whole.
    func hasEndOfTar(_ length: UInt64) throws(HostFailure) -> Bool {
        let block = 512
        guard length >= block, length.isMultiple(of: UInt64(block)), let end = Int(exactly: length) else {
            return false
        }
        return try calling(file.read(upTo: block, at: end - block))
            .allSatisfy { $0 == 0 }
    }

    /// How far it is read.
    var offset: UInt64 { file.offset ?? 0 }

    /// The path by which tools reach it.
    var path: String { file.processPath }

    /// The open file, as the standard input of a tool; it is read from its beginning.
    func rewound() throws(HostFailure) -> Int32 {
        try calling(file.rewind())
        return file.number
    }
}
