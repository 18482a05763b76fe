/// A line of a list that says something: neither blank nor a comment, which has `#` as its first character. Blanks around
/// it are not part of it, unless a `\` stands before them.
struct ListLine: Hashable {
    /// Counted from 1.
    var number: Int
    /// Without blanks around it.
    var bytes: [UInt8]

    /// The lines of `contents` that say something.
    static func lines(_ contents: [UInt8]) -> [ListLine] {
        contents.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
            .compactMap { index, line in
                let bytes = trimmed(line)
                guard let first = bytes.first, first != UInt8(ascii: "#") else { return nil }
                return ListLine(number: index + 1, bytes: Array(bytes))
            }
    }

    /// The first word, and what follows it and blanks.
    var words: (first: [UInt8], rest: [UInt8]) {
        let end = bytes.firstIndex(where: ListLine.isBlank) ?? bytes.endIndex
        return (Array(bytes[..<end]), Array(ListLine.trimmed(bytes[end...])))
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line.drop(while: isBlank)
        while let last = line.last, isBlank(last), !isEscaped(line) { line = line.dropLast() }
        return line
    }

    /// Whether the last byte has an odd number of backslashes before it.
    private static func isEscaped(_ line: ArraySlice<UInt8>) -> Bool {
        let backslashes = line.dropLast().reversed().prefix { $0 == UInt8(ascii: "\\") }.count
        return !backslashes.isMultiple(of: 2)
    }

    private static func isBlank(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }
}

/// A line of a list that is not understood.
public struct ListProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file, as the reader was told.
    public var file: String
    /// The line, counted from 1.
    public var line: Int
    /// What is wrong with it.
    public var reason: Reason

    /// What is wrong with a line.
    public enum Reason: Error, Hashable, Sendable {
        /// The path.
        case pattern(PathPattern.Problem, [UInt8])
        /// The path is the root, and all there is would be meant.
        case root
        /// No rule of this name.
        case rule([UInt8])
    }

    /// `FILE:LINE: CAUSE`, on one line.
    public var description: String {
        let place = "\(EscapedText.escaped(file.utf8)):\(line)"
        return switch reason {
        case .pattern(.empty, _): "\(place): there is no path"
        case .pattern(let problem, let bytes): "\(place): '\(EscapedText.escaped(bytes))': \(problem)"
        case .root: "\(place): the path is the whole tree; name what is meant in it"
        case .rule(let word):
            "\(place): '\(EscapedText.escaped(word))' is no rule; use "
                + CarryRule.allCases.map(\.rawValue).joined(separator: ", ")
        }
    }
}
