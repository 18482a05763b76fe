import ImgbasedCore

/// The outcome of a carry for an administrator's change at one place.
public enum CarryOutcome: String, Hashable, Sendable, Encodable, CaseIterable {
    /// The change is carried as it is.
    case carried
    /// The changes of both sides are in one file.
    case merged
    /// The file was deleted and stays deleted.
    case deleted
    /// Both sides changed it. The administrator's stays.
    case conflict
    /// The policy takes the new base's version.
    case replaced
    /// The change is not carried, or only in part.
    case omitted
    /// The change is outside all that is carried, and stays in the old layer.
    case left
    /// A list names a path that does not exist, or a list or file of rules is not read.
    case unused
    /// A program of the new layer does not take the configuration, or could not make something of it.
    case failed
    /// The policy refuses the conflict.
    case refused
    /// Not a change of the administrator's.
    ///
    /// The new layer had something of an earlier run that no other tree has: it was removed, or made as in
    /// the new base. Or the old layer had an old base's version beside a file that no longer exists.
    case reset

    /// Whether the administrator should look at it.
    public var needsLook: Bool { [.conflict, .omitted, .failed, .refused].contains(self) }
}

/// The report on one place.
public struct CarryItem: Hashable, Sendable {
    /// The path in the layer.
    public var path: TreePath
    /// The outcome of the change.
    public var outcome: CarryOutcome
    /// The details, in a few words.
    public var detail: String
    /// The path of the new base's version; `nil` if it was put nowhere.
    public var beside: TreePath?

    /// The report on `path`.
    public init(_ path: TreePath, _ outcome: CarryOutcome, _ detail: String, beside: TreePath? = nil) {
        self.path = path
        self.outcome = outcome
        self.detail = detail
        self.beside = beside
    }

    /// The item in one line for the user.
    public var line: String {
        let place = beside.map { "; the new base's is '\($0)'" } ?? ""
        return "\(outcome.rawValue) '\(path)': \(detail)\(place)"
    }
}

/// The outcome of a change of base for all of the administrator's changes.
public struct CarryReport: Hashable, Sendable {
    /// The path of a layer's report on the changes carried into it.
    public static let path = "/var/lib/imgbased/carried.json"

    /// The items, in the order of their paths.
    public private(set) var items: [CarryItem]

    /// A report of `items`.
    public init(_ items: [CarryItem] = []) {
        self.items = items.sorted {
            ($0.path, $0.outcome.rawValue, $0.detail) < ($1.path, $1.outcome.rawValue, $1.detail)
        }
    }

    /// Whether it has no items.
    public var isEmpty: Bool { items.isEmpty }

    /// The items that need a look.
    public var conflicts: [CarryItem] {
        items.filter(\.outcome.needsLook)
    }

    /// The items that stay in the old layer.
    public var left: [CarryItem] { items.filter { $0.outcome == .left } }

    /// The items that forbid the whole change.
    public var refusals: [CarryItem] { items.filter { $0.outcome == .refused } }

    /// Lines for the user: what stays in the old layer and what needs a look come last, before the summary.
    public var lines: [String] {
        items.filter { !$0.outcome.needsLook && $0.outcome != .left }.map(\.line) + left.map(\.line)
            + conflicts.map(\.line) + [summary]
    }

    /// The number of items for each outcome, in one line.
    public var summary: String {
        let counts = CarryOutcome.allCases.compactMap { outcome in
            let count = items.filter { $0.outcome == outcome }.count
            return count == 0 ? nil : "\(count) \(outcome.rawValue)"
        }
        return counts.isEmpty ? "nothing was changed here" : counts.joined(separator: ", ")
    }
}

/// What a report counts.
public struct CarryCounts: Hashable, Sendable {
    /// The places that need a look.
    public var conflicts: Int
    /// The places that stay in the old layer.
    public var left: Int

    /// These counts.
    public init(conflicts: Int = 0, left: Int = 0) {
        self.conflicts = conflicts
        self.left = left
    }
}

extension CarryReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case items, conflicts, left
    }

    /// Encodes the items, how many of them need a look, and how many stay in the old layer.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(conflicts.count, forKey: .conflicts)
        try container.encode(left.count, forKey: .left)
    }
}

extension CarryItem: Encodable {
    private enum CodingKeys: String, CodingKey {
        case path, outcome, detail, beside
    }

    /// Encodes paths as `TreePath.description` writes them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path.description, forKey: .path)
        try container.encode(outcome, forKey: .outcome)
        try container.encode(detail, forKey: .detail)
        try container.encodeIfPresent(beside?.description, forKey: .beside)
    }
}
