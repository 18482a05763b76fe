import Testing

@testable import ImgbasedCore

@Suite struct ModuleCompressionTests {
    /// Heads of files by gzip, xz, zstd and a linker.
    @Test(
        arguments: [
            ([0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00], .gzip), ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], .xz),
            ([0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x06], .zstd), ([0x7f, 0x45, 0x4c, 0x46, 0x02, 0x01], nil),
            ([], nil), ([0xfd, 0x37, 0x7a], nil),
        ] as [([UInt8], ModuleCompression?)])
    func isKnownByTheFirstBytes(bytes: [UInt8], compression: ModuleCompression?) {
        #expect(ModuleCompression(bytes) == compression)
    }

    @Test func isCalledAsTheKernelCallsIt() {
        #expect([ModuleCompression.gzip, .xz, .zstd].map(\.rawValue) == ["gzip", "xz", "zstd"])
    }
}
