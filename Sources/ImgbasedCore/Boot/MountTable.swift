/// The mounted file systems and their places, from `/proc/self/mountinfo` (proc(5)).
public struct MountTable: Hashable, Sendable {
    /// A mounted file system.
    public struct Entry: Hashable, Sendable {
        /// The device number, MAJOR:MINOR.
        public var number: String
        /// The mounted directory of the file system, byte for byte.
        public var root: [UInt8]
        /// The mount point, byte for byte.
        public var place: [UInt8]
        /// The options of this mount.
        public var options: [String]
        /// The type of the file system.
        public var type: String
        /// The source that mount(2) was given.
        public var source: String
        /// The options of the file system itself.
        public var fileSystemOptions: [String]

        /// The mount point as text.
        public var path: String { String(decoding: place, as: UTF8.self) }
    }

    /// The mounts in order; a later one covers an earlier one at the same place.
    public let entries: [Entry]

    /// Reads `text`; lines of another form are skipped.
    public init(_ text: some Sequence<UInt8>) {
        entries = Array(text).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
            guard words.count >= 10, let end = words[6...].firstIndex(where: { $0 == [UInt8(ascii: "-")] }),
                words.count >= end + 4
            else { return nil }
            return Entry(
                number: MountTable.text(words[2]), root: MountTable.plain(words[3]),
                place: MountTable.plain(words[4]),
                options: MountTable.list(words[5]), type: MountTable.text(words[end + 1]),
                source: MountTable.text(MountTable.plain(words[end + 2])[...]),
                fileSystemOptions: MountTable.list(words[end + 3]))
        }
    }

    /// The mount visible at `path`, which is the last one made there; `nil` without any.
    public func top(at path: String) -> Entry? {
        let place = Array(path.utf8)
        return entries.last { $0.place == place }
    }

    private static func text(_ word: ArraySlice<UInt8>) -> String {
        String(decoding: Array(word), as: UTF8.self)
    }

    private static func list(_ options: ArraySlice<UInt8>) -> [String] {
        options.split(separator: UInt8(ascii: ",")).map { text(plain($0)[...]) }
    }

    /// Removes the escapes, three octal digits each (linux: fs/seq_file.c, `mangle_path`).
    public static func plain(_ word: ArraySlice<UInt8>) -> [UInt8] {
        let bytes = Array(word)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            let digits = bytes[(index + 1)...].prefix(3)
            if bytes[index] == UInt8(ascii: "\\"), digits.count == 3,
                digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }),
                let byte = UInt8(String(decoding: Array(digits), as: UTF8.self), radix: 8)
            {
                result.append(byte)
                index += 4
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return result
    }
}
