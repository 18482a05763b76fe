import ImgbasedCore

/// What is done about a file on a change of base.
public enum CarryRule: String, Hashable, Sendable, CaseIterable {
    /// As in the old layer, absence too.
    case ours
    /// As in the new base; what the administrator changed is listed.
    case theirs
    /// Merged of the old base, the old layer and the new base. What has no rule is: in `/etc`, and where a list names it.
    case merge
    /// Not looked at: as in the new base, and not listed.
    case skip
    /// Merged, and where that is a conflict it stops the update.
    case fail
}

/// The rules by path in `/etc/imgbased/persist.d/*.conf`. A line is `RULE PATTERN` (`CarryRule`, `PathPattern`), `#` begins a
/// comment. The last line that matches decides, the files in the order of their names (`NaturalOrder`, as everywhere): what
/// is said later, and more closely, wins.
public struct CarryPolicy: Hashable, Sendable {
    /// A line.
    private struct Line: Hashable {
        var rule: CarryRule
        var pattern: PathPattern
    }

    private var lines: [Line] = []
    /// What is said of what is beside the files and is not read.
    public var unread: [CarryItem] = []

    /// No rules but those for the identity of the machine.
    public init() {}

    /// The rules in `files`. Throws all the lines that are not understood: with half a policy nothing must be carried.
    public init(_ files: [String: [UInt8]]) throws(CarryPolicyError) {
        var problems: [ListProblem] = []
        for (file, contents) in files.sorted(by: { NaturalOrder.precedes($0.key, $1.key) }) {
            for line in ListLine.lines(contents) {
                do throws(ListProblem.Reason) {
                    lines.append(try CarryPolicy.parse(line))
                } catch {
                    problems.append(ListProblem(file: file, line: line.number, reason: error))
                }
            }
        }
        if !problems.isEmpty { throw CarryPolicyError(problems: problems) }
    }

    /// The rule for `path`; `nil` where there is none.
    public func rule(for path: TreePath) -> CarryRule? {
        if CarryPolicy.isIdentity(path) { return .ours }
        return lines.last { $0.pattern.matches(path) }?.rule
    }

    /// Whether `path` says which machine this is. That is always the old layer's, whatever the rules say: two machines
    /// of one image must not have it in common, and a machine must not change it.
    public static func isIdentity(_ path: TreePath) -> Bool {
        identity.contains { $0.matches(path) }
    }

    /// What says which machine this is, to the network and to others: machine-id(5), sshd(8), gethostid(3), iSCSI, NVMe.
    private static let identity = [
        "/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/ssh/ssh_host_*", "/etc/hostid",
        "/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostid", "/etc/nvme/hostnqn",
    ].compactMap { try? PathPattern($0) }

    private static func parse(_ line: ListLine) throws(ListProblem.Reason) -> Line {
        if line.hasComment { throw .comment }
        let (word, rest) = line.words
        guard let rule = CarryRule(rawValue: String(decoding: word, as: UTF8.self)) else { throw .rule(word) }
        do throws(PathPattern.Problem) {
            return Line(rule: rule, pattern: try PathPattern(rest))
        } catch {
            throw .pattern(error, rest)
        }
    }
}

/// A policy of which not every line is understood.
public struct CarryPolicyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The lines, in order. There is at least one.
    public var problems: [ListProblem]

    /// The lines with what is wrong with them, as one line.
    public var description: String {
        problems.map(\.description).joined(separator: "; ")
    }
}
