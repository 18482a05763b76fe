import ImgbasedCore

/// A command that checks configuration in the new layer, or makes something of it there.
///
/// A line in `persist.d` is `check PATTERN… : COMMAND` or `make PATTERN… : COMMAND` (`PathPattern`). A blank in
/// a pattern has a `\` in front. The command is one for sh(1).
public struct CarryProgram: Hashable, Sendable {
    /// What the command is for.
    public enum Purpose: String, Hashable, Sendable, CaseIterable {
        /// It fails if the configuration is not valid.
        case check
        /// It makes indexes and the like of the configuration.
        case make
    }

    /// The exit status of sh(1) if a program is not there (POSIX.1-2017, XCU 2.8.2): then nothing uses the
    /// configuration.
    public static let missingStatus: Int32 = 127

    /// What the command is for.
    public var purpose: Purpose
    /// The paths of the configuration.
    public var patterns: [PathPattern]
    /// The command.
    public var command: String

    /// The program of a line, `rest` being what follows its first word.
    init(_ purpose: Purpose, parsing rest: [UInt8]) throws(ListProblem.Reason) {
        self.purpose = purpose
        patterns = []
        var line = ListLine(number: 0, bytes: rest)
        while !line.bytes.isEmpty, line.words.first != [UInt8(ascii: ":")] {
            let word = line.words.first
            let pattern: PathPattern
            do throws(PathPattern.Problem) { pattern = try PathPattern(word) } catch {
                throw .pattern(error, word)
            }
            if pattern.isEverything { throw .root }
            patterns.append(pattern)
            line.bytes = line.words.rest
        }
        command = String(decoding: line.words.rest, as: UTF8.self)
        if patterns.isEmpty { throw .pattern(.empty, []) }
        if command.isEmpty || command.utf8.contains(0) { throw .noCommand }
    }

    /// Whether an administrator's change that `item` tells is in the new layer, and concerns the configuration.
    func concerns(_ item: CarryItem) -> Bool {
        switch item.outcome {
        case .carried, .merged, .deleted, .conflict, .replaced: break
        case .failed, .omitted, .left, .unused, .refused, .reset: return false
        }
        return concerns(item.path)
    }

    /// Whether `path` is one of the configuration, or contains it.
    func concerns(_ path: TreePath) -> Bool {
        patterns.contains { $0.matches(path) || path.covers($0.literalPrefix) }
    }
}

extension CarryReport {
    /// The programs that have something to do after these changes, in order.
    public func due(_ purpose: CarryProgram.Purpose, of programs: [CarryProgram]) -> [CarryProgram] {
        programs.filter { program in program.purpose == purpose && items.contains(where: program.concerns) }
    }

    /// The files with merged lines that `program` reads.
    public func merged(for program: CarryProgram) -> [TreePath] {
        items.filter { $0.outcome == .merged && program.concerns($0) }.map(\.path)
    }
}
