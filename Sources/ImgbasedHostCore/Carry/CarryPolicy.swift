import ImgbasedCore

/// The treatment of a file on a change of base.
public enum CarryRule: String, Hashable, Sendable, CaseIterable {
    /// As in the old layer; a file missing there stays missing.
    case ours
    /// As in the new base; the administrator's changes are listed.
    case theirs
    /// Merged from the old base, the old layer and the new base.
    ///
    /// Without a rule, so is `/etc`, and what a list of merged paths names.
    case merge
    /// Merged, but no lines of a text: if both sides changed it, it is a conflict.
    ///
    /// For files in which the order of lines has a meaning, as in a stack of PAM.
    case whole
    /// Ignored: as in the new base, and not listed.
    case skip
    /// Merged; a conflict stops the update.
    case fail

    /// Whether the layer's version has a part in the result.
    var takesOurs: Bool { self != .theirs && self != .skip }
}

/// The rules by path in `/etc/imgbased/persist.d/*.conf`.
///
/// A line is `RULE PATTERN` (`CarryRule`, `PathPattern`), or names a program (`CarryProgram`); `#` begins a
/// comment. Files count in the order of their names (`NaturalOrder`). The last rule that matches decides, so
/// that a later, closer rule wins.
public struct CarryPolicy: Hashable, Sendable {
    /// A rule and its pattern.
    private struct Line: Hashable {
        var rule: CarryRule
        var pattern: PathPattern
        /// Every match is this path, or in it.
        var root: TreePath

        init(_ rule: CarryRule, _ pattern: PathPattern) {
            self.rule = rule
            self.pattern = pattern
            root = pattern.literalPrefix
        }

        /// Whether the line may match `path`, or something in it.
        func isNear(_ path: TreePath) -> Bool { path.covers(root) || root.covers(path) }

        /// Whether the line takes paths outside `/etc` into what is carried. One that names no place does not.
        var isOutside: Bool {
            rule.takesOurs && root != .root && !CarryScope.configuration.covers(root)
        }
    }

    private var lines: [Line] = []
    /// The programs that the new layer is given to, in the order of their lines.
    public private(set) var programs: [CarryProgram] = []
    /// Notes on files beside the rules that are not read.
    public var unread: [CarryItem] = []

    /// No rules except those for the identity of the machine.
    public init() {}

    /// The rules in `files`.
    ///
    /// Throws all lines that are not understood: with half a policy, nothing must be carried.
    public init(_ files: [String: [UInt8]]) throws(CarryPolicyError) {
        var problems: [ListProblem] = []
        for (file, contents) in files.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }) {
            for line in ListLine.lines(contents) {
                do throws(ListProblem.Reason) {
                    let (word, rest) = line.words
                    if let purpose = CarryProgram.Purpose(rawValue: String(decoding: word, as: UTF8.self)) {
                        programs.append(try CarryProgram(purpose, parsing: rest))
                    } else {
                        lines.append(try CarryPolicy.parse(line))
                    }
                } catch {
                    problems.append(ListProblem(file: file, line: line.number, reason: error))
                }
            }
        }
        if !problems.isEmpty { throw CarryPolicyError(problems: problems) }
    }

    /// The rule for `path`; `nil` if no line matches.
    public func rule(for path: TreePath) -> CarryRule? {
        if CarryPolicy.isIdentity(path) { return .ours }
        return lines.last { $0.pattern.matches(path) }?.rule
    }

    /// Whether a rule takes `path`, outside `/etc`, into what is carried.
    func carries(_ path: TreePath) -> Bool {
        lines.last { $0.pattern.matches(path) }?.isOutside == true
    }

    /// The path of a rule, without its pattern, that takes `path` into what is carried; `nil` if none does.
    func root(of path: TreePath) -> TreePath? {
        lines.last { $0.pattern.matches(path) }.flatMap { $0.isOutside ? $0.root : nil }
    }

    /// Whether something that a rule takes into what is carried may be in `path`, or contains it.
    func leads(through path: TreePath) -> Bool {
        lines.contains { $0.isOutside && $0.isNear(path) }
    }

    /// Whether a rule may be about something in `path`, or about all of it.
    func mayName(in path: TreePath) -> Bool { lines.contains { $0.isNear(path) } }

    /// Adds a rule that leaves out `path` and everything in it.
    mutating func leaveOut(_ path: TreePath) {
        lines.append(Line(.skip, PathPattern(literal: path)))
    }

    /// Whether `path` identifies this machine.
    ///
    /// Such a file is always the old layer's, whatever the rules say: two machines of one image must not
    /// share it, and a machine must not change it.
    public static func isIdentity(_ path: TreePath) -> Bool {
        identity.contains { $0.matches(path) }
    }

    /// The files that identify this machine: machine-id(5), sshd(8), gethostid(3), iSCSI, NVMe.
    private static let identity = [
        "/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/ssh/ssh_host_*", "/etc/hostid",
        "/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostid", "/etc/nvme/hostnqn",
    ].compactMap { try? PathPattern($0) }

    private static func parse(_ line: ListLine) throws(ListProblem.Reason) -> Line {
        if line.hasComment { throw .comment }
        let (word, rest) = line.words
        guard let rule = CarryRule(rawValue: String(decoding: word, as: UTF8.self)) else { throw .rule(word) }
        do throws(PathPattern.Problem) {
            return Line(rule, try PathPattern(rest))
        } catch {
            throw .pattern(error, rest)
        }
    }
}

/// A policy with lines that are not understood.
public struct CarryPolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The problems, in the order of the lines; at least one.
    public var problems: [ListProblem]

    /// The problems in one line.
    public var description: String {
        problems.map(\.description).joined(separator: "; ")
    }
}
