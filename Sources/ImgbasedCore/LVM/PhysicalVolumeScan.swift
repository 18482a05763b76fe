/// Why a device that bears an LVM2 label gave nothing.
public enum ScanError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It could not be read.
    case unreadable(String)
    /// What it holds is not as it should be.
    case damaged(String)

    /// The cause, one sentence without a full stop.
    public var description: String {
        switch self {
        case .unreadable(let reason): "it cannot be read: \(reason)"
        case .damaged(let reason): reason
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
    /// The group it belongs to, by its newest copy of the metadata; `nil` where it holds none, which is so for a
    /// physical volume of no group and for one that leaves the metadata to others.
    public let volumeGroup: VolumeGroup?
    /// Why its group should be left alone though it could be read, each one sentence.
    public let flaws: [String]

    /// The text of that copy, to be compared with other devices'.
    let text: [UInt8]

    /// Reads the label and the metadata of `source`, which people know as `path`.
    ///
    /// - Returns: `nil` where there is no LVM2 label.
    /// - Throws: where there is one, but it or every copy of the metadata is damaged.
    public static func read(_ source: some BlockSource, path: String) throws(ScanError) -> PhysicalVolumeScan?
    {
        let size = source.size.count
        let headLength = Int(min(size, UInt64(PhysicalVolumeLabel.scanLength)))
        let head: [UInt8]
        do throws(BlockReadError) {
            head = try source.exactly(headLength, at: 0)
        } catch {
            throw .unreadable(error.reason)
        }
        guard let label = try PhysicalVolumeLabel.find(in: head) else { return nil }
        var flaws: [String] = []
        var copies: [Copy] = []
        var damage: ScanError?
        for area in label.metadataAreas {
            do throws(ScanError) {
                if let copy = try Copy(of: area, in: source) { copies.append(copy) }
            } catch {
                damage = error
                flaws.append("on '\(path)', \(error)")
            }
        }
        if copies.isEmpty, let damage { throw damage }
        if let first = copies.first, copies.contains(where: { $0.text != first.text }) {
            flaws.append("the copies of the metadata on '\(path)' differ")
        }
        // A longer device than the label says may have grown, or be half of a mirror.
        if size != label.deviceSize.count, isArrayMember(source) {
            flaws.append("'\(path)' is a member of an md array")
        }
        let newest = copies.max { $0.group.sequenceNumber < $1.group.sequenceNumber }
        return PhysicalVolumeScan(
            path: path, id: label.id, deviceSize: label.deviceSize, actualSize: source.size,
            volumeGroup: newest?.group, flaws: flaws, text: newest?.text ?? [])
    }

    /// A copy of the metadata.
    private struct Copy {
        let text: [UInt8]
        let group: VolumeGroup

        /// Reads the copy in `area`; `nil` where there is none.
        init?(of area: DiskArea, in source: some BlockSource) throws(ScanError) {
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
            guard let location = try MetadataAreaHeader(bytes, of: area).location else { return nil }
            text = try MetadataAreaHeader.text(at: location, in: area, of: source)
            do throws(MetadataError) {
                group = try VolumeGroup(MetadataText(text))
            } catch {
                throw .damaged("the metadata is not understood: \(error)")
            }
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
