public import ImgbasedCore

/// The settings of a walk: everything it needs besides the trees.
public struct CarrySettings: Sendable {
    /// The part of the trees that is carried whatever the rules say.
    public var scope: CarryScope
    /// The rules by path, which also take paths outside that part into the merge.
    public var policy: CarryPolicy
    /// The bytes that each path of such a rule may have in the new layer.
    public var limit = Settings().carryLimit
    /// Translates the ids of the old base to those of the layer.
    var baseIdentities = IdentityMap()
    /// Translates the ids of the new base to those of the new layer.
    var newIdentities = IdentityMap()
    /// Files whose content is decided already.
    var decided: [TreePath: [UInt8]] = [:]
    /// Adapts files that always differ between layers, before they are compared.
    public var adjustments: [TreePath: @Sendable ([UInt8]) -> [UInt8]] = [:]
    /// The links that set the states of systemd's units.
    var units: [TreePath: UnitStates.Decision] = [:]
    /// The new base's versions that an earlier change of base put beside files of the administrator, by their
    /// paths; each with the path of that file.
    public var beside: [TreePath: TreePath] = [:]
    /// The mount points of the running system in the layer, which the layer's own tree does not show.
    public var mounted: [TreePath] = []
    /// The places of data volumes: whatever a layer has below them is neither carried nor told.
    public var shared: [TreePath] = []
    /// Files of the layer that packages brought that its base lacks, with the time when each was as
    /// delivered: unchanged since, they are accounted for by their package.
    public var packaged: [TreePath: FileTime] = [:]
    /// What packages made in the new layer where something is carried: no other tree has it, and it stays.
    public var made: Set<TreePath> = []
    /// Says why a program of the new layer did not take this merged text of a file; `nil` if none is known.
    public var mergeProblem: @Sendable (TreePath, [UInt8]) -> String? = { _, _ in nil }
    /// What programs of the new layer wrote after an earlier run: it stays as it is.
    public var written: Set<TreePath> = []
    /// Whether the owners in the whole new layer are checked.
    var checksOwners = false

    /// How `path` is carried; `nil` if it is not.
    func mode(of path: TreePath) -> CarryScope.Mode? {
        if CarryScope.isState(path) || isShared(path) { return nil }
        return scope.mode(of: path) ?? (policy.carries(path) ? .merge : nil)
    }

    /// Whether something carried may be in `path`.
    func leads(through path: TreePath) -> Bool {
        !isShared(path) && (scope.leads(through: path) || policy.leads(through: path))
    }

    /// Whether `path` is the place of a data volume, or in it.
    func isShared(_ path: TreePath) -> Bool { shared.contains { $0.covers(path) } }

    /// Settings with this scope and policy.
    public init(scope: CarryScope = CarryScope(), policy: CarryPolicy = CarryPolicy()) {
        self.scope = scope
        self.policy = policy
    }
}

/// A walk through the old base, the layer, the new base and the new layer, side by side.
///
/// For each place it decides the content and attributes, and finds the changes that the new layer needs.
/// The decision depends on the first three trees alone.
public struct CarryWalk<Directory: TreeDirectory> {
    /// One directory, in each tree that has it.
    struct Level {
        var base: Directory?
        var ours: Directory?
        var new: Directory?
        var target: Directory?
        /// Whether nothing can be made in the new layer's directory.
        var isImmutable = false
        var depth = 0
    }

    /// One place, in each tree that has something there.
    struct Place {
        var base: NodeFacts?
        var ours: NodeFacts?
        var new: NodeFacts?
        var target: NodeFacts?

        /// The nodes that decide.
        var three: [NodeFacts] { [base, ours, new].compactMap { $0 } }
    }

    var settings: CarrySettings
    let root: Level
    /// The changes to make, in this order.
    var changes: [CarryChange] = []
    /// How many bytes the changes write.
    var written: UInt64 = 0
    var items: [CarryItem] = []
    /// The number of places that differ from the new base.
    var differences = 0
    /// The depth within nodes already reported as a whole: only what is not carried is noted.
    var quiet = 0
    /// What rules take into the merge, with the bytes that it has in the layer.
    var weights = CarryWeights()
    /// The conflicts for which the new base's version is kept.
    var waiting: [Waiting] = []
    /// The places, with the directories above, of conflicts that wait in the old layer.
    var unsettled: Set<TreePath> = []
    var linked: [LinkKey: LinkState] = [:]
    var owners: [NodeFacts.Identity: LinkKey] = [:]
    private var visited = 0

    /// A walk through the trees with these roots.
    init(
        base: Directory, ours: Directory, new: Directory, target: Directory, _ settings: CarrySettings
    ) {
        self.settings = settings
        root = Level(base: base, ours: ours, new: new, target: target)
    }

    /// Surveys trees with these roots.
    ///
    /// What is too large for its rule is left out by another walk. Both depend on the first three trees alone.
    public static func survey(
        base: Directory, ours: Directory, new: Directory, target: Directory, _ settings: CarrySettings
    ) throws(TreeReadError) -> CarrySurvey {
        var walk = CarryWalk(base: base, ours: ours, new: new, target: target, settings)
        let survey = try walk.run()
        let excess = walk.weights.excess(over: settings.limit)
        if excess.isEmpty { return survey }
        var lighter = settings
        for item in excess { lighter.policy.leaveOut(item.path) }
        walk = CarryWalk(base: base, ours: ours, new: new, target: target, lighter)
        walk.items = excess
        return try walk.run()
    }

    /// Walks all trees and returns the result.
    mutating func run() throws(TreeReadError) -> CarrySurvey {
        try prepare()
        try outside(.root, root)
        try noteAbsent()
        // A volume at a place that only a rule names has the data instead of the layer.
        for path in settings.mounted where settings.scope.mode(of: path) != nil && !settings.isShared(path) {
            note(path, .omitted, "something else is mounted there; none of it is carried")
        }
        try noteRemainder()
        try placeConflicts()
        return CarrySurvey(report: CarryReport(items), changes: changes, written: Bytes(written))
    }

    // MARK: Looking

    /// The nodes of all trees at `name`, with the ids of the layer's accounts.
    mutating func look(_ name: [UInt8], _ level: Level) throws(TreeReadError) -> Place {
        visited += 1
        guard visited <= TreeLimit.nodes else {
            throw TreeReadError("there are too many files: more than \(TreeLimit.nodes)")
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

    /// Whether a place is a directory too deep to be walked.
    func isTooDeep(_ place: Place, _ level: Level) -> Bool {
        level.depth >= TreeLimit.depth
            && (place.three + [place.target].compactMap { $0 }).contains(where: \.isDirectory)
    }

    /// Notes a directory that is too deep.
    mutating func noteDeep(_ path: TreePath) {
        note(path, .omitted, "it is inside \(TreeLimit.depth) directories, and is not read")
    }

    /// The directories of the trees at `name`, from `place`.
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

    /// All names in the directories except our own, in the order of their bytes.
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

    /// The path of `name` in `path`.
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

/// The result of a walk.
public struct CarrySurvey: Hashable, Sendable {
    /// The outcomes of the administrator's changes.
    public var report: CarryReport
    /// The changes that the new layer needs, in order.
    public var changes: [CarryChange]
    /// The bytes these changes write, in whole blocks: stored content and directories.
    public var written: Bytes

    /// Whether the new layer needs no change.
    public var changesNothing: Bool { changes.isEmpty }

    /// A survey with this result.
    public init(report: CarryReport, changes: [CarryChange], written: Bytes) {
        self.report = report
        self.changes = changes
        self.written = written
    }
}
