import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct XFSLogTests {
    /// The header of a record, which takes `blocks` blocks itself.
    private static func header(cycle: UInt8, block: UInt8, operations: UInt8, blocks: UInt8 = 1) -> [UInt8] {
        var header = [UInt8](repeating: 0, count: XFSLog.blockSize)
        header.replaceSubrange(0..<4, with: [0xFE, 0xED, 0xBA, 0xBE])
        header[11] = 2
        header[19] = cycle
        header[23] = block
        header[43] = operations
        // The size of the record, at 32 KiB for each header block.
        header[321] = blocks >> 1
        header[322] = blocks << 7
        return header
    }

    private static func operation(_ flags: UInt8) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: XFSLog.blockSize)
        block[9] = flags
        return block
    }

    /// Whether a log of these blocks, read one by one, tells that the file system was unmounted.
    private func isUnmounted(_ blocks: [[UInt8]]) -> Bool? {
        let size = UInt64(XFSLog.blockSize)
        var log = XFSLog(start: Bytes(0), length: Bytes(UInt64(blocks.count) * size))
        for (index, block) in blocks.enumerated() {
            block.withUnsafeBytes { log.look(at: $0, UInt64(index) * size) }
        }
        return log.end.map { log.isUnmounted(blocks[Int($0 / size)]) }
    }

    @Test func theNewestRecordCounts() {
        let unmounted = XFSLogTests.operation(0x20)
        let other = XFSLogTests.operation(0x01)
        let first = XFSLogTests.header(cycle: 1, block: 0, operations: 1)
        #expect(isUnmounted([first, unmounted]) == true)
        #expect(isUnmounted([first, other]) == false)
        #expect(isUnmounted([XFSLogTests.header(cycle: 1, block: 0, operations: 2), unmounted]) == false)
        let second = XFSLogTests.header(cycle: 1, block: 2, operations: 1)
        #expect(isUnmounted([first, unmounted, second, other]) == false)
        #expect(isUnmounted([first, other, second, unmounted]) == true)
        // The log wraps to its start, even in the middle of a record.
        let again = XFSLogTests.header(cycle: 2, block: 0, operations: 1)
        #expect(isUnmounted([again, other, second, unmounted]) == false)
        #expect(
            isUnmounted([unmounted, other, other, XFSLogTests.header(cycle: 1, block: 3, operations: 1)])
                == true)
        let long = XFSLogTests.header(cycle: 1, block: 0, operations: 1, blocks: 2)
        #expect(isUnmounted([long, other, unmounted]) == true)
        #expect(isUnmounted([other, other]) == nil)
    }

    @Test func noPieceIsTooShort() {
        var log = XFSLog(start: Bytes(0), length: Bytes(1))
        let header = XFSLogTests.header(cycle: 1, block: 0, operations: 1)
        for count in [0, 1, 511] { Array(header.prefix(count)).withUnsafeBytes { log.look(at: $0, 0) } }
        #expect(log.end == nil)
        header.withUnsafeBytes { log.look(at: $0, .max - 4096) }
        #expect(log.end == 0)
        #expect(!log.isUnmounted([]))
    }
}
