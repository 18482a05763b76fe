import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Archives as cpio(1) writes them in the format newc.
@Suite struct InitramfsReaderTests {
    private static let helper = "usr/bin/imgbase-initrd"

    private static func file(_ name: String, mode: Int = 0o100755, _ data: [UInt8] = [1, 2, 3]) -> [UInt8] {
        let fields = [1, mode, 0, 0, 1, 0, data.count, 0, 0, 0, 0, name.utf8.count + 1, 0]
        let digits = fields.map {
            String(repeating: "0", count: 8 - String($0, radix: 16).count) + String($0, radix: 16)
        }
        var bytes = Array("070701".utf8) + digits.joined().utf8 + Array(name.utf8) + [0]
        bytes += [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4) + data
        return bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    private static func archive(_ files: [UInt8]...) -> [UInt8] {
        let bytes = files.flatMap { $0 } + file("TRAILER!!!", mode: 0, [])
        return bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
    }

    private static func read(_ bytes: [UInt8], by step: Int) -> InitramfsReader.Finding? {
        var reader = InitramfsReader()
        for start in stride(from: 0, to: bytes.count, by: step) {
            if let finding = reader.read(bytes[start..<min(start + step, bytes.count)]) { return finding }
        }
        return nil
    }

    private static let others = archive(
        file("early_cpio"), file("kernel", [UInt8](repeating: 0x30, count: 10_001)), file("empty", []))

    private static func expect(
        _ bytes: [UInt8], _ finding: InitramfsReader.Finding?,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for step in [1, 7, 4096, 1 << 20] {
            #expect(read(bytes, by: step) == finding, sourceLocation: sourceLocation)
        }
    }

    @Test func findsTheHelper() {
        Self.expect(Self.archive(Self.file(Self.helper)), .helper)
        Self.expect(Self.archive(Self.file("./" + Self.helper)), .helper)
        Self.expect(Self.archive(Self.file("a"), Self.file("/" + Self.helper, [])), .helper)
        Self.expect(Self.others + Self.archive(Self.file(Self.helper)), .helper)
        Self.expect(Self.others, nil)
        Self.expect([], nil)
        Self.expect([0, 0, 0], nil)
    }

    @Test func whatIsCalledSoAndIsNoProgramIsNone() {
        Self.expect(Self.archive(Self.file(Self.helper, mode: 0o040755, [])), nil)
        Self.expect(Self.archive(Self.file(Self.helper, mode: 0o120777)), nil)
        Self.expect(Self.archive(Self.file("x/" + Self.helper)), nil)
        Self.expect(Self.archive(Self.file(Self.helper + "x")), nil)
    }

    @Test func saysWhatIsCompressed() {
        let zstd: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 9]
        Self.expect(Self.others + zstd, .compressed(at: UInt64(Self.others.count), .zstd))
        Self.expect([0x1F, 0x8B, 8], .compressed(at: 0, .gzip))
        Self.expect([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], .compressed(at: 0, .xz))
        Self.expect([4, 5, 6, 7, 8, 9], .compressed(at: 0, nil))
        for digit in ["x", "f"] {
            let header = "070701" + String(repeating: digit, count: 104)
            Self.expect(Array(header.utf8), .damaged(at: 0))
        }
    }

    @Test func whatIsCutShortHasNone() {
        let bytes = Self.archive(Self.file(Self.helper))
        for count in stride(from: 0, to: 120, by: 1) {
            #expect(Self.read(Array(bytes[..<count]), by: 64) == nil)
        }
    }
}
