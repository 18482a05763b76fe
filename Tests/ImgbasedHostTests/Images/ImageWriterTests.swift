import Foundation
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import Testing

@Suite struct ImageWriterTests {
    private static let piece = 64 << 10

    /// The head of an ext4 file system of `size` bytes, then blocks of data and of zeros.
    private static func image(size: Int, data blocks: Set<Int>) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: size)
        for block in blocks {
            for index in (block * piece)..<min((block + 1) * piece, size) {
                bytes[index] = UInt8(truncatingIfNeeded: index / 7 + 1)
            }
        }
        bytes[1080] = 0x53
        bytes[1081] = 0xEF
        bytes[1048] = 0
        let count = size / 1024
        for (place, value) in zip(1028..<1032, [count & 255, count >> 8 & 255, count >> 16 & 255, 0]) {
            bytes[place] = UInt8(value)
        }
        // No 64-bit feature, which would count more blocks, and no checksum.
        for index in 1024 + 0x60..<(1024 + 0x68) { bytes[index] = 0 }
        for index in 1049..<1052 { bytes[index] = 0 }
        return bytes
    }

    @Test(
        arguments: [
            (3 << 20, [0, 5, 6, 7, 33], true), (3 << 20, [0, 5, 6, 7, 33], false), (1 << 20, [15], true),
            ((2 << 20) + 5 * 1024, [0, 32], true), (128 << 10, [1], true),
        ] as [(Int, Set<Int>, Bool)])
    func writesWhatIsNotZero(size: Int, data: Set<Int>, isSparse: Bool) throws {
        let scratch = try Scratch()
        let bytes = ImageWriterTests.image(size: size, data: data)
        let image = try scratch.write("image", bytes)
        let target = scratch("target")
        try Helper.run("/usr/bin/truncate", "-s", "\(size + 4096)", target)
        let source = try ImageSource(image)
        #expect(source.description.length == Bytes(UInt64(size)))
        #expect(source.description.signature?.type == .ext4)
        let facts = try ImageWriter(ImageWriterTests.allowance(isSparse: isSparse)).write(source, to: target)
        #expect(facts.length == String(size))
        #expect(try Helper.run("/usr/bin/sha256sum", image).hasPrefix(facts.digest + " "))
        let written = try #require(scratch.read("target"))
        #expect(written.prefix(size).elementsEqual(bytes))
        #expect(written.dropFirst(size).allSatisfy { $0 == 0 })
        if isSparse {
            let stored = try #require(Int(try Helper.run("/usr/bin/stat", "-c", "%b", target))) * 512
            #expect(stored <= (data.count + 1) * ImageWriterTests.piece + 4096)
        }
    }

    private static func allowance(isSparse: Bool = true, room: UInt64? = nil) -> ImageAllowance {
        ImageAllowance(room: room.map { Bytes($0) }, chunkSize: Bytes(128 << 10), isSparse: isSparse)
    }

    // Blocks of 64 KiB, 0, 5, 6, 7 and 33: chunks of 128 KiB, 0, 2, 3 and 16.
    @Test(arguments: [(4, true), (3, false), (0, false)] as [(UInt64, Bool)])
    func takesNoMoreOfThePoolThanItMay(chunks: UInt64, isEnough: Bool) throws {
        let scratch = try Scratch()
        let image = try scratch.write("image", ImageWriterTests.image(size: 3 << 20, data: [0, 5, 6, 7, 33]))
        let target = try scratch.write("target", [])
        let writer = ImageWriter(ImageWriterTests.allowance(room: chunks * (128 << 10)))
        if isEnough {
            _ = try writer.write(try ImageSource(image), to: target)
        } else {
            let error = #expect(throws: HostFailure.self) {
                try writer.write(try ImageSource(image), to: target)
            }
            #expect(error?.description.contains("needs more than the pool has free") == true)
        }
    }

    @Test func readsAPipe() throws {
        let scratch = try Scratch()
        let bytes = ImageWriterTests.image(size: 2 << 20, data: [0, 3])
        let image = try scratch.write("image", bytes)
        let fifo = scratch("fifo")
        try Helper.run("/usr/bin/mkfifo", fifo)
        // dd goes on after the shell has ended.
        try Helper.run(
            "/bin/sh", "-c", "dd if=\"$1\" of=\"$2\" bs=1000 status=none >/dev/null 2>&1 &", "sh", image, fifo
        )
        let source = try ImageSource(fifo)
        #expect(source.description.length == nil)
        #expect(source.description.signature != nil)
        try Helper.run("/usr/bin/truncate", "-s", "2M", scratch("target"))
        _ = try ImageWriter(ImageWriterTests.allowance()).write(source, to: scratch("target"))
        #expect(scratch.read("target") == bytes)
    }

    @Test func noticesAnImageThatIsCutShort() throws {
        let scratch = try Scratch()
        let bytes = ImageWriterTests.image(size: 2 << 20, data: [0])
        let image = try scratch.write("image", bytes.dropLast(4096))
        let target = try scratch.write("target", [])
        let error = #expect(throws: HostFailure.self) {
            try ImageWriter(ImageWriterTests.allowance()).write(try ImageSource(image), to: target)
        }
        #expect(
            error?.description.contains("ends after 2093056 bytes, and its file system has 2097152") == true)
    }

    @Test(arguments: [
        ("/does/not/exist", "No such file"), ("/", "is a directory"),
    ])
    func saysWhyAnImageCannotBeRead(path: String, reason: String) {
        let error = #expect(throws: HostFailure.self) { try ImageSource(path) }
        #expect(error?.description.contains(reason) == true)
    }

    @Test(arguments: [[], [1, 2, 3], Array(repeating: 0, count: 1 << 20)] as [[UInt8]])
    func knowsNoFileSystemInNothing(bytes: [UInt8]) throws {
        let scratch = try Scratch()
        #expect(try ImageSource(scratch.write("image", bytes)).description.signature == nil)
    }
}
