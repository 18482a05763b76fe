import ImgbasedCore

/// What became of a package on a change of base.
public enum PackageOutcome: String, Hashable, Sendable, Codable, CaseIterable {
    /// It was added in the old layer, and is installed in the new one.
    case installed
    /// A preview: it would be installed.
    case planned
    /// It was added in the old layer, and the new base has it.
    case inBase = "in-base"
    /// It was added in the old layer, and is not in the new one.
    case missing
    /// It was installed for another package that is not in the new layer, or that the new base serves.
    case unneeded
    /// It was removed in the old layer, and the new base has it.
    case returned
    /// The new base has an older version than the old layer had.
    case older
    /// It was held in the old layer, and the new base has it in another version.
    case held

    /// Whether the administrator should look at it.
    public var needsLook: Bool { self == .missing }
}

/// What became of one package.
public struct PackageItem: Hashable, Sendable, Codable {
    /// The name of the package.
    public var name: String
    /// Its architecture.
    public var architecture: String
    /// Its version in the old layer, or in the new base if the old layer has none.
    public var version: String
    /// What became of it.
    public var outcome: PackageOutcome
    /// The details, in a few words.
    public var detail: String
    /// Whether it was installed for others alone.
    public var isAutomatic: Bool

    /// What became of `id`.
    public init(
        _ id: PackageName, _ version: PackageVersion, _ outcome: PackageOutcome, _ detail: String,
        isAutomatic: Bool = false
    ) {
        self.isAutomatic = isAutomatic
        (name, architecture) = (id.name, id.architecture)
        (self.version, self.outcome, self.detail) = (version.text, outcome, detail.asMessageLine)
    }

    /// The package.
    public var id: PackageName { PackageName(name, architecture) }

    /// The item in one line for the user.
    public var line: String {
        let word =
            switch outcome {
            case .planned: "installed"
            case .inBase: "in the new base"
            case .missing: "not installed"
            case .unneeded: "not needed"
            case .installed, .returned, .older, .held: outcome.rawValue
            }
        return "package '\(name)' \(version): \(word)\(detail.isEmpty ? "" : ", \(detail)")".withoutControls
    }
}

/// A layer's record of the packages that an update added to it or could not add, and of what the
/// administrator wants forgotten.
public struct PackageRecord: Hashable, Sendable, Codable {
    /// What became of each package, by name.
    public private(set) var items: [PackageItem]
    /// Why nothing was done about packages; `nil` if nothing kept the update from that.
    public var problem: String?
    /// The packages that updates do not install, `NAME:ARCHITECTURE` each.
    public var forgotten: [String]

    /// A record of `items`.
    public init(_ items: [PackageItem] = [], problem: String? = nil, forgotten: [String] = []) {
        self.items = items.sorted { ($0.id, $0.outcome.rawValue) < ($1.id, $1.outcome.rawValue) }
        self.problem = problem?.asMessageLine
        self.forgotten = forgotten.sorted()
    }

    /// The packages that the old layer had and this one lacks.
    public var missing: [PackageItem] { items.filter(\.outcome.needsLook) }

    /// Lines for the user: what needs a look comes last. Packages that were installed for others alone are
    /// not named, unless they are missing.
    public var lines: [String] {
        let told = items.filter { $0.outcome != .unneeded && !$0.isAutomatic }
        return told.filter { !$0.outcome.needsLook }.map(\.line) + missing.map(\.line)
            + (problem.map { ["packages: nothing was installed: \($0)"] } ?? [])
    }

    /// The record once the packages `ids` are forgotten.
    public func forgetting(_ ids: Set<PackageName>) -> PackageRecord {
        PackageRecord(
            items.filter { !ids.contains($0.id) || $0.outcome != .missing }, problem: problem,
            forgotten: Array(Set(forgotten).union(ids.map(\.description))))
    }

    /// The record once the packages `ids` are installed anew: they are not forgotten any more.
    public func remembering(_ ids: Set<PackageName>) -> PackageRecord {
        PackageRecord(
            items, problem: problem, forgotten: Array(Set(forgotten).subtracting(ids.map(\.description))))
    }
}
