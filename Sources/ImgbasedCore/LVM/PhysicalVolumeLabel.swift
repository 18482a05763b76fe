/// A part of a physical volume, as its label lists it.
public struct DiskArea: Hashable, Sendable {
    /// The start of the area on the device.
    public let offset: Bytes
    /// The length of the area; 0 for a data area that extends to the end of the device.
    public let size: Bytes
}

/// The label of an LVM2 physical volume (lvm2: lib/label/label.h, lib/format_text/layout.h).
///
/// The label is one of the first four sectors: "LABELONE", the number of its own sector, a checksum of the
/// rest, the offset of the physical volume's header, "LVM2 001". The header has the identifier, the size of
/// the device, and lists of areas, each ended by an empty pair: data, metadata and, in an extension, boot
/// loader.
public struct PhysicalVolumeLabel: Hashable, Sendable {
    /// The identifier of the physical volume.
    public let id: LVMIdentifier
    /// The length of the device when the label was written.
    public let deviceSize: Bytes
    /// The areas with extents.
    public let dataAreas: [DiskArea]
    /// The areas with copies of the metadata.
    public let metadataAreas: [DiskArea]
    /// Whether a group uses the device, or was about to (lvm2: PV_EXT_USED).
    public let isUsed: Bool

    /// The bytes from the start of a device that can hold a label.
    public static let scanLength = 4 * sectorSize

    private static let sectorSize = Int(Sectors.size)
    private static let headerLength = 32
    // lvm2 itself never makes more than one data area and two metadata areas.
    private static let areaLimit = 4

    /// Finds the label in the first `scanLength` bytes of a device, which may be shorter.
    ///
    /// Of several labels the first undamaged one counts, as in lvm2 (`_find_lvm_header` in
    /// lib/label/label.c).
    ///
    /// - Returns: `nil` without a label.
    /// - Throws: the damage of the label if none is undamaged.
    public static func find(in head: [UInt8]) throws(ScanError) -> PhysicalVolumeLabel? {
        var damage: ScanError?
        for number in 0..<(min(head.count, scanLength) / sectorSize) {
            let sector = head[(number * sectorSize)..<((number + 1) * sectorSize)]
            guard sector.has("LABELONE", at: 0), sector.has("LVM2 001", at: 24) else { continue }
            do throws(ScanError) {
                return try PhysicalVolumeLabel(sector: sector, number: number)
            } catch {
                damage = damage ?? error
            }
        }
        if let damage { throw damage }
        return nil
    }

    private init(sector: ArraySlice<UInt8>, number: Int) throws(ScanError) {
        guard sector.littleEndian(at: 8, as: UInt64.self) == UInt64(number) else {
            throw .damaged("the LVM2 label is not in the sector it was written for")
        }
        guard sector.littleEndian(at: 16, as: UInt32.self) == LVMChecksum.of(sector.dropFirst(20)) else {
            throw .damaged("the checksum of the LVM2 label is wrong")
        }
        guard let offset = sector.littleEndian(at: 20, as: UInt32.self),
            offset >= PhysicalVolumeLabel.headerLength, offset <= UInt32(PhysicalVolumeLabel.sectorSize)
        else { throw .damaged("the LVM2 label has no physical volume header") }
        var cursor = Int(offset)
        guard let id = LVMIdentifier(String(decoding: sector.dropFirst(cursor).prefix(32), as: UTF8.self)),
            let deviceSize = sector.littleEndian(at: cursor + 32, as: UInt64.self)
        else { throw .damaged("the LVM2 label has no identifier") }
        cursor += 40
        self.id = id
        self.deviceSize = Bytes(deviceSize)
        dataAreas = try PhysicalVolumeLabel.areas(in: sector, from: &cursor)
        metadataAreas = try PhysicalVolumeLabel.areas(in: sector, from: &cursor)
        // The rest, an extension with flags and areas for boot loaders, does not change these. Flags came
        // with version 2.
        let version = sector.littleEndian(at: cursor, as: UInt32.self) ?? 0
        let flags = sector.littleEndian(at: cursor + 4, as: UInt32.self) ?? 0
        isUsed = version >= 2 && flags & 1 != 0
    }

    /// The areas of a list, up to the pair that ends it.
    private static func areas(in sector: ArraySlice<UInt8>, from cursor: inout Int) throws(ScanError)
        -> [DiskArea]
    {
        var areas: [DiskArea] = []
        while true {
            guard let offset = sector.littleEndian(at: cursor, as: UInt64.self),
                let size = sector.littleEndian(at: cursor + 8, as: UInt64.self)
            else { throw .damaged("a list of areas in the LVM2 label has no end") }
            cursor += 16
            if offset == 0 { return areas }
            guard areas.count < areaLimit else { throw .damaged("the LVM2 label lists too many areas") }
            areas.append(DiskArea(offset: Bytes(offset), size: Bytes(size)))
        }
    }
}
