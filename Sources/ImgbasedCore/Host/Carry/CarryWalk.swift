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

    // MARK: Around what is carried

    /// Goes through a directory that is not carried itself, for what is in it, and says whether any of that is there
    /// afterwards.
    @discardableResult
    private mutating func outside(_ path: TreePath, _ level: Level) throws(TreeReadError) -> Bool {
        let mayHold = settings.scope.leads(through: path)
        let isOrdered = path == .root && !settings.newIdentities.isEmpty
        var names = try names(in: mayHold ? [level.base, level.ours, level.new, level.target] : [level.new])
        // Accounts before the owners of files, or after them: an interrupted run can then be told by the accounts.
        if let index = names.firstIndex(of: Array("etc".utf8)), path == .root {
            let name = names.remove(at: index)
            names.insert(name, at: isOrdered ? 0 : names.count)
        }
        var exists = false
        for name in names {
            let place = try self.path(path, name)
            if settings.scope.mode(of: place) != nil {
                if try inside(place, name, try look(name, level), level) { exists = true }
            } else if settings.checksOwners || settings.scope.leads(through: place) {
                if try around(place, name, try look(name, level), level) { exists = true }
            }
        }
        return exists
    }

    /// Goes on to what may be in a place that is not carried itself, and says whether any of that is there afterwards.
    private mutating func around(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        if settings.checksOwners { try checkOwner(path, place) }
        let isWay = settings.scope.leads(through: path)
        if isWay, let obstacle = obstacle(place) {
            // A pattern means what it finds; a name that is not found has to be told.
            if settings.scope.names(path), place.ours != nil {
                note(path, .omitted, "\(obstacle); what the lists name in it is not carried")
            }
            return false
        }
        guard isWay || settings.checksOwners,
            place.three.contains(where: \.isDirectory) || place.target?.isDirectory ?? false
        else { return false }
        let start = changes.count
        // For owners alone, only the new base is asked.
        let asked = isWay ? place : Place(new: place.new, target: place.target)
        let exists = try outside(path, try open(name, asked, level, path))
        guard exists, isWay, let facts = place.new ?? place.ours else { return exists }
        // A directory of the new base is the new layer's as well, and left alone.
        if place.new == nil || !(place.target?.isDirectory ?? false) {
            try finish(path, facts, facts.attributes, place.target, level, from: start)
        }
        if place.new == nil { note(path, .carried, "a directory, for what is in it") }
        return true
    }

    /// Why what is in a place cannot be reached in one of the trees, or put there.
    private func obstacle(_ place: Place) -> String? {
        if (place.three + [place.target].compactMap { $0 }).contains(where: \.isMountPoint) {
            return "something else is mounted there"
        }
        if let ours = place.ours, !ours.isDirectory { return "it is \(ours.kind.words)" }
        if let new = place.new, !new.isDirectory { return "it is \(new.kind.words) in the new base" }
        return nil
    }

    /// Has a file outside of what is carried belong to whom the new base's accounts are now.
    private mutating func checkOwner(_ path: TreePath, _ place: Place) throws(TreeReadError) {
        guard let new = place.new, let target = place.target, !target.isMountPoint else { return }
        var wanted = target.attributes
        wanted.owner = new.attributes.owner
        wanted.group = new.attributes.group
        for name in IdentityMap.accessLists { wanted.extended[name] = new.attributes.extended[name] }
        // A change of owner takes these away: a run that was interrupted after that may have left the file without.
        if settings.newIdentities.gives(new.attributes) {
            wanted.permissions |= new.attributes.permissions & 0o6000
            let capability = Array("security.capability".utf8)
            wanted.extended[capability] = new.attributes.extended[capability]
        }
        if wanted != target.attributes { try change(.set(path, target.kind, wanted), of: target) }
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
