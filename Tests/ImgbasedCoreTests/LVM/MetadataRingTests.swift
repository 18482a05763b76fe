import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// States after a power cut during lvm2's commit.
///
/// The disk was written by lvm2 2.03.16: its ring has the changes 1 to 11.
@Suite struct MetadataRingTests {
    private static let area = 4096
    /// The places and lengths of the changes 9 to 11, by pvck(8).
    private static let last = [(21504, 2594), (24576, 2566), (27648, 2860)]

    private func recorded() throws -> ByteSource {
        // The file lacks the zero byte that ends the text.
        ByteSource(try Fixture.bytes("pv-head.bin") + [0], size: Fixture.diskSize)
    }

    private func scan(_ source: ByteSource, path: String = "/dev/vda") throws -> PhysicalVolumeScan {
        var reader = MetadataReader()
        return try #require(try PhysicalVolumeScan.read(source, path: path, by: &reader))
    }

    /// The disk with an identical second area, as `pvcreate --metadatacopies 2` makes it.
    private func withTwoAreas() throws -> ByteSource {
        var source = try recorded()
        let second = 1 << 20
        let size = (1 << 20) - MetadataRingTests.area
        source.bytes += [UInt8](repeating: 0, count: second + size - source.bytes.count)
        source.bytes.replaceSubrange(second..<second + size, with: source.bytes[4096..<4096 + size])
        var image = DiskImage()
        image.labelledSize = Fixture.diskSize
        let label = image.label([(4096, UInt64(size)), (UInt64(second), UInt64(size))])
        source.bytes.replaceSubrange(512..<1024, with: label)
        rewrite(&source, area: second) { $0.replaceSubrange(24..<32, with: little(UInt64(second))) }
        return source
    }

    /// Changes a head, and corrects its checksum.
    private func rewrite(_ source: inout ByteSource, area: Int, _ change: (inout [UInt8]) -> Void) {
        var head = Array(source.bytes[area..<area + 512])
        change(&head)
        head.replaceSubrange(0..<4, with: little(LVMChecksum.of(head[4...])))
        source.bytes.replaceSubrange(area..<area + 512, with: head)
    }

    /// Makes the head name the change at `place`, which is damaged.
    private func name(_ place: (Int, Int), in source: inout ByteSource) {
        rewrite(&source, area: MetadataRingTests.area) { head in
            head.replaceSubrange(40..<48, with: little(UInt64(place.0 - MetadataRingTests.area)))
            head.replaceSubrange(48..<56, with: little(UInt64(place.1)))
        }
        source.bytes[place.0 + 600] ^= 1
    }

    private func clear(_ place: (Int, Int), in source: inout ByteSource) {
        for index in place.0..<min(place.0 + place.1, source.bytes.count) { source.bytes[index] = 0 }
    }

