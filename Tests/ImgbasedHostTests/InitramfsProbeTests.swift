import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

/// Initramfs made and compressed by their usual tools.
@Suite struct InitramfsProbeTests {
    private static let tools = [
        "cat", "gzip", "bzip2", "xz --check=crc32", "xz --format=lzma", "zstd -q", "zstd -q --long=31",
        "lz4 -q -l",
    ]

    private static func presence(_ scratch: Scratch, _ name: String = "initrd") throws -> HelperPresence {
        InitramfsProbe.helper(in: try ConfinedTree(scratch.path), "/" + name)
    }

    private static func make(_ scratch: Scratch, _ tool: String, _ files: String...) throws {
        for file in files { try scratch.write("root/" + file, [UInt8](repeating: 65, count: 100_000)) }
        try scratch.write("early/kernel/x86/microcode", [UInt8](repeating: 48, count: 5_003))
        try scratch.shell(
            """
            set -o pipefail
            (cd early; find . | cpio --quiet -o -H newc) >initrd
            (cd root; find . | sort | cpio --quiet -o -H newc | \(tool)) >>initrd
            """)
    }

    @Test(arguments: tools) func itIsFoundHoweverItIsCompressed(tool: String) throws {
        let scratch = try Scratch()
        try Self.make(scratch, tool, "etc/x", "usr/bin/a")
        #expect(try Self.presence(scratch) == .absent)
        try Self.make(scratch, tool, "usr/bin/imgbase-initrd", "usr/bin/z")
        #expect(try Self.presence(scratch) == .present)
    }

    /// An unreadable initramfs gives no answer.
    @Test func whatCannotBeLookedIntoIsNotKnown() throws {
        let scratch = try Scratch()
        func reason(_ name: String = "initrd") throws -> String? {
            if case .unknown(let reason) = try Self.presence(scratch, name) { reason } else { nil }
        }
        try scratch.write("initrd", [UInt8](repeating: 7, count: 100))
        #expect(try reason() == "its compression is not known")
        try Self.make(scratch, "zstd -q", "etc/x")
        try scratch.shell("truncate -s -9 initrd")
        #expect(try reason()?.contains("did not unpack it") == true)
        #expect(try reason("none")?.contains("is not there") == true)
        // Another kind of compressed content.
        try scratch.shell("echo hello there | gzip >initrd")
        #expect(try reason() == "its compressed part is no cpio archive")
        // Unpacking takes longer than the limit: 2 GiB of padding.
        try scratch.shell("truncate -s 2G padding && zstd -q -f padding -o initrd && rm padding")
        #expect(
            InitramfsProbe.helper(in: try ConfinedTree(scratch.path), "/initrd", within: 0)
                == .unknown("unpacking it took too long"))
    }

    /// Reading it would take minutes before the lack of room is known.
    @Test func aFileWithHolesIsNotRead() throws {
        let scratch = try Scratch()
        try scratch.write("layer/boot/initrd.img-6.1", [1])
        try scratch.shell("truncate -s 200G layer/boot/vmlinuz-6.1")
        let error = #expect(throws: HostFailure.self) {
            try LayerProbe.contents(of: try ConfinedTree(scratch("layer")), type: .ext4, named: "Base-0.1")
        }
        #expect(
            error?.description.hasPrefix(
                "'/boot/vmlinuz-6.1' of 'Base-0.1' has \(Bytes(200 << 30).formatted), and") == true,
            "\(error.map { "\($0)" } ?? "")")
    }
}
