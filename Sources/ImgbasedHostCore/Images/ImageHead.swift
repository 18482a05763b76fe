import ImgbasedCore

/// The compression of an image.
public enum ImageCompression: String, CaseIterable, Hashable, Sendable {
    case gzip, xz, zstd

    /// The tool that decompresses it.
    public var tool: Tool {
        switch self {
        case .gzip: .gzip
        case .xz: .xz
        case .zstd: .zstd
        }
    }

    /// The command that decompresses to its standard output.
    public var decompression: Command {
        // By default zstd accepts windows up to 128 MiB; it then needs as much memory as the window, at most
        // 2 GiB.
        Command(tool, ["--decompress", "--stdout"] + (self == .zstd ? ["--long=31"] : []))
    }
}

/// The kind of an image by its first bytes, never by its name.
public enum ImageHead: Hashable, Sendable {
    /// A raw file system, as on a disk.
    case fileSystem(FileSystemSignature)
    /// A squashfs with any content.
    case squashfs
    /// A tar archive with any content.
    case tar
    /// Any of these, compressed.
    case compressed(ImageCompression)
    /// A known kind that is no image of a root file system, with its name.
    case foreign(String)
    /// An unknown kind.
    case unknown

    /// The number of bytes to read from an image.
    public static let length = FileSystemSignature.length

    /// Examines `head`, the first ``length`` bytes, or all of a shorter image.
    ///
    /// Formats: squashfs: `struct squashfs_super_block`; tar: POSIX.1-1988 ustar, also used by pax and GNU
    /// tar; RFC 1952 (gzip), RFC 8878 (zstd), xz-file-format.txt; the others: util-linux, libblkid.
    public init(_ head: [UInt8]) {
        if let compression = ImageHead.compression(head) {
            self = .compressed(compression)
        } else if head.has("hsqs", at: 0), head.littleEndian(at: 28, as: UInt16.self) == 4 {
            self = .squashfs
        } else if ImageHead.isTar(head) {
            self = .tar
        } else if let table = ImageHead.globalTable(head) {
            // Before file systems: older data on the disk can show through between the parts of the table.
            self = .foreign(table)
        } else if let signature = FileSystemSignature(head) {
            self = .fileSystem(signature)
        } else if let name = ImageHead.foreign(head) {
            self = .foreign(name)
        } else {
            self = .unknown
        }
    }

    private static func compression(_ head: [UInt8]) -> ImageCompression? {
        if head.starts(with: [0x1F, 0x8B, 0x08]) { return .gzip }
        if head.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]) { return .xz }
        // A skippable frame can come first, as in pzstd output.
        if let magic = head.littleEndian(at: 0, as: UInt32.self),
            magic == 0xFD2F_B528 || (0x184D_2A50...0x184D_2A5F).contains(magic)
        {
            return .zstd
        }
        return nil
    }

    private static func isTar(_ head: [UInt8]) -> Bool {
        guard head.count >= 512, head.has("ustar", at: 257) else { return false }
        // Octal digits, padded by spaces or zeros; the sum counts the field itself as spaces.
        var stated = 0
        for byte in head[148..<156] where byte != 0x20 && byte != 0 {
            guard (0x30...0x37).contains(byte) else { return false }
            stated = stated << 3 | Int(byte - 0x30)
        }
        let sum = head[..<512].reduce(0) { $0 + Int($1) }
        return stated == sum - head[148..<156].reduce(0) { $0 + Int($1) } + 8 * 0x20
    }

    private static func globalTable(_ head: [UInt8]) -> String? {
        head.has("EFI PART", at: 512) || head.has("EFI PART", at: 4096)
            ? "a disk with a GPT partition table" : nil
    }

    /// Whether the first sector has an MBR partition table, not only a file system's boot code.
    private static func hasPartitions(_ head: [UInt8]) -> Bool {
        guard head.count >= 512, head[510] == 0x55, head[511] == 0xAA else { return false }
        var count = 0
        for start in stride(from: 446, to: 510, by: 16) {
            let type = head[start + 4]
            guard head[start] & 0x7F == 0 else { return false }
            guard let first = head.littleEndian(at: start + 8, as: UInt32.self),
                let length = head.littleEndian(at: start + 12, as: UInt32.self)
            else { return false }
            if type != 0, first > 0, length > 0 { count += 1 }
        }
        return count > 0
    }

    private static func foreign(_ head: [UInt8]) -> String? {
        // Before the table: an ISO image for disks has one as well.
        if head.has("CD001", at: 32769) { return "an ISO 9660 image" }
        if hasPartitions(head) { return "a disk with an MBR partition table" }
        let magics: [(text: StaticString, offset: Int, name: String)] = [
            ("LUKS", 0, "encrypted (LUKS)"), ("LABELONE", 512, "a physical volume of LVM"),
            ("KDMV", 0, "a VMDK disk"), ("vhdxfile", 0, "a VHDX disk"), ("conectix", 0, "a VHD disk"),
            ("BZh", 0, "compressed by bzip2"), ("PK\u{3}\u{4}", 0, "a zip archive"),
            ("070701", 0, "a cpio archive"), ("hsqs", 0, "a squashfs of another version"),
        ]
        if head.starts(with: [0x51, 0x46, 0x49, 0xFB]) { return "a qcow2 disk" }
        return magics.first { head.has($0.text, at: $0.offset) }?.name
    }
}
