/// The first sector of a metadata area, which locates the metadata inside the area.
///
/// lvm2: struct mda_header and raw_locn in lib/format_text/layout.h.
///
/// The rest of the area is a ring: each new text follows the last one, and continues directly after the
/// header when it reaches the end.
public struct MetadataAreaHeader: Hashable, Sendable {
    /// A text in the ring.
    public struct Location: Hashable, Sendable {
        /// The start of the text, in bytes from the start of the area.
        public let offset: UInt64
        /// The length of the text in bytes.
        public let size: UInt64
        /// The LVM2 checksum of the text.
        public let checksum: UInt32
    }

    /// The length of the header in bytes.
    public static let length = 512

    /// The longest text accepted, in bytes.
    ///
    /// Areas are 1 MiB by default, and 16 MiB of text describe tens of thousands of volumes. Without a limit,
    /// a damaged number could use all memory of the initramfs.
    public static let textLimit: UInt64 = 16 << 20

    /// The committed text; `nil` if the area is empty or to be ignored.
    public let location: Location?
    /// Whether the area is to be ignored, because other disks have the metadata.
    public let isIgnored: Bool

    private static let ignored: UInt32 = 1

    /// Reads the header of `area` from its first `length` bytes.
    ///
    /// - Throws: the damage of the header.
    public init(_ bytes: [UInt8], of area: DiskArea) throws(ScanError) {
        let length = MetadataAreaHeader.length
        guard bytes.count == length, bytes.has(" LVM2 x[5A%r0N*>", at: 4) else {
            throw .damaged("a metadata area has no header")
        }
        guard bytes.littleEndian(at: 0, as: UInt32.self) == LVMChecksum.of(bytes.dropFirst(4)) else {
            throw .damaged("the checksum of a metadata area's header is wrong")
        }
        guard bytes.littleEndian(at: 20, as: UInt32.self) == 1 else {
            throw .damaged("the version of a metadata area is not known")
        }
        guard bytes.littleEndian(at: 24) == area.offset.count, bytes.littleEndian(at: 32) == area.size.count
        else {
            throw .damaged("a metadata area is not where its header says")
        }
        guard let offset = bytes.littleEndian(at: 40, as: UInt64.self),
            let size = bytes.littleEndian(at: 48, as: UInt64.self),
            let checksum = bytes.littleEndian(at: 56, as: UInt32.self),
            let flags = bytes.littleEndian(at: 60, as: UInt32.self)
        else { throw .damaged("a metadata area has no header") }
        guard flags & ~MetadataAreaHeader.ignored == 0 else {
            throw .damaged("a metadata area has flags that are not known")
        }
        isIgnored = flags & MetadataAreaHeader.ignored != 0
        // Slot 0 is the committed text. Slot 1 is a text that a command was about to commit, and is never
        // used.
        if offset == 0 || isIgnored {
            location = nil
            return
        }
        guard offset >= UInt64(length), offset < area.size.count, size > 0,
            size <= MetadataAreaHeader.textLimit, size <= area.size.count - UInt64(length)
        else { throw .damaged("a metadata area's text is not inside it") }
        location = Location(offset: offset, size: size, checksum: checksum)
    }

    /// Reads the text at `location` in `area`, and verifies its checksum.
    public static func text(
        at location: Location, in area: DiskArea, of source: some BlockSource
    ) throws(ScanError) -> [UInt8] {
        let beforeEnd = min(location.size, area.size.count - location.offset)
        var text: [UInt8]
        do throws(BlockReadError) {
            text = try source.exactly(Int(beforeEnd), at: area.offset.count + location.offset)
            if beforeEnd < location.size {
                text += try source.exactly(
                    Int(location.size - beforeEnd), at: area.offset.count + UInt64(length))
            }
        } catch {
            throw .unreadable(error.reason)
        }
        guard LVMChecksum.of(text) == location.checksum else { throw .torn }
        return text
    }
}
