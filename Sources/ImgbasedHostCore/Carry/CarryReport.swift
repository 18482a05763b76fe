import ImgbasedCore

/// What became of what the administrator changed at one place.
public enum CarryOutcome: String, Hashable, Sendable, Encodable, CaseIterable {
    /// It is carried as it was.
    case carried
    /// What both sides changed is in one file.
    case merged
    /// It is deleted, and stays so.
    case deleted
    /// Both sides changed it. The administrator's stays.
    case conflict
    /// The policy takes the new base's.
    case replaced
    /// It is not carried, or not all of it.
    case omitted
    /// A list names what is nowhere, or a list or file of rules is not read.
    case unused
    /// The policy refuses the conflict.
    case refused
    /// What nobody made here: the new layer had what none of the others has, of an earlier run, and it was removed there
    /// or made what the new base has; or the old layer had what an old base had, beside what nobody has any more.
    case reset

    /// Whether somebody should look at it.
    public var needsLook: Bool { [.conflict, .omitted, .refused].contains(self) }
}

/// What is said of one place.
public struct CarryItem: Hashable, Sendable {
    /// The place.
    public var path: TreePath
    /// What became of it.
    public var outcome: CarryOutcome
    /// In a few words.
    public var detail: String
    /// Where what the new base has of it was put, if anywhere.
    public var beside: TreePath?

    /// That of `path`.
    public init(_ path: TreePath, _ outcome: CarryOutcome, _ detail: String, beside: TreePath? = nil) {
        self.path = path
        self.outcome = outcome
        self.detail = detail
        self.beside = beside
    }

    /// For people.
    public var line: String {
        let place = beside.map { "; the new base's is '\($0)'" } ?? ""
        return "\(outcome.rawValue) '\(path)': \(detail)\(place)"
    }
}

/// What a change of base does with what the administrator changed: all of it, in the order of paths.
public struct CarryReport: Hashable, Sendable {
    /// Where a layer keeps what was carried into it.
    public static let path = "/var/lib/imgbased/carried.json"

    /// What is said of each place.
    public private(set) var items: [CarryItem]

    /// A report of `items`.
    public init(_ items: [CarryItem] = []) {
        self.items = items.sorted {
            ($0.path, $0.outcome.rawValue, $0.detail) < ($1.path, $1.outcome.rawValue, $1.detail)
        }
    }

    /// Whether there is nothing to say.
    public var isEmpty: Bool { items.isEmpty }

    /// What somebody should look at.
    public var conflicts: [CarryItem] {
        items.filter(\.outcome.needsLook)
    }

    /// What forbids all of it.
    public var refusals: [CarryItem] { items.filter { $0.outcome == .refused } }

    /// For people: what needs no look first.
    public var lines: [String] {
        items.filter { !$0.outcome.needsLook }.map(\.line) + conflicts.map(\.line) + [summary]
    }

    /// All in one line.
    public var summary: String {
        let counts = CarryOutcome.allCases.compactMap { outcome in
            let count = items.filter { $0.outcome == outcome }.count
            return count == 0 ? nil : "\(count) \(outcome.rawValue)"
        }
        return counts.isEmpty ? "nothing was changed here" : counts.joined(separator: ", ")
    }
}

extension CarryReport: Encodable {
    private enum CodingKeys: String, CodingKey {
        case items, conflicts
    }

    /// The items, and how many of them somebody should look at.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(items, forKey: .items)
        try container.encode(conflicts.count, forKey: .conflicts)
    }
}

extension CarryItem: Encodable {
    private enum CodingKeys: String, CodingKey {
        case path, outcome, detail, beside
    }

    /// Paths as `TreePath.description` writes them.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(path.description, forKey: .path)
        try container.encode(outcome, forKey: .outcome)
        try container.encode(detail, forKey: .detail)
        try container.encodeIfPresent(beside?.description, forKey: .beside)
    }
}
