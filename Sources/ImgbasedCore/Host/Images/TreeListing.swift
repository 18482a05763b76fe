/// What the listing of a squashfs or tar says of it, line by line: `unsquashfs -lln` and `tar -tv --numeric-owner`
/// have the same columns: mode, owner, size, date, time, name.
public struct TreeListing: Hashable, Sendable {
    /// How much is in it.
    public private(set) var size = TreeSize()
    /// The image of a root file system in a live image, by its length.
    public private(set) var liveImage: Bytes?
    /// The largest of its large files.
    public private(set) var largest: LargeFile?
    private var seen: Set<String> = []

    /// Beyond this a line is not kept: names are at most 255 bytes long, paths 4096, and escapes four times that.
    public static let lineLimit = 20_000

    /// The files that are looked for, by what they say of the whole.
    private static let wanted: Set<String> = [
        "etc", "usr", "LiveOS/squashfs.img", "oci-layout", "index.json", "manifest.json",
    ]

    /// Nothing listed yet.
    public init() {}

    /// Whether it is the root of a system.
    public var isRoot: Bool { seen.isSuperset(of: ["etc", "usr"]) }

    /// Whether it is an archive in the OCI image layout.
    public var isOCI: Bool { seen.isSuperset(of: ["oci-layout", "index.json"]) }

    /// Why it is not an image of a root file system, as the end of a sentence.
    public var complaint: String {
        if seen.contains("LiveOS/squashfs.img") {
            return "it holds another squashfs, LiveOS/squashfs.img; give that"
        }
        if seen.contains("manifest.json") {
            return "it is an archive of docker save; make one in the OCI layout with 'skopeo copy'"
        }
        return "it has no root file system in it: there is no /etc or no /usr"
    }

    /// Takes the next line. What is no line of a listing is passed over: a name can have line ends in it.
    public mutating func add(_ line: some Collection<UInt8>) {
        let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
        guard let mode = fields.first, mode.count == 10, let kind = mode.first, fields.count >= 5 else {
            return
        }
        switch kind {
        case UInt8(ascii: "d"):
            size.add(TreeSize.blockSize)
            note(fields, kind, 0)
        case UInt8(ascii: "b"), UInt8(ascii: "c"), UInt8(ascii: "p"), UInt8(ascii: "s"), UInt8(ascii: "h"):
            size.add(0)
            note(fields, kind, 0)
        default:
            // A file, or what is unpacked as one: contiguous, or of a kind that the tool does not know.
            guard let length = TreeListing.number(fields[2]) else { return }
            // The target of a short link is in its inode.
            size.add(kind == UInt8(ascii: "l") && length < 60 ? 0 : length)
            if length > max(TreeSize.largeSize, largest?.size.count ?? 0) {
                largest = LargeFile(
                    name: fields.count < 6
                        ? "" : String(decoding: fields[5].prefix(200), as: UTF8.self).asMessageLine,
                    size: Bytes(length))
            }
            note(fields, kind, length)
        }
    }

    /// Takes into account that an archive of `length` bytes has it, not compressed.
    public mutating func limit(toArchive length: UInt64) { size.limit(toArchive: length) }

    /// Adds what another listing says: a further layer of the same tree.
    public mutating func add(_ other: TreeListing) {
        size.add(other.size)
        largest = [largest, other.largest].compactMap { $0 }.max { $0.size < $1.size }
        seen.formUnion(other.seen)
    }

    private mutating func note(
        _ fields: [some Collection<UInt8>], _ kind: UInt8, _ length: UInt64
    ) {
        // What is looked for is shorter.
        guard fields.count == 6, !isRoot || fields[5].count < 64 else { return }
        var name = String(decoding: fields[5].prefix(64), as: UTF8.self)[...]
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
        // The directories of an archive need not be listed.
        let first = name.prefix { $0 != "/" }
        if first == "etc" || first == "usr" { seen.insert(String(first)) }
    }

    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        UInt64(String(decoding: digits, as: UTF8.self))
    }
}
