@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A disk whose first eight bytes, unused by LVM2, are settings for the test.
///
/// 32 bits give the number of sectors, independent of the length of the input. Three bits of a byte ask for
/// correct checksums of labels, headers of metadata areas, and texts: otherwise no mutation would pass the
/// checksums.
struct FuzzedDisk: BlockSource {
    private static let path = "/dev/vda"
    /// Bytes that hold the ring of a metadata area and a few extents.
    private static let sizeLimit: UInt64 = 1 << 20

    let size: Bytes
    private var bytes: [UInt8]

    init(_ input: [UInt8]) {
        bytes = input
        let sectors = input.littleEndian(at: 0, as: UInt32.self) ?? 0
        size = Bytes(min(Sectors(UInt64(sectors)).bytes?.count ?? 0, FuzzedDisk.sizeLimit))
        let rightened = input.littleEndian(at: 4, as: UInt8.self) ?? 0
        if rightened & 1 != 0 { rightenLabels() }
        if rightened & 6 != 0 { rightenAreas(headers: rightened & 2 != 0, texts: rightened & 4 != 0) }
    }

    /// Reads the disk; sectors behind the input are zero. A read outside the disk is a finding.
    func read(at offset: UInt64, count: Int) throws(BlockReadError) -> [UInt8] {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        precondition(!overflow && end <= size.count, "read beyond the end")
        let there = UInt64(bytes.count)
        let found = offset < there ? Array(bytes[Int(offset)..<Int(min(end, there))]) : []
        return found + [UInt8](repeating: 0, count: count - found.count)
    }

    /// Checks the scan of the disk, and the volume group if all of it is on this disk.
    func check() throws(Finding) {
        var reader = MetadataReader()
        guard let scan = try? PhysicalVolumeScan.read(self, path: FuzzedDisk.path, by: &reader) else {
            return
        }
        try Finding.unless(UInt64(scan.text.count) <= size.count, "the text is longer than the disk")
        try Finding.unless(
            (scan.volumeGroup == nil) == scan.text.isEmpty, "a group without a text, or the reverse")
        try Finding.unless(
            scan.copies.isEmpty || scan.holdsMetadata, "metadata where there is no place for it")
        try Finding.unless(
            !scan.isTorn || scan.damages.count > scan.copies.count, "nothing is said of what is torn")
        try Finding.unless(!scan.isUnbegun || scan.copies.isEmpty, "a group that is there was never made")
        guard let group = scan.volumeGroup else { return }
        var inventory = Inventory()
        inventory.add(scan)
        guard case .found(let located) = inventory.volumeGroup(.named(group.name)) else { return }
        try Finding.unless(
            scan.copies.allSatisfy {
                $0.group.id != located.group.id || $0.group.sequenceNumber <= located.group.sequenceNumber
            }, "a copy is newer than what was found")
        try Finding.unless(located.warnings.count <= 13, "there are too many warnings")
        let repair = GroupRepair(located)
        try Finding.unless(
            (repair != nil)
                == (scan.isTorn && located.devices[scan.id] != nil && located.missing.isEmpty
                    && located.group.refusal == nil),
            "what is whole is repaired, or what is torn is not")
        try Finding.unless(repair.map { $0.text == scan.text } ?? true, "it is repaired by something else")
        for volume in located.group.physicalVolumes {
            try Finding.unless(
                (located.devices[volume.id] == nil) == (volume.id != scan.id), "a disk is not where it is")
            try Finding.unless(
                located.missing.contains(volume.id) == (volume.id != scan.id), "a disk is missing, or not")
        }
        for volume in located.group.logicalVolumes {
            guard let plan = try? located.plan(for: volume.name), (try? located.check(plan)) != nil else {
                continue
            }
            for id in plan.physicalVolumes where !located.lacking(plan).contains(id) {
                guard let end = plan.end(on: id)?.bytes else {
                    throw Finding(description: "a plan has no end")
                }
                try Finding.unless(end <= size, "a plan goes beyond the end of the disk")
            }
        }
        try GroupProperties(located.group).check()
    }

    // MARK: Checksums

    private mutating func rightenLabels() {
        for start in stride(from: 0, to: PhysicalVolumeLabel.scanLength, by: Int(Sectors.size)) {
            let end = start + Int(Sectors.size)
            guard end <= bytes.count, bytes.has("LABELONE", at: start) else { continue }
            put(LVMChecksum.of(bytes[(start + 20)..<end]), at: start + 16)
        }
    }

    private mutating func rightenAreas(headers: Bool, texts: Bool) {
        let head = Array(bytes.prefix(PhysicalVolumeLabel.scanLength))
        guard let label = try? PhysicalVolumeLabel.find(in: head) else { return }
        for area in label.metadataAreas {
            guard let start = Int(exactly: area.offset.count), start <= bytes.count,
                bytes.count - start >= MetadataAreaHeader.length
            else { continue }
            if texts, let text = text(of: area, start: start) { put(LVMChecksum.of(text), at: start + 56) }
            let header = bytes[(start + 4)..<(start + MetadataAreaHeader.length)]
            if headers { put(LVMChecksum.of(header), at: start) }
        }
    }

    /// The text that the header at `start` points to; `nil` if the text is not within the area and the disk.
    private func text(of area: DiskArea, start: Int) -> [UInt8]? {
        guard let offset = bytes.littleEndian(at: start + 40, as: UInt64.self),
            let length = bytes.littleEndian(at: start + 48, as: UInt64.self),
            area.offset.count <= size.count, area.size.count <= size.count - area.offset.count,
            offset < area.size.count, length <= area.size.count, area.size.count > 512
        else { return nil }
        let first = min(length, area.size.count - offset)
        guard length - first <= area.size.count - 512,
            let front = try? read(at: area.offset.count + offset, count: Int(first)),
            let back = try? read(at: area.offset.count + 512, count: Int(length - first))
        else { return nil }
        return front + back
    }

    private mutating func put(_ checksum: UInt32, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: checksum >> (8 * index)) }
    }
}
