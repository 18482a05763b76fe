/// The texts in the ring of a metadata area, except the one that its head names.
///
/// lvm2's dump_search in tools/pvck.c finds them in the same way.
///
/// lvm2 writes a text and the head that names it without a flush in between, in all areas of a disk at once.
/// So a power cut can leave all heads with incomplete texts, and lvm2 then no longer knows the group. The
/// text before is whole, because a new text never overwrites it.
struct MetadataRing {
    /// A text that is whole, judged by its form.
    struct Text: Hashable {
        /// The text with its final zero byte.
        let bytes: [UInt8]
        let id: LVMIdentifier
        let sequenceNumber: UInt32
        /// Whether it follows the text that the head names, as a text about to be committed does.
        let isBehind: Bool
    }

    /// The texts in the order of the ring; a text that `isBehind` is the first.
    let texts: [Text]

    private static let sector = Int(Sectors.size)

    /// Reads the ring of `area` once, up to the longest text allowed; the head names the text at `location`.
    init(
        beside location: MetadataAreaHeader.Location, in area: DiskArea, of source: some BlockSource
    ) throws(ScanError) {
        let header = UInt64(MetadataAreaHeader.length)
        let length = area.size.count - header
        // lvm2 begins texts at whole sectors, and makes areas of whole sectors.
        let size = UInt64(MetadataRing.sector)
        guard location.offset % size == 0, area.size.count % size == 0 else {
            texts = []
            return
        }
        let named = (location.size + size - 1) / size * size
        let all = length - min(named, length)
        let count = min(all, MetadataAreaHeader.textLimit)
        let begin = (location.offset - header + named + (all - count)) % length
        let beforeEnd = min(count, length - begin)
        var ring: [UInt8]
        do throws(BlockReadError) {
            let start = area.offset.count + header
            ring = try source.exactly(Int(beforeEnd), at: start + begin)
            if beforeEnd < count { ring += try source.exactly(Int(count - beforeEnd), at: start) }
        } catch {
            throw .unreadable(error.reason)
        }
        texts = MetadataRing.texts(in: ring, isBehind: count == all)
    }

    /// - Parameter isBehind: Whether the first byte of `ring` follows the text that the head names.
    private static func texts(in ring: [UInt8], isBehind: Bool) -> [Text] {
        var texts: [Text] = []
        var begun: (start: Int, id: LVMIdentifier, sequenceNumber: UInt32)?
        for start in stride(from: 0, to: ring.count, by: sector) {
            let part = ring[start..<min(start + sector, ring.count)]
            if let (id, number) = beginning(of: part) { begun = (start, id, number) }
            guard let text = begun, let end = part.firstIndex(of: 0) else { continue }
            begun = nil
            let bytes = ring[text.start...end]
            // The last line, the time, is followed by an empty one.
            guard bytes.dropLast().suffix(2) == [0x0a, 0x0a] else { continue }
            texts.append(
                Text(
                    bytes: Array(bytes), id: text.id, sequenceNumber: text.sequenceNumber,
                    isBehind: isBehind && text.start == 0))
        }
        return texts
    }

    /// The identifier and change number if `bytes` begin like the text of a group, without a section first.
    ///
    /// lvm2: _print_vg in lib/format_text/export.c.
    private static func beginning(of bytes: ArraySlice<UInt8>) -> (LVMIdentifier, UInt32)? {
        func end(of text: StaticString, at index: Int) -> Int? {
            bytes.has(text, at: index - bytes.startIndex) ? index + text.utf8CodeUnitCount : nil
        }
        let identifierLength = 38
        guard let first = bytes.first, first > UInt8(ascii: " "),
            let space = bytes.prefix(VolumeName.readLimit + 1).firstIndex(of: UInt8(ascii: " ")),
            let id = end(of: " {\nid = \"", at: space), id + identifierLength <= bytes.endIndex,
            let number = end(of: "\"\nseqno = ", at: id + identifierLength),
            let line = bytes[number...].firstIndex(of: UInt8(ascii: "\n")),
            let identifier = LVMIdentifier(
                String(decoding: bytes[id..<id + identifierLength], as: UTF8.self)),
            let sequenceNumber = UInt32(String(decoding: bytes[number..<line], as: UTF8.self))
        else { return nil }
        return (identifier, sequenceNumber)
    }

    /// Whether any text, even an unreadable one, names the physical volume `id`.
    ///
    /// Texts of an earlier use of the disk do not: pvcreate gives each physical volume a new identifier.
    func names(_ id: LVMIdentifier) -> Bool {
        let word = Array(id.description.utf8)
        return texts.contains { text in
            text.bytes.indices.dropLast(word.count).contains { start in
                text.bytes[start] == word[0] && text.bytes[start..<(start + word.count)].elementsEqual(word)
            }
        }
    }

    /// The newest text of `rings` that describes a group with the physical volume `id` and is fully readable.
    ///
    /// A text found in two areas comes first: it was flushed only when both had it. The groups considered are
    /// those of the last text written in each ring. Each text is parsed once, so the work grows with the
    /// length of the rings.
    static func newest(
        of rings: [MetadataRing], with id: LVMIdentifier, by reader: inout MetadataReader
    ) -> MetadataReader.Copy? {
        var seen: Set<[UInt8]> = []
        var common: Set<[UInt8]> = []
        for ring in rings {
            let texts = Set(ring.texts.map { $0.bytes })
            common.formUnion(texts.intersection(seen))
            seen.formUnion(texts)
        }
        let groups = rings.compactMap { ring in ring.texts.last { !$0.isBehind }?.id }
        var candidates = rings.flatMap { $0.texts }.filter { groups.contains($0.id) }
        candidates.sort { one, other in
            if one.isBehind != other.isBehind { return other.isBehind }
            let (isOne, isOther) = (common.contains(one.bytes), common.contains(other.bytes))
            if isOne != isOther { return isOne }
            return one.sequenceNumber > other.sequenceNumber
        }
        for text in candidates where seen.remove(text.bytes) != nil {
            guard let copy = try? reader.read(text.bytes) else { continue }
            let group = copy.group
            if group.id == text.id, group.sequenceNumber == text.sequenceNumber, group.isRead,
                group.physicalVolumes.contains(where: { $0.id == id })
            {
                return copy
            }
        }
        return nil
    }
}
