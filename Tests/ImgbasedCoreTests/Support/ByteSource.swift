@testable import ImgbasedCore

/// An array as a disk, with zeros beyond the array up to `size`.
struct ByteSource: BlockSource {
    var bytes: [UInt8]
    var size: Bytes
    var failsFrom: UInt64?

    init(_ bytes: [UInt8], size: UInt64? = nil, failsFrom: UInt64? = nil) {
        self.bytes = bytes
        self.size = Bytes(size ?? UInt64(bytes.count))
        self.failsFrom = failsFrom
    }

    func read(at offset: UInt64, count: Int) throws(BlockReadError) -> [UInt8] {
        let end = offset + UInt64(count)
        if let failsFrom, end > failsFrom { throw BlockReadError(reason: "Input/output error") }
        guard end <= size.count else { throw BlockReadError(reason: "beyond the end") }
        let there =
            offset < UInt64(bytes.count) ? Array(bytes[Int(offset)..<Int(min(end, UInt64(bytes.count)))]) : []
        return there + [UInt8](repeating: 0, count: count - there.count)
    }
}

/// A physical volume made for a test, each field open to damage.
///
/// The checksums are right unless set.
struct DiskImage {
    static let areaOffset: UInt64 = 4096

    var id = "2CibBLALoUjSnIi9X6FocFVIDc4vb7Tj"
    var text: [UInt8] = []
    var size: UInt64 = 2 << 30
    var labelSector: UInt64 = 1
    var labelledSize: UInt64?
    var headerOffset: UInt32 = 32
    var extensionVersion: UInt32 = 2
    var areaSize: UInt64 = 16384
    var secondText: [UInt8]?
    var magic = " LVM2 x[5A%r0N*>"
    var areaVersion: UInt32 = 1
    var areaStart = areaOffset
    var headerAreaSize: UInt64?
    var textOffset: UInt64 = 512
    var textSize: UInt64?
    var textChecksum: UInt32?
    var flags: UInt32 = 0

    init(_ text: String = "") {
        self.text = Array(text.utf8)
    }

    var source: ByteSource {
        ByteSource(bytes, size: size)
    }

    var bytes: [UInt8] {
        var disk = [UInt8](repeating: 0, count: Int(DiskImage.areaOffset + 2 * areaSize))
        put(area(start: areaStart, text: text, checksum: textChecksum), at: DiskImage.areaOffset, in: &disk)
        var areas: [(UInt64, UInt64)] = [(DiskImage.areaOffset, areaSize)]
        if let secondText {
            let start = DiskImage.areaOffset + areaSize
            put(area(start: start, text: secondText), at: start, in: &disk)
            areas.append((start, areaSize))
        }
        put(label(areas), at: 512 * labelSector, in: &disk)
        return disk
    }

    func label(_ areas: [(UInt64, UInt64)]) -> [UInt8] {
        var rest =
            little(headerOffset) + Array("LVM2 001".utf8) + Array(id.utf8) + little(labelledSize ?? size)
        rest += little(UInt64(1 << 20)) + little(UInt64(0)) + [UInt8](repeating: 0, count: 16)
        for (offset, size) in areas { rest += little(offset) + little(size) }
        rest += [UInt8](repeating: 0, count: 16) + little(extensionVersion) + little(UInt32(1))
        rest += [UInt8](repeating: 0, count: 512 - 20 - rest.count)
        return Array("LABELONE".utf8) + little(labelSector) + little(LVMChecksum.of(rest)) + rest
    }

    private func area(start: UInt64, text: [UInt8], checksum: UInt32? = nil) -> [UInt8] {
        var area = [UInt8](repeating: 0, count: Int(areaSize))
        let size = textSize ?? UInt64(text.count)
        var rest =
            Array(magic.utf8) + little(areaVersion) + little(start) + little(headerAreaSize ?? areaSize)
        rest +=
            little(textOffset) + little(size) + little(checksum ?? LVMChecksum.of(text)) + little(flags)
        rest += [UInt8](repeating: 0, count: 512 - 4 - rest.count)
        if textOffset < areaSize {
            for (index, byte) in text.enumerated() {
                let place = Int(textOffset) + index
                area[place < area.count ? place : place - area.count + 512] = byte
            }
        }
        area.replaceSubrange(0..<512, with: little(LVMChecksum.of(rest)) + rest)
        return area
    }

    private func put(_ part: [UInt8], at offset: UInt64, in disk: inout [UInt8]) {
        disk.replaceSubrange(Int(offset)..<(Int(offset) + part.count), with: part)
    }
}

/// `value` in little-endian bytes.
func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
}
