public import ImgbasedCore

/// Whose configuration is carried into which layer: four volumes, of which only the last is written to.
public struct CarryOrder: Hashable, Sendable {
    /// The base that `from` came from: what the administrator was given.
    public var fromBase: VolumePath
    /// The layer in which the administrator has changed it.
    public var from: VolumePath
    /// The base of the new layer: what the administrator is given now.
    public var toBase: VolumePath
    /// The new layer, a snapshot of `toBase`.
    public var to: VolumePath
    /// Whether `from` is the running system.
    public var isFromRunning: Bool
    /// What `to` needs in its `/etc/fstab`.
    public var table: LayerTable
    /// The volume that has the lists of what is carried besides `/etc`, if there is one.
    public var config: VolumePath?
    /// Whether that is mounted at `/config`.
    public var isConfigMounted: Bool
    /// How much of its pool `to` may take, where that is known.
    public var room: PoolRoom?
    /// The volumes that have no device yet: they get one for this alone.
    public var inactive: [VolumePath]

    /// What carries the configuration of `from` into `to`, a new layer of `base`, on the host in `state`.
    init(from: Volume, into to: VolumePath, of base: VolumePath, _ state: HostState) throws(HostReason) {
        fromBase = try UpdatePlanner.original(of: from, state).path
        self.from = from.path
        self.toBase = base
        self.to = to
        isFromRunning = state.booted == from.path && state.earlyBoot?.mode != .volatile
        table = LayerTable(to, state)
        isConfigMounted = state.config.isMounted
        let config = VolumePath(group: to.group, name: HostNames.config)
        self.config = state.volume(config).flatMap { $0.isBuilding ? nil : $0.path }
        let pool = state.volume(base)?.pool.map { VolumePath(group: base.group, name: $0) }
        room = pool.flatMap { state.volume($0)?.room }
        let needed =
            [fromBase, base] + (isConfigMounted ? [] : [self.config].compactMap { $0 })
            + (isFromRunning ? [] : [from.path])
        inactive = Set(needed).filter { state.volume($0)?.isActive != true }.sorted { $0.name < $1.name }
    }

    /// Throws unless there is room for what a survey found, in the pool and in the file system of `to`, which has `free`.
    public func check(_ survey: CarrySurvey, free: Bytes) throws(HostReason) {
        try room?.check(survey.written)
        guard survey.written <= free else {
            throw .layerShort(to.name, missing: Bytes(survey.written.count - free.count))
        }
    }

    /// The steps that carry, and what they leave as it was.
    var steps: [Step] {
        inactive.map { .activateVolume($0) } + [.carry(self)] + inactive.map { .deactivateVolume($0) }
    }
}
