import ImgbasedCore

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
        /// What looks like a comment behind it, and would be part of the path.
        case comment
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
        case .comment:
            "\(place): a comment has a line of its own; write '\\#' for the character in a path"
        case .rule(let word):
            "\(place): '\(EscapedText.escaped(word))' is no rule; use "
                + CarryRule.allCases.map(\.rawValue).joined(separator: ", ")
        }
    }
}
