public import ImgbasedCore

/// The listing of a squashfs or tar, read line by line. `unsquashfs -lln` and `tar -tv --numeric-owner` have
/// the same columns: mode, owner, size, date, time, name.
public struct TreeListing: Hashable, Sendable {
    /// The size of the listed tree.
    public private(set) var size = TreeSize()
    /// The length of the root file-system image in a live image; `nil` if there is none.
    public private(set) var liveImage: Bytes?
    /// The largest of the large files; `nil` if none.
    public private(set) var largest: LargeFile?
    /// The first entry that a layer of an OCI image must not have, as the end of a sentence; `nil` if none.
    public private(set) var strange: String?
    private let isLayer: Bool
    private var seen: Set<String> = []

    /// The maximum length of a line in bytes: names have at most 255 bytes, paths 4096, and escapes are four
    /// times as long.
    public static let lineLimit = 20_000

    /// The files that tell the kind of image.
    private static let wanted: Set<String> = [
        "etc", "usr", "LiveOS/squashfs.img", "oci-layout", "index.json", "manifest.json",
    ]

    /// An empty listing, of a layer of an OCI image or of another image.
    public init(isLayer: Bool = false) {
        self.isLayer = isLayer
    }

    /// Whether the tree is the root of a system.
    public var isRoot: Bool { seen.isSuperset(of: ["etc", "usr"]) }

    /// Whether the tree is an archive in the OCI image layout.
    public var isOCI: Bool { seen.isSuperset(of: ["oci-layout", "index.json"]) }

    /// Why the tree is not an image of a root file system, as the end of a sentence.
    public var problem: String {
        if seen.contains("LiveOS/squashfs.img") {
            return "it holds another squashfs, LiveOS/squashfs.img; give that"
        }
        if seen.contains("manifest.json") {
            return "it is an archive of docker save; make one in the OCI layout with 'skopeo copy'"
        }
        return "it has no root file system in it: there is no /etc or no /usr"
    }

    /// Reads the next line. Other lines are skipped: a name can contain line ends.
    public mutating func add(_ line: [UInt8]) {
        line.withUnsafeBytes { add($0) }
    }

    /// The same for a line in memory: there can be millions.
    public mutating func add(_ line: UnsafeRawBufferPointer) {
        var rest = line[...]
        let mode = TreeListing.field(&rest)
        _ = TreeListing.field(&rest)
        let amount = TreeListing.field(&rest)
        _ = TreeListing.field(&rest)
        guard mode.count == 10, let kind = mode.first, !TreeListing.field(&rest).isEmpty else { return }
        let name = rest.drop { $0 == UInt8(ascii: " ") }
        if isLayer, strange == nil { strange = TreeListing.strange(name, kind) }
        switch kind {
        case UInt8(ascii: "d"):
            size.add(TreeSize.blockSize)
            note(name, kind, 0)
        case UInt8(ascii: "b"), UInt8(ascii: "c"), UInt8(ascii: "p"), UInt8(ascii: "s"), UInt8(ascii: "h"):
            size.add(0)
            note(name, kind, 0)
        default:
            // A file, or an entry unpacked as one: contiguous, or of a kind unknown to the tool.
            guard let length = TreeListing.number(amount) else { return }
            // The target of a short link is in its inode.
            size.add(kind == UInt8(ascii: "l") && length < 60 ? 0 : length)
            if length > max(TreeSize.largeSize, largest?.size.count ?? 0) {
                largest = LargeFile(
                    name: String(decoding: name.prefix(200), as: UTF8.self).asMessageLine,
                    size: Bytes(length))
            }
            note(name, kind, length)
        }
    }

    /// Applies the length of an uncompressed archive with the tree.
    public mutating func limit(toArchive length: UInt64) { size.limit(toArchive: length) }

    /// Adds another listing: a further layer of the same tree.
    public mutating func add(_ other: TreeListing) {
        size.add(other.size)
        largest = [largest, other.largest].compactMap { $0 }.max { $0.size < $1.size }
        seen.formUnion(other.seen)
    }

    private mutating func note(_ path: Slice<UnsafeRawBufferPointer>, _ kind: UInt8, _ length: UInt64) {
        // The wanted names are shorter.
        guard !path.isEmpty, !isRoot || path.count < 64 else { return }
        var name = String(decoding: path.prefix(64), as: UTF8.self)[...]
        if kind == UInt8(ascii: "l") {
            // `bin -> usr/bin`
            name = name.split(separator: " ").first ?? ""
        }
        for prefix in ["squashfs-root/", "./", "/"] where name.hasPrefix(prefix) {
            name = name.dropFirst(prefix.count)
        }
        if name.hasSuffix("/") { name = name.dropLast() }
        if name == "LiveOS/rootfs.img", kind == UInt8(ascii: "-") { liveImage = Bytes(length) }
        if TreeListing.wanted.contains(String(name)) { seen.insert(String(name)) }
        // An archive need not list its directories.
        let first = name.prefix { $0 != "/" }
        if first == "etc" || first == "usr" { seen.insert(String(first)) }
    }

    /// Takes the next word from `rest`.
    private static func field(_ rest: inout Slice<UnsafeRawBufferPointer>) -> Slice<UnsafeRawBufferPointer> {
        let blank = UInt8(ascii: " ")
        guard let start = rest.firstIndex(where: { $0 != blank }) else {
            rest = rest[rest.endIndex...]
            return rest
        }
        let end = rest[start...].firstIndex(of: blank) ?? rest.endIndex
        defer { rest = rest[end...] }
        return rest[start..<end]
    }

    private static func number(_ digits: Slice<UnsafeRawBufferPointer>) -> UInt64? {
        var result: UInt64 = 0
        for digit in digits {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            let (shifted, isTooLarge) = result.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = shifted.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
            if isTooLarge || overflows { return nil }
            result = sum
        }
        return digits.isEmpty ? nil : result
    }

    // MARK: Layers

    /// Why a layer must not have an entry of that `kind` and `path`, as the end of a sentence; `nil` if it
    /// may.
    ///
    /// A whiteout deletes one name beside it (opencontainers/image-spec: layer.md, whiteouts). It must not
    /// stand for nothing, its own directory or the one above, as umoci(1) would read it. No name may lead
    /// upwards.
    private static func strange(_ path: Slice<UnsafeRawBufferPointer>, _ kind: UInt8) -> String? {
        var names = path.split(separator: UInt8(ascii: "/"))
        // `NAME -> TARGET`; the target may be anything.
        if kind == UInt8(ascii: "l"), let arrow = names.firstIndex(where: { hasArrow($0) }) {
            names = Array(names[...arrow])
        }
        for name in names {
            let text = String(decoding: name.prefix(16), as: UTF8.self)
            let first = text.prefix { $0 != " " }
            switch kind == UInt8(ascii: "l") || kind == UInt8(ascii: "h") ? String(first) : text {
            case ".wh.", ".wh..", ".wh...":
                return "'\(first)' in a layer of it names nothing that could be deleted; get it again"
            case "..": return "a name in a layer of it leads upwards; get it again"
            default: continue
            }
        }
        return nil
    }

    private static func hasArrow(_ name: Slice<UnsafeRawBufferPointer>) -> Bool {
        String(decoding: name, as: UTF8.self).contains(" -> ")
    }
}
