import ImgbasedCore

/// The list of what is carried besides `/etc`, from `/config/files` and `/config/files.d/*`.
///
/// Each line is a `PathPattern`; `#` begins a comment.
public struct PersistList: Hashable, Sendable {
    /// The patterns of the lines understood, in order.
    public private(set) var patterns: [PathPattern] = []
    /// The problems of the other lines. Their meaning is not guessed.
    public private(set) var problems: [ListProblem] = []

    /// An empty list.
    public init() {}

    /// Adds the lines of `contents`; problems name the file as `file`.
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

    /// Whether `path`, or something that contains it, is on the list.
    public func matches(_ path: TreePath) -> Bool {
        patterns.contains { $0.matches(path) }
    }

    /// The listed paths that are no patterns.
    var literals: [TreePath] { patterns.filter(\.isLiteral).map(\.literalPrefix) }

    /// Where to look for matches: each is one of these, or in one.
    ///
    /// In order; none is in another.
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
