/// A parsed metadata text: keys with values, lists and sections (lvm2: libdm/libdm-config.c).
///
/// ```
/// HostVG {
///     seqno = 11              # a comment
///     status = ["READ", "WRITE"]
/// }
/// ```
///
/// Forms that LVM2 never writes are errors, unlike in lvm2: unquoted texts and octal numbers. The reader of a
/// section judges a key that occurs twice (`MetadataNode.repeatedKey`).
public struct MetadataText: Hashable, Sendable {
    /// The deepest nesting of sections allowed; LVM2 needs five levels.
    public static let depthLimit = 16
    /// The most keys and values allowed; with the length of the text, this bounds their memory.
    public static let nodeLimit = 1 << 20

    /// The whole text as one section without a name.
    public let root: MetadataNode

    /// Parses `text` up to its end or to a zero byte.
    public init(_ text: [UInt8]) throws(MetadataError) {
        try self.init(text, nodeLimit: MetadataText.nodeLimit)
    }

    init(_ text: [UInt8], nodeLimit: Int) throws(MetadataError) {
        var parser = MetadataParser(text, nodeLimit: nodeLimit)
        root = try parser.parse()
    }
}

/// Recursive descent over the bytes, in one pass.
private struct MetadataParser {
    private let bytes: [UInt8]
    private var index = 0
    private var line = 1
    private var nodesLeft: Int

    init(_ bytes: [UInt8], nodeLimit: Int) {
        self.bytes = bytes
        nodesLeft = nodeLimit
    }

    mutating func parse() throws(MetadataError) -> MetadataNode {
        let nodes = try section(depth: 0)
        return MetadataNode(key: "", line: 1, content: .section(nodes))
    }

    /// The nodes up to the bracket that ends the section or, at depth 0, up to the end.
    private mutating func section(depth: Int) throws(MetadataError) -> [MetadataNode] {
        guard depth <= MetadataText.depthLimit else { throw error("sections are nested too deeply") }
        var nodes: [MetadataNode] = []
        while true {
            skipSpace()
            guard let byte = current else {
                if depth == 0 { break }
                throw error("a section is not closed")
            }
            if byte == UInt8(ascii: "}") {
                guard depth > 0 else { throw error("'}' without '{'") }
                index += 1
                break
            }
            nodes.append(try node(depth: depth))
        }
        return nodes
    }

    private mutating func node(depth: Int) throws(MetadataError) -> MetadataNode {
        try count()
        let line = line
        let key = try key()
        skipSpace()
        switch current {
        case UInt8(ascii: "{"):
            index += 1
            return MetadataNode(key: key, line: line, content: .section(try section(depth: depth + 1)))
        case UInt8(ascii: "="):
            index += 1
            skipSpace()
            if current == UInt8(ascii: "[") {
                index += 1
                return MetadataNode(key: key, line: line, content: .list(try list()))
            }
            return MetadataNode(key: key, line: line, content: .value(try value()))
        default:
            throw error("'=' or '{' is missing after '\(key)'")
        }
    }

    private mutating func key() throws(MetadataError) -> String {
        let start = index
        while let byte = current, MetadataParser.isKey(byte) {
            index += 1
        }
        guard index > start else { throw error("a key is missing") }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func list() throws(MetadataError) -> [MetadataValue] {
        var values: [MetadataValue] = []
        skipSpace()
        while current != UInt8(ascii: "]") {
            values.append(try value())
            skipSpace()
            if current == UInt8(ascii: ",") {
                index += 1
                skipSpace()
            } else if current != UInt8(ascii: "]") {
                throw error("',' or ']' is missing")
            }
        }
        index += 1
        return values
    }

    private mutating func value() throws(MetadataError) -> MetadataValue {
        try count()
        switch current {
        case UInt8(ascii: "\"")?, UInt8(ascii: "'")?:
            return .string(try string())
        case (UInt8(ascii: "0")...UInt8(ascii: "9"))?, UInt8(ascii: "+")?, UInt8(ascii: "-")?,
            UInt8(ascii: ".")?:
            return try number()
        default:
            throw error("a value is missing")
        }
    }

    /// A text in quotation marks or apostrophes.
    ///
    /// Between quotation marks, a backslash escapes only a quotation mark or a backslash; any other backslash
    /// is literal. Between apostrophes nothing is escaped.
    private mutating func string() throws(MetadataError) -> String {
        let mark = bytes[index]
        let escape: UInt8? = mark == UInt8(ascii: "\"") ? UInt8(ascii: "\\") : nil
        index += 1
        let start = index
        let startLine = line
        var hasEscapes = false
        while let byte = current, byte != mark {
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte == escape, let next = byteAfter(index), next == mark || next == escape {
                hasEscapes = true
                index += 1
            }
            index += 1
        }
        guard current == mark else {
            throw MetadataError(line: startLine, reason: "a text is not closed")
        }
        let raw = bytes[start..<index]
        index += 1
        guard hasEscapes, let escape else { return String(decoding: raw, as: UTF8.self) }
        var plain: [UInt8] = []
        plain.reserveCapacity(raw.count)
        var position = raw.startIndex
        while position < raw.endIndex {
            let next = position + 1
            if raw[position] == escape, next < raw.endIndex, raw[next] == mark || raw[next] == escape {
                position = next
            }
            plain.append(raw[position])
            position += 1
        }
        return String(decoding: plain, as: UTF8.self)
    }

    private mutating func number() throws(MetadataError) -> MetadataValue {
        let start = index
        if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
        let digits = index
        var isDecimal = false
        while let byte = current {
            if byte == UInt8(ascii: "."), !isDecimal {
                isDecimal = true
            } else if !MetadataParser.isDigit(byte) {
                break
            }
            index += 1
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if let byte = current, MetadataParser.isKey(byte) { throw error("'\(text)…' is not a number") }
        if isDecimal {
            guard index - digits > 1 else { throw error("'\(text)' is not a number") }
            return .decimal(text)
        }
        // lvm2 reads a number with a leading zero as octal, and never writes one.
        let isOctal = index - digits > 1 && bytes[digits] == UInt8(ascii: "0")
        guard !isOctal, let value = Int64(text) else {
            throw error("'\(text)' is not a number in range")
        }
        return .integer(value)
    }

    // MARK: Bytes

    /// The byte at the cursor; `nil` at the end or at a zero byte.
    private var current: UInt8? {
        index < bytes.count && bytes[index] != 0 ? bytes[index] : nil
    }

    private func byteAfter(_ index: Int) -> UInt8? {
        index + 1 < bytes.count ? bytes[index + 1] : nil
    }

    private mutating func skipSpace() {
        while let byte = current {
            if byte == UInt8(ascii: "#") {
                while let byte = current, byte != UInt8(ascii: "\n") { index += 1 }
            } else if MetadataParser.isSpace(byte) {
                if byte == UInt8(ascii: "\n") { line += 1 }
                index += 1
            } else {
                return
            }
        }
    }

    private mutating func count() throws(MetadataError) {
        guard nodesLeft > 0 else { throw error("there are too many keys and values") }
        nodesLeft -= 1
    }

    private func error(_ reason: String) -> MetadataError {
        MetadataError(line: line, reason: reason)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (9...13).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Whether `byte` may occur in the name of a volume, and so in a key.
    private static func isKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "."),
            UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}
