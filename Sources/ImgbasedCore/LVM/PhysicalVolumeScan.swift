/// Why a device that bears an LVM2 label gave nothing.
public enum ScanError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It could not be read.
    case unreadable(String)
    /// What it holds is not as it should be.
    case damaged(String)
    /// A head names a text that is not the one it was written for.
    case torn

    /// The cause, one sentence without a full stop.
    public var description: String {
        switch self {
        case .unreadable(let reason): "it cannot be read: \(reason)"
        case .damaged(let reason): reason
        case .torn: "the checksum of the metadata is wrong"
        }
    }
}

/// What one device gave.
public struct PhysicalVolumeScan: Hashable, Sendable {
    /// The device.
    public let path: String
    /// The physical volume's identifier.
    public let id: LVMIdentifier
    /// How long the device was when the label was written.
    public let deviceSize: Bytes
    /// How long it is.
    public let actualSize: Bytes
    /// How many places for metadata it has.
    public let areas: Int
    /// Whether it is among those that metadata is written to; their copy may be damaged.
    public let holdsMetadata: Bool
    /// Whether it is a part of an md array, which has the same label.
    public let isArrayMember: Bool
    /// What is wrong with copies of the metadata that it holds, each one sentence. It is a physical volume all the same.
    public let damages: [String]
    /// Whether no head leads to a text that is whole: `volumeGroup` is then the newest that is whole beside them, if there is one, and
    /// counts only where no disk has a better one.
    public let isTorn: Bool

    /// Whether a group was being made of it, and nothing of that was kept: it is marked as used, and each head names nothing, or the
    /// first text of a ring, which is not whole, and there is no other of this physical volume. No volume was ever on it.
    public let isUnbegun: Bool

    /// The copies of the metadata that can be read and are not the same.
    let copies: [MetadataReader.Copy]

    /// The group it belongs to, by its newest copy of the metadata; `nil` where it holds none that can be read, which is so for a
    /// physical volume of no group and for one that leaves the metadata to others.
    public var volumeGroup: VolumeGroup? { newest?.group }

    /// The text of the newest copy.
    var text: [UInt8] { newest?.text ?? [] }

    private var newest: MetadataReader.Copy? {
        // The first of the newest, as for lvm2.
        copies.max { $0.group.sequenceNumber < $1.group.sequenceNumber }
    }

    /// Reads the label and the metadata of `source`, which people know as `path`.
    ///
    /// - Parameter reader: Knows the texts of other devices.
    /// - Returns: `nil` where there is no LVM2 label.
    /// - Throws: where there is one, but it is damaged.
    public static func read(
        _ source: some BlockSource, path: String, by reader: inout MetadataReader
    ) throws(ScanError) -> PhysicalVolumeScan? {
        let size = source.size.count
        let headLength = Int(min(size, UInt64(PhysicalVolumeLabel.scanLength)))
        let head: [UInt8]
        do throws(BlockReadError) {
            head = try source.exactly(headLength, at: 0)
        } catch {
            throw .unreadable(error.reason)
        }
        guard let label = try PhysicalVolumeLabel.find(in: head) else { return nil }
        var damages: [String] = []
        var copies: [MetadataReader.Copy] = []
        var holdsMetadata = false
        var torn: [(area: DiskArea, location: MetadataAreaHeader.Location)] = []
        // Those that no group was written to, or only the first time.
        var unbegun = 0
        for area in label.metadataAreas {
            do throws(ScanError) {
                let header = try PhysicalVolumeScan.header(of: area, of: source)
                guard let location = header.location else {
                    if !header.isIgnored { unbegun += 1 }
                    continue
                }
                holdsMetadata = true
                do throws(ScanError) {
                    let copy = try PhysicalVolumeScan.copy(at: location, in: area, of: source, by: &reader)
                    if !copies.contains(where: { $0.text == copy.text }) { copies.append(copy) }
                } catch {
                    if error == .torn {
                        torn.append((area, location))
                        if location.offset == UInt64(MetadataAreaHeader.length) { unbegun += 1 }
                    }
                    throw error
                }
            } catch {
                holdsMetadata = true
                damages.append("on '\(path)', \(error)")
            }
        }
        let isTorn = copies.isEmpty && !torn.isEmpty
        var rings: [MetadataRing] = []
        if isTorn {
            for (area, location) in torn {
                do throws(ScanError) {
                    rings.append(try MetadataRing(beside: location, in: area, of: source))
                } catch {
                    damages.append("on '\(path)', \(error)")
                }
            }
            if let copy = MetadataRing.newest(of: rings, with: label.id, by: &reader) {
                copies.append(copy)
                damages.append(
                    "on '\(path)', change \(copy.group.sequenceNumber) of volume group '\(copy.group.name)' is the newest that is "
                        + "whole, a power cut has left no whole one after it")
            }
        }
        return PhysicalVolumeScan(
            path: path, id: label.id, deviceSize: label.deviceSize, actualSize: source.size,
            areas: label.metadataAreas.count, holdsMetadata: holdsMetadata,
            // A longer device than the label says may have grown, or be half of a mirror.
            isArrayMember: size != label.deviceSize.count && isArrayMember(source), damages: damages,
            isTorn: isTorn,
            isUnbegun: copies.isEmpty && unbegun > 0 && unbegun == label.metadataAreas.count
                && (isTorn || label.isUsed)
                // A text that cannot be read may be of a group whose ring has begun anew.
                && rings.count == torn.count && !rings.contains { $0.names(label.id) },
            copies: copies)
    }

    /// The head of `area`.
    private static func header(
        of area: DiskArea, of source: some BlockSource
    ) throws(ScanError) -> MetadataAreaHeader {
        let size = source.size.count
        guard area.offset.count < size, area.size.count <= size - area.offset.count,
            area.size.count > UInt64(MetadataAreaHeader.length)
        else { throw .damaged("a metadata area is not inside the device") }
        let bytes: [UInt8]
        do throws(BlockReadError) {
            bytes = try source.exactly(MetadataAreaHeader.length, at: area.offset.count)
        } catch {
            throw .unreadable(error.reason)
        }
        return try MetadataAreaHeader(bytes, of: area)
    }

    /// The copy of the metadata at `location` in `area`.
    private static func copy(
        at location: MetadataAreaHeader.Location, in area: DiskArea, of source: some BlockSource,
        by reader: inout MetadataReader
    ) throws(ScanError) -> MetadataReader.Copy {
        let text = try MetadataAreaHeader.text(at: location, in: area, of: source)
        do throws(MetadataError) {
            return try reader.read(text)
        } catch {
            throw .damaged("the metadata is not understood: \(error)")
        }
    }

    /// Whether an md superblock of version 0.90 or 1.0, which stand at the end, makes `source` a member of an array
    /// (linux: drivers/md/md.c, super_90_load and super_1_load). Those of 1.1 and 1.2 stand before the label and
    /// move it out of sight.
    private static func isArrayMember(_ source: some BlockSource) -> Bool {
        let size = source.size.count
        guard size >= 128 << 10 else { return false }
        let places = [
            size / (64 << 10) * (64 << 10) - (64 << 10), (size - (8 << 10)) / (4 << 10) * (4 << 10),
        ]
        return places.contains { place in
            let magic = try? source.exactly(4, at: place)
            return magic?.littleEndian(at: 0, as: UInt32.self) == 0xA92B_4EFC
        }
    }
}
