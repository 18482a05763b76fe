import ImgbasedCore

/// Looks for our helper in an initramfs that is read piece by piece: cpio archives in a row, with zeros
/// between, usually followed by a compressed one (linux:
/// Documentation/driver-api/early-userspace/buffer-format.rst, init/initramfs.c).
public struct InitramfsReader: Sendable {
    /// The result of a search.
    public enum Finding: Hashable, Sendable {
        /// The archive has the helper.
        case helper
        /// Compressed data starts at this offset; the format is `nil` if unknown.
        case compressed(at: UInt64, InitramfsCompression?)
        /// The data from this offset on is no valid archive.
        case damaged(at: UInt64)
    }

    /// Where dracut's module puts the helper (dracut/50imgbased/module-setup.sh.in).
    private static let path = "usr/bin/imgbase-initrd"
    private static let headerLength = 110
    /// The longest path in bytes (linux: PATH_MAX).
    private static let longestName = 4096

    private enum Expected {
        /// The next archive or file, with the part of its header read so far.
        case header([UInt8])
        /// The name of a file: the part read so far, its length without and with padding, and the data that
        /// follows.
        case name([UInt8], length: Int, padded: Int, isFile: Bool, size: UInt64)
        /// The remaining bytes of a file.
        case data(UInt64)
    }

    private var expected = Expected.header([])
    private var offset: UInt64 = 0

    /// A reader at the beginning of an initramfs.
    public init() {}

    /// Reads the next bytes and returns a finding; `nil` if more bytes are needed.
    public mutating func read(_ bytes: some Collection<UInt8>) -> Finding? {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            switch expected {
            case .data(let count):
                let skipped = Int(min(count, UInt64(rest.count)))
                drop(skipped, &rest)
                expected = count > UInt64(skipped) ? .data(count - UInt64(skipped)) : .header([])
            case .name(var name, let length, let padded, let isFile, let size):
                let taken = min(padded - name.count, rest.count)
                name += rest.prefix(taken)
                drop(taken, &rest)
                if name.count < padded {
                    expected = .name(name, length: length, padded: padded, isFile: isFile, size: size)
                    continue
                }
                if isFile, InitramfsReader.isHelper(name.prefix(length)) { return .helper }
                expected = size > 0 ? .data(size) : .header([])
            case .header(var header):
                if header.isEmpty {
                    // Zeros pad archives, and files to four bytes.
                    drop(rest.prefix { $0 == 0 }.count, &rest)
                    if rest.isEmpty { continue }
                }
                let taken = min(InitramfsReader.headerLength - header.count, rest.count)
                header += rest.prefix(taken)
                drop(taken, &rest)
                expected = .header(header)
                if let finding = check(header) { return finding }
            }
        }
        return nil
    }

    private mutating func drop(_ count: Int, _ rest: inout ArraySlice<UInt8>) {
        rest = rest.dropFirst(count)
        offset += UInt64(count)
    }

    /// Decides from a partial or whole header what follows, or waits for more.
    private mutating func check(_ header: [UInt8]) -> Finding? {
        let start = offset - UInt64(header.count)
        let isArchive = ["070701", "070702"].contains { magic in
            zip(magic.utf8, header).allSatisfy { $0 == $1 }
        }
        guard isArchive else {
            let known = InitramfsCompression.allCases.first { $0.begins(header) }
            // The longest magic number has six bytes.
            return known == nil && header.count < 6 ? nil : .compressed(at: start, known)
        }
        guard header.count == InitramfsReader.headerLength else { return nil }
        let fields = stride(from: 6, to: InitramfsReader.headerLength, by: 8).map { place in
            UInt64(String(decoding: header[place..<(place + 8)], as: UTF8.self), radix: 16)
        }
        // The fields: ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor,
        // namesize, check.
        guard let mode = fields[1], let size = fields[6], let length = fields[11],
            (1...UInt64(InitramfsReader.longestName)).contains(length)
        else { return .damaged(at: start) }
        let padded =
            Int((UInt64(InitramfsReader.headerLength) + length + 3) / 4 * 4) - InitramfsReader.headerLength
        expected = .name(
            [], length: Int(length) - 1, padded: padded, isFile: mode & 0o170000 == 0o100000,
            size: (size + 3) / 4 * 4)
        return nil
    }

    private static func isHelper(_ name: ArraySlice<UInt8>) -> Bool {
        let name = String(decoding: name, as: UTF8.self)
        return [path, "./" + path, "/" + path].contains(name)
    }
}

/// The compression of an initramfs (linux: lib/decompress.c).
public enum InitramfsCompression: String, Hashable, Sendable, CaseIterable {
    case gzip, bzip2, lzma, xz, lzo, lz4, zstd

    /// Whether data of this format begins with `bytes`.
    func begins(_ bytes: [UInt8]) -> Bool {
        let marks: [[UInt8]] =
            switch self {
            case .gzip: [[0x1F, 0x8B], [0x1F, 0x9E]]
            case .bzip2: [Array("BZh".utf8)]
            case .lzma: [[0x5D, 0, 0]]
            case .xz: [[0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]]
            case .lzo: [[0x89, 0x4C, 0x5A, 0x4F]]
            case .lz4: [[0x02, 0x21, 0x4C, 0x18]]
            case .zstd: [[0x28, 0xB5, 0x2F, 0xFD]]
            }
        return marks.contains { bytes.starts(with: $0) }
    }

    /// The command that decompresses standard input to standard output.
    public var decompression: Command {
        switch self {
        case .gzip: Command(.gzip, ["-dc"])
        case .bzip2: Command(.bzip2, ["-dc"])
        case .lzma: Command(.xz, ["--format=lzma", "-dc"])
        case .xz: Command(.xz, ["-dc"])
        case .lzo: Command(.lzop, ["-dc"])
        case .lz4: Command(.lz4, ["-dc"])
        case .zstd: Command(.zstd, ["-dc", "--long=31"])
        }
    }
}

/// Whether an initramfs has our helper.
public enum HelperPresence: Hashable, Sendable {
    /// The initramfs has the helper.
    case present
    /// The initramfs lacks the helper: it can boot no layer.
    case absent
    /// The initramfs cannot be read, for this reason.
    case unknown(String)
}
