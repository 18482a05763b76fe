/// What is mounted where, as `/proc/self/mountinfo` has it (proc(5)).
public struct MountTable: Hashable, Sendable {
    /// A mounted file system.
    public struct Entry: Hashable, Sendable {
        /// The number of its device, MAJOR:MINOR.
        public var number: String
        /// Where it is mounted.
        public var path: String
        /// How it is mounted there.
        public var options: [String]
        /// Its type.
        public var type: String
        /// What was mounted, as mount(2) was told.
        public var source: String
        /// How the file system itself was set up.
        public var fileSystemOptions: [String]
    }

    /// In the order in which they are on each other.
    public let entries: [Entry]

    /// Reads `text`. What is no line of such a table is passed over.
    public init(_ text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            guard words.count >= 10, let end = words[6...].firstIndex(of: "-"), words.count >= end + 4 else {
                return nil
            }
            return Entry(
                number: words[2], path: MountTable.plain(words[4]), options: MountTable.list(words[5]),
                type: words[end + 1], source: MountTable.plain(words[end + 2]),
                fileSystemOptions: MountTable.list(words[end + 3]))
        }
    }

    /// What is seen at `path`: the last that was mounted there; `nil` where nothing is.
    public func top(at path: String) -> Entry? {
        entries.last { $0.path == path }
    }

    private static func list(_ options: String) -> [String] {
        options.split(separator: ",").map { plain(String($0)) }
    }

    /// Without the escapes of white space and backslashes, three octal digits each (linux: fs/seq_file.c, `mangle_path`).
    private static func plain(_ text: String) -> String {
        let bytes = Array(text.utf8)
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
        return String(decoding: result, as: UTF8.self)
    }
}
