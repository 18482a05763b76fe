import ImgbasedCore

/// The list of what is carried from layer to layer besides `/etc`, as `/config/files` and `/config/files.d/*` have it: one
/// `PathPattern` a line, `#` begins a comment.
public struct PersistList: Hashable, Sendable {
    /// The patterns that were understood, in order.
    public private(set) var patterns: [PathPattern] = []
    /// The lines that were not. What they mean is not guessed at.
    public private(set) var problems: [ListProblem] = []

    /// Nothing is on it.
    public init() {}

    /// Adds what is in the file `contents`, which problems call `file`.
    public mutating func add(_ contents: [UInt8], file: String) {
        for line in ListLine.lines(contents) {
            if line.hasComment {
                problems.append(ListProblem(file: file, line: line.number, reason: .comment))
                continue
            }
            do throws(PathPattern.Problem) {
                let pattern = try PathPattern(line.bytes)
                if pattern.isEverything {
                    problems.append(ListProblem(file: file, line: line.number, reason: .root))
                } else {
                    patterns.append(pattern)
                }
            } catch {
                problems.append(
                    ListProblem(file: file, line: line.number, reason: .pattern(error, line.bytes)))
            }
        }
    }

    /// Whether `path` is on the list, or something that it is in.
    public func matches(_ path: TreePath) -> Bool {
        patterns.contains { $0.matches(path) }
    }

    /// The paths on it that are no patterns.
    var literals: [TreePath] { patterns.filter(\.isLiteral).map(\.literalPrefix) }

    /// Where to look for what is on the list: every match is one of these or in one. In order, none in another.
    public var roots: [TreePath] {
        let roots = Set(patterns.map(\.literalPrefix))
        return roots.filter { root in
            var place = root
            while let parent = place.parent {
                if roots.contains(parent) { return false }
                place = parent
            }
            return true
        }.sorted()
    }
}
