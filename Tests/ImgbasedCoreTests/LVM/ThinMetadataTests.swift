import Testing

@testable import ImgbasedCore

@Suite struct ThinMetadataTests {
    @Test func areMissingWhereTheFirstBlockIsZeros() throws {
        var bytes = [UInt8](repeating: 0, count: 8192)
        bytes[4096] = 1
        #expect(try ThinMetadata.areMissing(in: ByteSource(bytes)))
        bytes[4095] = 1
        #expect(try !ThinMetadata.areMissing(in: ByteSource(bytes)))
    }

    @Test func aDeviceThatIsTooShortIsAnError() {
        #expect(throws: BlockReadError.self) {
            try ThinMetadata.areMissing(in: ByteSource([UInt8](repeating: 0, count: 4095)))
        }
    }
}
