/// Why a device with an LVM2 label could not be used.
public enum ScanError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The device could not be read.
    case unreadable(String)
    /// The content of the device is damaged.
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

/// The result of reading one device.
public struct PhysicalVolumeScan: Hashable, Sendable {
    /// The path of the device.
    public let path: String
    /// The identifier of the physical volume.
    public let id: LVMIdentifier
    /// The length of the device when the label was written.
    public let deviceSize: Bytes
    /// The length of the device now.
    public let actualSize: Bytes
    /// The number of its metadata areas.
    public let areas: Int
    /// Whether metadata is written to this device; its copy may be damaged.
    public let holdsMetadata: Bool
    /// Whether the device is a member of an md array, which has the same label.
    public let isArrayMember: Bool
    /// Damage to copies of the metadata, each one sentence; the device is a physical volume all the same.
    public let damages: [String]
    /// Whether no head leads to a whole text.
    ///
    /// `volumeGroup` then comes from the newest whole text beside them, if any, and counts only if no disk
    /// has a better copy.
    public let isTorn: Bool

    /// Whether a power cut interrupted the creation of a group on the device before any of it was stored.
    ///
    /// The device is marked as used, and each head names nothing, or the first text of a ring, incomplete. No
    /// other text of this physical volume exists, so it never held a volume.
    public let isUnbegun: Bool

    /// The different readable copies of the metadata.
    let copies: [MetadataReader.Copy]

    /// The group of the device, from its newest copy of the metadata; `nil` without a readable copy.
    ///
    /// A physical volume has none if it is in no group or leaves the metadata to others.
    public var volumeGroup: VolumeGroup? { newest?.group }

    /// The text of the newest copy; empty without one.
    var text: [UInt8] { newest?.text ?? [] }

    private var newest: MetadataReader.Copy? {
        // The first of the newest copies, as in lvm2.
        copies.max { $0.group.sequenceNumber < $1.group.sequenceNumber }
    }

    /// Reads the label and the metadata of `source`, which messages call `path`.
    ///
    /// - Parameter reader: Keeps the texts of other devices.
    /// - Returns: `nil` without an LVM2 label.
    /// - Throws: if the label is damaged or cannot be read.
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
        // The areas that no group was written to, or only once.
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
                    "on '\(path)', a power cut has left change \(copy.group.sequenceNumber) of volume group "
                        + "'\(copy.group.name)' as the newest whole one")
            }
        }
        return PhysicalVolumeScan(
            path: path, id: label.id, deviceSize: label.deviceSize, actualSize: source.size,
            areas: label.metadataAreas.count, holdsMetadata: holdsMetadata,
            // A device longer than its label says may have grown, or be half of a mirror.
            isArrayMember: size != label.deviceSize.count && isArrayMember(source), damages: damages,
            isTorn: isTorn,
            isUnbegun: copies.isEmpty && unbegun > 0 && unbegun == label.metadataAreas.count
                && (isTorn || label.isUsed)
                // An unreadable text may belong to a group whose ring has started over.
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

    /// Whether an md superblock at the end makes `source` a member of an array.
    ///
    /// Versions 0.90 and 1.0 are at the end (linux: drivers/md/md.c, super_90_load and super_1_load).
    /// Versions 1.1 and 1.2 precede the label and move the label out of sight.
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
