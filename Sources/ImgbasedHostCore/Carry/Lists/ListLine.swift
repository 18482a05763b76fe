import ImgbasedCore

/// A line of a list with content: neither blank nor a comment, which begins with `#`.
///
/// Blanks around the content are dropped, unless a `\` precedes them.
struct ListLine: Hashable {
    /// The number of the line, from 1.
    var number: Int
    /// The content, without blanks around it.
    var bytes: [UInt8]

    /// The lines of `contents` that are neither blank nor comments.
    static func lines(_ contents: [UInt8]) -> [ListLine] {
        contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .compactMap { index, line in
                let bytes = trimmed(line)
                guard let first = bytes.first, first != UInt8(ascii: "#") else { return nil }
                return ListLine(number: index + 1, bytes: Array(bytes))
            }
    }

    /// The first word, and the rest after blanks. A blank with a `\` in front is part of a word.
    var words: (first: [UInt8], rest: [UInt8]) {
        let end =
            bytes.indices.first { ListLine.isBlank(bytes[$0]) && !ListLine.isEscaped(bytes[...$0]) }
            ?? bytes.endIndex
        return (Array(bytes[..<end]), Array(ListLine.trimmed(bytes[end...])))
    }

    /// Whether a `#` after a blank looks like a comment, unless a `\` precedes either.
    var hasComment: Bool {
        bytes.indices.dropFirst().contains { index in
            bytes[index] == UInt8(ascii: "#") && ListLine.isBlank(bytes[index - 1])
                && !ListLine.isEscaped(bytes[..<index])
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last), !isEscaped(line) { line = line.dropLast() }
        return line
    }

    /// Whether an odd number of backslashes precedes the last byte.
    private static func isEscaped(_ line: ArraySlice<UInt8>) -> Bool {
        let backslashes = line.dropLast().reversed().prefix { $0 == UInt8(ascii: "\\") }.count
        return !backslashes.isMultiple(of: 2)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}