    @Test(arguments: 0..<6)
    func findsTheChangeBefore(sector: Int) throws {
        var source = try recorded()
        clear((27648 + 512 * sector, 512), in: &source)
        let scan = try scan(source)
        #expect(scan.isTorn && scan.holdsMetadata)
        #expect(scan.volumeGroup?.sequenceNumber == 10)
        // The checksum in pvck's output.
        #expect(LVMChecksum.of(scan.text) == 0xf661_9bfd)
        #expect(
            scan.damages == [
                "on '/dev/vda', the checksum of the metadata is wrong",
                "on '/dev/vda', a power cut has left change 10 of volume group 'HostVG' as the newest whole one",
            ])
        var inventory = Inventory()
        inventory.add(scan)
        guard case .found(let located) = inventory.volumeGroup(.named("HostVG")) else {
            Issue.record("not found")
            return
        }
        #expect(located.torn == [TornDisk(path: "/dev/vda", areas: 1)] && located.text == scan.text)
        #expect(located.warnings == scan.damages)
        // The commands for lvm2, one area at a time.
        let repair = try #require(GroupRepair(located))
        let steps = repair.plan.steps.flatMap { $0.actions() }.flatMap { $0.lines() }
        #expect(
            steps.filter { $0.hasPrefix("+") } == [
                "+ /usr/sbin/pvck --yes --repairtype metadata --settings mda_num=1 --file /run/imgbased/metadata /dev/vda",
                "+ /usr/sbin/vgchange --activate ay HostVG",
            ])
        #expect(steps.contains("write /run/imgbased/metadata:") && steps.contains("| HostVG {"))
    }

    @Test func aGroupThatIsNotOursIsNotRepaired() throws {
        var source = try recorded()
        source.bytes[27648] ^= 1
        let (own, exported) = (Array("\"RESIZEABLE\"".utf8), Array("\"EXPORTED\"  ".utf8))
        for place in source.bytes.indices.dropLast(own.count)
        where source.bytes[place..<(place + own.count)].elementsEqual(own) {
            source.bytes.replaceSubrange(place..<(place + own.count), with: exported)
        }
        var inventory = Inventory()
        inventory.add(try scan(source))
        guard case .found(let located) = inventory.volumeGroup(.named("HostVG")) else {
            Issue.record("not found")
            return
        }
        #expect(!located.torn.isEmpty && located.group.refusal != nil)
        #expect(GroupRepair(located) == nil)
    }

    @Test func aHeadThatLeadsToAWholeTextCounts() throws {
        let whole = try scan(recorded(), path: "/dev/vdb")
        #expect(!whole.isTorn)
        var source = try recorded()
        source.bytes[27648] ^= 1
        for scans in [[whole, try scan(source)], [try scan(source), whole]] {
            var inventory = Inventory()
            scans.forEach { inventory.add($0) }
            guard case .found(let located) = inventory.volumeGroup(.default) else {
                Issue.record("not found")
                return
            }
            #expect(located.group.sequenceNumber == 11 && located.torn.isEmpty)
            #expect(GroupRepair(located) == nil)
        }
        var areas = try withTwoAreas()
        areas.bytes[27648] ^= 1
        #expect(try scan(areas).volumeGroup?.sequenceNumber == 11)
        #expect(try !scan(areas).isTorn)
    }

    @Test func whatBothAreasHaveComesFirst() throws {
        var source = try withTwoAreas()
        source.bytes[27648] ^= 1
        source.bytes[27648 - 4096 + (1 << 20)] ^= 1
        #expect(try scan(source).volumeGroup?.sequenceNumber == 10)
        // Only one area has an intact change 10: it was never flushed.
        clear((24576 + 512, 512), in: &source)
        #expect(try scan(source).volumeGroup?.sequenceNumber == 9)
        #expect(try scan(source).damages.count == 3)
    }

    /// The text behind the one that the head names: it was written, and its head was not.
    @Test func whatWasNotCommittedComesLast() throws {
        var source = try recorded()
        clear(MetadataRingTests.last[2], in: &source)
        name(MetadataRingTests.last[0], in: &source)
        #expect(try scan(source).volumeGroup?.sequenceNumber == 8)
    }

    /// A text wraps to the start of the ring if it does not fit before the end.
    ///
    /// The next text follows behind it.
    @Test(arguments: [0, 512, 1024, 2048, 4096])
    func findsTextsAcrossTheEnd(begin: Int) throws {
        var source = try recorded()
        let size = 1 << 20
        let length = size - MetadataRingTests.area - 512
        let ring = Array(source.bytes[4608...]) + [UInt8](repeating: 0, count: length)
        // Change 10 begins that far before the end.
        let shift = length - (24576 - 4608) - begin
        source.bytes += [UInt8](repeating: 0, count: size - source.bytes.count)
        for index in 0..<length { source.bytes[4608 + (index + shift) % length] = ring[index] }
        let named = (27648 - 4608 + shift) % length
        rewrite(&source, area: MetadataRingTests.area) { head in
            head.replaceSubrange(40..<48, with: little(UInt64(512 + named)))
        }
        #expect(try scan(source).volumeGroup?.sequenceNumber == 11)
        source.bytes[4608 + (named + 2600) % length] ^= 1
        #expect(try scan(source).volumeGroup?.sequenceNumber == 10)
    }

    @Test func takesNothingThatIsNotWhole() throws {
        var source = try recorded()
        clear(MetadataRingTests.last[2], in: &source)
        // A sector of zeros, a sector of an older text, and a missing end.
        clear((24576 + 1024, 512), in: &source)
        source.bytes.replaceSubrange(21504 + 512..<21504 + 1024, with: source.bytes[5632..<6144])
        clear((18432 + 2560, 65), in: &source)
        #expect(try scan(source).volumeGroup?.sequenceNumber == 7)
        // Of another physical volume, and of none.
        var label = DiskImage()
        label.id = "11111111111111111111111111111111"
        label.labelledSize = Fixture.diskSize
        source.bytes.replaceSubrange(512..<1024, with: label.label([(4096, (1 << 20) - 4096)]))
        let other = try scan(source)
        #expect(other.volumeGroup == nil && other.isTorn && other.damages.count == 1)
    }

    /// The result of an interrupted vgcreate: the disk never held data.
    @Test func knowsAGroupThatWasNeverMade() throws {
        var source = try recorded()
        for index in 4608..<source.bytes.count { source.bytes[index] = 0 }
        name((4608, 737), in: &source)
        #expect(try scan(source).isUnbegun)
        // The head was not written, and the disk is marked as used.
        rewrite(&source, area: MetadataRingTests.area) {
            $0.replaceSubrange(40..<48, with: little(UInt64(0)))
        }
        #expect(try scan(source).isUnbegun && !scan(source).isTorn)
        // Other disks have the metadata.
        rewrite(&source, area: MetadataRingTests.area) { $0[60] = 1 }
        #expect(try !scan(source).isUnbegun)
        rewrite(&source, area: MetadataRingTests.area) { $0[60] = 0 }
        // A second change was made, or another text of this change exists.
        name((5632, 1056), in: &source)
        #expect(try !scan(source).isUnbegun)
        source = try recorded()
        name((4608, 737), in: &source)
        #expect(try !scan(source).isUnbegun && scan(source).volumeGroup?.sequenceNumber == 11)
        #expect(try !scan(recorded()).isUnbegun)
        // An unreadable text of that kind belongs to a group all the same.
        source = try recorded()
        name((4608, 737), in: &source)
        let (known, strange) = (Array("extent_size = ".utf8), Array("extent_size + ".utf8))
        for place in source.bytes.indices.dropLast(known.count)
        where source.bytes[place..<(place + known.count)].elementsEqual(known) {
            source.bytes.replaceSubrange(place..<(place + known.count), with: strange)
        }
        #expect(try scan(source).volumeGroup == nil && scan(source).isTorn && !scan(source).isUnbegun)
    }

    /// An intact text that we cannot read may be newer than our code.
    @Test func keepsToATextThatIsWholeAndNotUnderstood() throws {
        var source = try recorded()
        source.bytes[27648] = UInt8(ascii: "{")
        let text = source.bytes[27648..<27648 + 2860]
        rewrite(&source, area: MetadataRingTests.area) { head in
            head.replaceSubrange(56..<60, with: little(LVMChecksum.of(text)))
        }
        let scan = try scan(source)
        #expect(scan.volumeGroup == nil && !scan.isTorn)
    }

    /// Starts of texts in each sector of the longest possible ring: each is visited once.
    @Test(.timeLimit(.minutes(5)), arguments: [false, true])
    func hostileRingsCostNoMoreThanTheirLength(areEnded: Bool) throws {
        var image = DiskImage(String(repeating: "x", count: 100))
        image.areaSize = 32 << 20
        image.textChecksum = 1
        var source = image.source
        let id = "\"zrbkYh-jVie-uzf1-gDUM-TtJ3-CC7M-pHbmHU\""
        var sector = Array("A {\nid = \(id)\nseqno = 7\na { a { a { a { a = [1, 1, 1, 1]\n".utf8)
        sector += Array(repeating: UInt8(ascii: "\n"), count: 511 - sector.count) + [areEnded ? 0 : 10]
        for start in stride(from: 4608 + 512, to: 4096 + (32 << 20), by: 512) {
            source.bytes.replaceSubrange(start..<start + 512, with: sector)
        }
        let scan = try scan(source)
        #expect(scan.isTorn && scan.volumeGroup == nil)
    }
}
