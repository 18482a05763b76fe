public import ImgbasedCore

/// What is carried, and how: everything that a walk needs to know besides the trees.
public struct CarrySettings: Sendable {
    /// What of the trees.
    public var scope: CarryScope
    /// The rules by path.
    public var policy: CarryPolicy
    /// The numbers of the old base's accounts as the layer has them.
    var baseIdentities = IdentityMap()
    /// The numbers of the new base's accounts as the new layer has them.
    var newIdentities = IdentityMap()
    /// Files whose content is decided already.
    var decided: [TreePath: [UInt8]] = [:]
    /// What is made of a file before it is compared, for files that are never the same in two layers.
    public var adjustments: [TreePath: @Sendable ([UInt8]) -> [UInt8]] = [:]
    /// Links that make the states of systemd's units.
    var units: [TreePath: UnitStates.Decision] = [:]
    /// Where the running system has something else mounted in the layer, which the layer's own tree does not show.
    public var mounted: [TreePath] = []
    /// Whether owners in the whole new layer are gone through.
    var checksOwners = false

    /// With that scope and policy.
    public init(scope: CarryScope = CarryScope(), policy: CarryPolicy = CarryPolicy()) {
        self.scope = scope
        self.policy = policy
    }
}

/// Goes through the old base, the layer, the new base and the new layer side by side, decides for each place what is to be
/// there, and finds what of the new layer has to change for that. What is to be there depends on the first three alone.
public struct CarryWalk<Directory: TreeDirectory> {
    /// One directory in each tree that has it.
    struct Level {
        var base: Directory?
        var ours: Directory?
        var new: Directory?
        var target: Directory?
        /// Whether nothing can be made in the new layer's.
        var isImmutable = false
        var depth = 0
    }

    /// One place in each tree that has something there.
    struct Place {
        var base: NodeFacts?
        var ours: NodeFacts?
        var new: NodeFacts?
        var target: NodeFacts?

        /// What the three decide by.
        var three: [NodeFacts] { [base, ours, new].compactMap { $0 } }
    }

    var settings: CarrySettings
    let root: Level
    /// What has to be done, in this order.
    var changes: [CarryChange] = []
    /// How many bytes these write.
    var written: UInt64 = 0
    var items: [CarryItem] = []
    /// How many places were left other than the new base has them.
    var differences = 0
    /// Where within something that is carried and reported as a whole already: only what is not carried of it is said.
    var quiet = 0
    /// Names that stand for what the new base has of another, in the directory being gone through.
    var claims: Set<[UInt8]> = []
    var linked: [LinkKey: LinkState] = [:]
    var owners: [NodeFacts.Identity: LinkKey] = [:]
    private var visited = 0

    /// A walk through the trees with those roots.
    public init(
        base: Directory, ours: Directory, new: Directory, target: Directory, _ settings: CarrySettings
    ) {
        self.settings = settings
        root = Level(base: base, ours: ours, new: new, target: target)
    }

    /// Goes through all of it.
    public mutating func run() throws(TreeReadError) -> CarrySurvey {
        try prepare()
        try outside(.root, root)
        try noteAbsent()
        for path in settings.mounted where settings.scope.mode(of: path) != nil {
            note(path, .omitted, "something else is mounted there, of which nothing is carried")
        }
        return CarrySurvey(report: CarryReport(items), changes: changes, written: Bytes(written))
    }

    // MARK: Looking

    /// What each tree has at `name`, in the numbers of the layer's accounts.
    mutating func look(_ name: [UInt8], _ level: Level) throws(TreeReadError) -> Place {
        visited += 1
        guard visited <= TreeLimit.nodes else {
            throw TreeReadError("there is too much: more than \(TreeLimit.nodes) files")
        }
        return Place(
            base: try facts(name, in: level.base, settings.baseIdentities),
            ours: try facts(name, in: level.ours, IdentityMap()),
            new: try facts(name, in: level.new, settings.newIdentities),
            target: try facts(name, in: level.target, IdentityMap()))
    }

    func facts(_ name: [UInt8], in directory: Directory?, _ map: IdentityMap) throws(TreeReadError)
        -> NodeFacts?
    {
        guard let directory, var facts = try directory.facts(of: name) else { return nil }
        facts.attributes = map(facts.attributes)
        return facts
    }

    /// Whether a place is a directory so deep that it is not gone into.
    func isTooDeep(_ place: Place, _ level: Level) -> Bool {
        level.depth >= TreeLimit.depth
            && (place.three + [place.target].compactMap { $0 }).contains(where: \.isDirectory)
    }

    /// Tells of such a directory.
    mutating func noteDeep(_ path: TreePath) {
        note(path, .omitted, "it is in \(TreeLimit.depth) directories already, and is not looked into")
    }

    /// The directories that the trees have at `name`, of `place`.
    func open(_ name: [UInt8], _ place: Place, _ level: Level, _ path: TreePath) throws(TreeReadError)
        -> Level
    {
        guard level.depth < TreeLimit.depth else {
            throw TreeReadError("'\(path)' is deeper than \(TreeLimit.depth) directories")
        }
        return Level(
            base: try open(name, place.base, level.base), ours: try open(name, place.ours, level.ours),
            new: try open(name, place.new, level.new), target: try open(name, place.target, level.target),
            isImmutable: place.target?.isImmutable ?? false, depth: level.depth + 1)
    }

    private func open(_ name: [UInt8], _ facts: NodeFacts?, _ directory: Directory?) throws(TreeReadError)
        -> Directory?
    {
        guard let facts, facts.isDirectory, !facts.isMountPoint else { return nil }
        return try directory?.directory(name)
    }

    /// All names in those directories, in the order of their bytes, but the one that is ours.
    func names(in directories: [Directory?]) throws(TreeReadError) -> [[UInt8]] {
        var names: [[UInt8]] = []
        for directory in directories {
            if let directory { names += try directory.names(limit: TreeLimit.nodes) }
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        var previous: [UInt8]?
        names.removeAll { name in
            defer { previous = name }
            return name == previous || name == CarryNames.temporary
        }
        return names
    }

    /// `name` in `path`.
    func path(_ path: TreePath, _ name: [UInt8]) throws(TreeReadError) -> TreePath {
        guard let result = path.appending(name) else {
            throw TreeReadError("'\(path)' has a name that cannot be one; check the file system")
        }
        return result
    }

    // MARK: Reporting

    mutating func note(_ path: TreePath, _ finding: CarryDecision.Finding?, beside: TreePath? = nil) {
        guard let finding, quiet == 0 || finding.outcome.needsLook || finding.outcome == .replaced else {
            return
        }
        items.append(CarryItem(path, finding.outcome, finding.detail, beside: beside))
    }

    mutating func note(_ path: TreePath, _ outcome: CarryOutcome, _ detail: String) {
        note(path, CarryDecision.Finding(outcome, detail))
    }
}

/// What a walk found.
public struct CarrySurvey: Hashable, Sendable {
    /// What becomes of what the administrator changed.
    public var report: CarryReport
    /// What the new layer lacks of it, in the order in which it is made.
    public var changes: [CarryChange]
    /// How much these write: contents as far as they are stored, and directories, in whole blocks.
    public var written: Bytes

    /// Whether the new layer is as it is to be.
    public var changesNothing: Bool { changes.isEmpty }

    /// A survey with that result.
    public init(report: CarryReport, changes: [CarryChange], written: Bytes) {
        self.report = report
        self.changes = changes
        self.written = written
    }
}
