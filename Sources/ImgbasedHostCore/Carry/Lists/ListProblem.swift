import ImgbasedCore

/// A line of a list that is not understood.
public struct ListProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The name of the file, as the caller gave it.
    public var file: String
    /// The number of the line, from 1.
    public var line: Int
    /// The problem of the line.
    public var reason: Reason

    /// The problem of a line.
    public enum Reason: Error, Hashable, Sendable {
        /// The path is no valid pattern.
        case pattern(PathPattern.Problem, [UInt8])
        /// The path is the root, which would mean everything.
        case root
        /// Something behind the path looks like a comment, and would be part of the path.
        case comment
        /// A line for a program has no ` : COMMAND`.
        case noCommand
        /// The word names no rule.
        case rule([UInt8])
    }

    /// `FILE:LINE: CAUSE`, on one line.
    public var description: String {
        let place = "\(EscapedText.escaped(file.utf8)):\(line)"
        return switch reason {
        case .pattern(.empty, _): "\(place): there is no path"
        case .pattern(let problem, let bytes): "\(place): '\(EscapedText.escaped(bytes))': \(problem)"
        case .root: "\(place): the path is the whole tree; name a path in it"
        case .comment:
            "\(place): a comment has a line of its own; write '\\#' for the character in a path"
        case .noCommand: "\(place): there is no ' : ' with a command behind it"
        case .rule(let word):
            "\(place): '\(EscapedText.escaped(word))' is no rule; use "
                + (CarryRule.allCases.map(\.rawValue) + CarryProgram.Purpose.allCases.map(\.rawValue))
                .joined(separator: ", ")
        }
    }
}
