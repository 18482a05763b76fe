import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct ImageHeadTests {
    /// 64 KiB of zeros with `parts` in them.
    private static func head(_ parts: [(Int, [UInt8])], count: Int = ImageHead.length) -> [UInt8] {
        var head = [UInt8](repeating: 0, count: count)
        for (offset, bytes) in parts { head.replaceSubrange(offset..<(offset + bytes.count), with: bytes) }
        return head
    }

    private static let squashfs: [(Int, [UInt8])] = [(0, Array("hsqs".utf8)), (28, [4, 0])]
    private static let ext4: [(Int, [UInt8])] = [(1080, [0x53, 0xEF]), (1028, [0, 0, 4, 0]), (1048, [2])]
    private static let partition: [(Int, [UInt8])] = [
        (446, [0x80, 0, 0, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 0, 1, 0]), (510, [0x55, 0xAA]),
    ]

    private static func tar(_ magic: String, damage: UInt8 = 0) -> [UInt8] {
        var head = head([(0, Array("etc/".utf8)), (257, Array(magic.utf8)), (148, Array("        ".utf8))])
        let sum = head[..<512].reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        head.replaceSubrange(
            148..<156, with: Array((String(repeating: "0", count: 6 - digits.count) + digits + "\u{0} ").utf8)
        )
        head[1] ^= damage
        return head
    }

    @Test(
        arguments: [
            (head([(0, [0x1F, 0x8B, 8])]), .compressed(.gzip)),
            (head([(0, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0])]), .compressed(.xz)),
            (head([(0, [0x28, 0xB5, 0x2F, 0xFD])]), .compressed(.zstd)),
            (head([(0, [0x50, 0x2A, 0x4D, 0x18])]), .compressed(.zstd)),
            (head(squashfs), .squashfs),
            (head([(0, Array("hsqs".utf8)), (28, [3, 0])]), .foreign("a squashfs of another version")),
            (tar("ustar\u{0}00"), .tar), (tar("ustar  \u{0}"), .tar),
            (tar("ustar\u{0}00", damage: 1), .unknown),
            (
                head([(512, Array("EFI PART".utf8))] + partition),
                .foreign("a disk with a GPT partition table")
            ),
            (head([(4096, Array("EFI PART".utf8))]), .foreign("a disk with a GPT partition table")),
            (head([(512, Array("EFI PART".utf8))] + ext4), .foreign("a disk with a GPT partition table")),
            (head(partition), .foreign("a disk with an MBR partition table")),
            (head([(510, [0x55, 0xAA])]), .unknown),
            (head([(32769, Array("CD001".utf8))] + partition), .foreign("an ISO 9660 image")),
            (head([(0, [0x51, 0x46, 0x49, 0xFB])]), .foreign("a qcow2 disk")),
            (head([(0, Array("LUKS".utf8))]), .foreign("encrypted (LUKS)")),
            (head([(512, Array("LABELONE".utf8))]), .foreign("a physical volume of LVM")),
            (head([(0, Array("BZh9".utf8))]), .foreign("compressed by bzip2")),
            (head([]), .unknown), ([], .unknown), ([0x1F, 0x8B], .unknown),
        ] as [([UInt8], ImageHead)])
    func knowsWhatItIs(head: [UInt8], expected: ImageHead) {
        #expect(ImageHead(head) == expected)
    }

    @Test func aFileSystemMayHaveABootSector() throws {
        // A boot loader before the file system: no table, whatever its last two bytes are.
        let head = ImageHeadTests.head(ImageHeadTests.ext4 + [(510, [0x55, 0xAA])])
        let signature = try #require(FileSystemSignature(head))
        #expect(ImageHead(head) == .fileSystem(signature))
        #expect(signature.size == Bytes(1 << 30))
    }

    @Test func noBeginningIsTooShort() {
        for head in [
            ImageHeadTests.tar("ustar\u{0}00"),
            ImageHeadTests.head(ImageHeadTests.ext4 + ImageHeadTests.partition),
        ] {
            for count in [
                0, 1, 2, 3, 5, 27, 29, 256, 262, 511, 512, 519, 1081, 1500, 2047, 2048, 4100, 32773,
            ] {
                _ = ImageHead(Array(head.prefix(count)))
            }
        }
        #expect(ImageHead(Array(ImageHeadTests.tar("ustar\u{0}00").prefix(511))) == .unknown)
        #expect(ImageHead(Array(ImageHeadTests.tar("ustar\u{0}00").prefix(512))) == .tar)
    }
}
