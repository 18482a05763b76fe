import Testing

@testable import ImgbasedCore

@Suite struct PhysicalVolumeScanTests {
    private func recorded() throws -> ByteSource {
        ByteSource(try Fixture.bytes("pv-head.bin"), size: Fixture.diskSize)
    }

    private func scan(_ source: ByteSource, path: String) throws(ScanError) -> PhysicalVolumeScan? {
        var reader = MetadataReader()
        return try PhysicalVolumeScan.read(source, path: path, by: &reader)
    }

    @Test func readsTheRecordedDisk() throws {
        let scan = try #require(try self.scan(recorded(), path: "/dev/vda"))
        #expect(scan.path == "/dev/vda")
        #expect(scan.id.description == Fixture.disk)
        #expect(scan.deviceSize == Bytes(Fixture.diskSize))
        #expect(scan.actualSize == Bytes(Fixture.diskSize))
        #expect(scan.damages.isEmpty && !scan.isArrayMember && scan.holdsMetadata)
        // The text equals that of vgcfgbackup, without the comments and the text beside the group.
        #expect(scan.volumeGroup == (try Fixture.group()))
    }

    @Test func readsTheAreasOfTheRecordedLabel() throws {
        let label = try #require(
            try PhysicalVolumeLabel.find(in: recorded().read(at: 0, count: PhysicalVolumeLabel.scanLength)))
        #expect(label.dataAreas == [DiskArea(offset: Bytes(1 << 20), size: Bytes(0))])
        #expect(label.metadataAreas == [DiskArea(offset: Bytes(4096), size: Bytes((1 << 20) - 4096))])
    }

    /// Every byte of the label's header and of the area's header counts.
    @Test(arguments: [512..<640, 4096..<4608, 27648..<27712])
    func noticesEveryDamagedByte(range: Range<Int>) throws {
        let whole = try recorded()
        for index in range {
            var source = whole
            source.bytes[index] ^= 0x20
            let scan = try? self.scan(source, path: "/dev/vda")
            // If only the text is damaged, the ring has the one before (MetadataRingTests).
            let before: UInt32? = index < 27648 ? nil : 10
            #expect(scan?.volumeGroup?.sequenceNumber == before, "byte \(index)")
            // The label identifies the physical volume, whatever the state of the metadata.
            #expect((scan == nil) == (index < 4096), "byte \(index)")
            #expect(scan?.damages.count ?? 1 == (before == nil ? 1 : 2), "byte \(index)")
        }
    }

    /// A truncated disk is never taken for whole.
    @Test func noticesEveryTruncation() throws {
        let whole = try recorded()
        let end = 0x1000 + 0x5c00 + 0xb2c
        for length in Array(0...2048) + Array(stride(from: 2048, to: end, by: 97)) + [end - 1] {
            let source = ByteSource(Array(whole.bytes.prefix(length)))
            let scan = try? self.scan(source, path: "/dev/vda")
            // An area is read only if all of it is there.
            #expect(scan?.volumeGroup == nil, "length \(length)")
        }
    }

    /// The same of a truncated text on a disk of the full length.
    @Test func noticesATextThatIsNotThere() throws {
        var source = try recorded()
        source.bytes.removeLast(100)
        let scan = try #require(try scan(source, path: "/dev/vda"))
        #expect(scan.isTorn && scan.holdsMetadata && scan.volumeGroup?.sequenceNumber == 10)
        #expect(scan.damages.first == "on '/dev/vda', the checksum of the metadata is wrong")
    }

    @Test(arguments: [[], [UInt8](repeating: 0, count: 100), [UInt8](repeating: 0xff, count: 1 << 16)])
    func findsNothingOnOtherDisks(bytes: [UInt8]) throws {
        #expect(try scan(ByteSource(bytes), path: "/dev/vdb") == nil)
    }

    @Test func passesOnReadErrors() throws {
        var source = try recorded()
        source.failsFrom = 0
        #expect(throws: ScanError.unreadable("Input/output error")) {
            try scan(source, path: "/dev/vda")
        }
        for place: UInt64 in [4096, 27648] {
            source.failsFrom = place
            #expect(
                try scan(source, path: "/dev/vda")?.damages
                    == ["on '/dev/vda', it cannot be read: Input/output error"])
        }
    }

    @Test(arguments: [0, 1, 2, 3] as [UInt64])
    func findsTheLabelInTheFirstFourSectors(sector: UInt64) throws {
        var image = DiskImage(try Fixture.text("HostVG.vgcfg"))
        image.labelSector = sector
        #expect(try scan(image.source, path: "x")?.volumeGroup?.name == "HostVG")
        image.labelSector = 4
        #expect(try scan(image.source, path: "x") == nil)
    }

    /// lvm2 ignores other and damaged labels.
    @Test func takesTheFirstLabelWithoutFault() throws {
        let image = DiskImage(try Fixture.text("HostVG.vgcfg"))
        var other = image
        other.labelSector = 3
        other.id = "11111111111111111111111111111111"
        var source = image.source
        source.bytes.replaceSubrange(1536..<2048, with: other.label([]))
        #expect(try scan(source, path: "x")?.id.description == Fixture.disk)
        source.bytes[600] ^= 1
        #expect(try scan(source, path: "x")?.id.characters == other.id)
        source.bytes[1600] ^= 1
        #expect(throws: ScanError.damaged("the checksum of the LVM2 label is wrong")) {
            try scan(source, path: "x")
        }
    }

    // MARK: Wrong fields under a right checksum

    struct Lie: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var reason: String
        var tell: @Sendable (inout DiskImage) -> Void

        init(_ name: String, _ reason: String, _ tell: @escaping @Sendable (inout DiskImage) -> Void) {
            testDescription = name
            self.reason = reason
            self.tell = tell
        }
    }

    static let lies = [
        Lie("header offset in the label", "the LVM2 label has no physical volume header") {
            $0.headerOffset = 31
        },
        Lie("header offset behind the sector", "the LVM2 label has no physical volume header") {
            $0.headerOffset = 513
        },
        Lie("greatest header offset", "the LVM2 label has no physical volume header") {
            $0.headerOffset = .max
        },
        Lie("header at the end of the sector", "the LVM2 label has no identifier") { $0.headerOffset = 480 },
        Lie("identifier", "the LVM2 label has no identifier") { $0.id = "2CibBLALoUjSnIi9X6FocFVIDc4vb7T " },
        Lie("magic", "a metadata area has no header") { $0.magic = " LVM2 x[5A%r0N*<" },
        Lie("version", "the version of a metadata area is not known") { $0.areaVersion = 2 },
        Lie("start", "a metadata area is not where its header says") { $0.areaStart = 8192 },
        Lie("size", "a metadata area is not where its header says") { $0.headerAreaSize = 8192 },
        Lie("flags", "a metadata area has flags that are not known") { $0.flags = 2 },
        Lie("text in the header", "a metadata area's text is not inside it") { $0.textOffset = 511 },
        Lie("text behind the area", "a metadata area's text is not inside it") { $0.textOffset = 16384 },
        Lie("greatest offset", "a metadata area's text is not inside it") { $0.textOffset = .max },
        Lie("empty text", "a metadata area's text is not inside it") { $0.textSize = 0 },
        Lie("text longer than the ring", "a metadata area's text is not inside it") {
            $0.textSize = 16384 - 512 + 1
        },
        Lie("greatest size", "a metadata area's text is not inside it") { $0.textSize = .max },
        Lie("checksum", "the checksum of the metadata is wrong") { $0.textChecksum = 1 },
        Lie("area beyond the disk", "a metadata area is not inside the device") { $0.size = 8192 },
        Lie(
            "no metadata",
            "the metadata is not understood: line 1: this is not the metadata of a volume group"
        ) {
            $0.text = Array("a = 1".utf8)
        },
    ]

    @Test(arguments: lies)
    func noticesFieldsThatLie(lie: Lie) throws {
        var image = DiskImage(try Fixture.text("HostVG.vgcfg"))
        #expect(try scan(image.source, path: "x")?.volumeGroup != nil)
        lie.tell(&image)
        do throws(ScanError) {
            let scan = try scan(image.source, path: "x")
            #expect(scan?.volumeGroup == nil)
            #expect(scan?.damages == ["on 'x', \(lie.reason)"])
        } catch {
            #expect(error == .damaged(lie.reason))
        }
    }

    @Test func boundsTheText() {
        let huge = DiskArea(offset: Bytes(4096), size: Bytes(1 << 40))
        var header = DiskImage("x")
        header.areaSize = 1 << 15
        header.headerAreaSize = 1 << 40
        header.textSize = MetadataAreaHeader.textLimit
        #expect((try? MetadataAreaHeader(Array(header.bytes[4096..<4608]), of: huge))?.location != nil)
        header.textSize = MetadataAreaHeader.textLimit + 1
        #expect(throws: ScanError.damaged("a metadata area's text is not inside it")) {
            try MetadataAreaHeader(Array(header.bytes[4096..<4608]), of: huge)
        }
    }

    @Test func boundsTheAreas() {
        let image = DiskImage()
        let four = image.label([(1, 1), (2, 2), (3, 3), (4, 4)])
        #expect(
            (try? PhysicalVolumeLabel.find(in: [UInt8](repeating: 0, count: 512) + four))??.metadataAreas
                .count == 4)
        let five = image.label([(1, 1), (2, 2), (3, 3), (4, 4), (5, 5)])
        #expect(throws: ScanError.damaged("the LVM2 label lists too many areas")) {
            try PhysicalVolumeLabel.find(in: [UInt8](repeating: 0, count: 512) + five)
        }
    }

    // MARK: Copies

    /// A text that does not fit before the end of the area wraps behind the header.
    @Test(arguments: [512, 12000, 14000, 16383] as [UInt64])
    func joinsATextAtTheEndOfTheRing(offset: UInt64) throws {
        var image = DiskImage(try Fixture.text("HostVG.vgcfg"))
        image.textOffset = offset
        let scan = try #require(try self.scan(image.source, path: "x"))
        #expect(scan.text == image.text)
        #expect(scan.volumeGroup == (try Fixture.group()))
    }

    @Test func takesAPhysicalVolumeWithoutMetadata() throws {
        var empty = DiskImage()
        empty.textOffset = 0
        var ignored = DiskImage(try Fixture.text("HostVG.vgcfg"))
        ignored.flags = 1
        for image in [empty, ignored] {
            let scan = try #require(try self.scan(image.source, path: "x"))
            #expect(scan.volumeGroup == nil)
            #expect(scan.damages.isEmpty && !scan.holdsMetadata)
        }
    }

    @Test func takesTheNewerOfTwoCopies() throws {
        var image = DiskImage(try Fixture.text("HostVG.vgcfg"))
        image.secondText = image.text
        #expect(try scan(image.source, path: "x")?.copies.count == 1)
        image.secondText = Array(try Fixture.text([("seqno = 11", "seqno = 12")]).utf8)
        let scan = try #require(try self.scan(image.source, path: "x"))
        #expect(scan.volumeGroup?.sequenceNumber == 12)
        #expect(scan.copies.count == 2)
    }

    /// The physical volumes of a group usually have the same text.
    @Test func readsATextOnce() throws {
        var reader = MetadataReader()
        let text = Array(try Fixture.text([]).utf8)
        let first = try reader.read(text)
        let other = Array(try Fixture.text([("seqno = 11", "seqno = 12")]).utf8)
        #expect(try reader.read(other).group.sequenceNumber == 12)
        let again = try reader.read(Array(text))
        #expect(again == first)
        // The same storage: nothing was read again, nothing is kept twice.
        #expect(
            first.group.logicalVolumes.withUnsafeBufferPointer { $0.baseAddress }
                == again.group.logicalVolumes.withUnsafeBufferPointer { $0.baseAddress })
        #expect(
            first.text.withUnsafeBufferPointer { $0.baseAddress }
                == again.text.withUnsafeBufferPointer { $0.baseAddress })
    }

    /// A disk with many texts cannot fill the memory.
    @Test func forgetsTexts() throws {
        var reader = MetadataReader()
        for number in 1...20 {
            let text = Array(try Fixture.text([("seqno = 11", "seqno = \(number)")]).utf8)
            #expect(try reader.read(text).group.sequenceNumber == UInt32(number))
        }
        #expect(reader.count == 8)
    }

    @Test func remembersADamagedCopyBesideAGoodOne() throws {
        var image = DiskImage(try Fixture.text("HostVG.vgcfg"))
        image.secondText = image.text
        var source = image.source
        source.bytes[Int(DiskImage.areaOffset + image.areaSize) + 600] ^= 1
        let scan = try #require(try self.scan(source, path: "x"))
        #expect(scan.volumeGroup != nil)
        #expect(scan.damages == ["on 'x', the checksum of the metadata is wrong"])
    }

    /// md with metadata at the end: the label is at its place on the array.
    @Test(arguments: [(1 << 20) - (64 << 10), (1 << 20) - (8 << 10)])
    func noticesMembersOfArrays(place: Int) throws {
        var image = DiskImage(try Fixture.text("HostVG.vgcfg"))
        image.size = 1 << 20
        image.labelledSize = (1 << 20) - (128 << 10)
        var source = image.source
        #expect(try scan(source, path: "x")?.isArrayMember == false)
        source.bytes += [UInt8](repeating: 0, count: (1 << 20) - source.bytes.count)
        source.bytes.replaceSubrange(place..<(place + 4), with: little(UInt32(0xA92B_4EFC)))
        #expect(try scan(source, path: "x")?.isArrayMember == true)
        // If the label covers the whole disk, those bytes belong to a volume.
        image.labelledSize = nil
        source.bytes.replaceSubrange(0..<2048, with: image.bytes.prefix(2048))
        #expect(try scan(source, path: "x")?.isArrayMember == false)
    }
}
