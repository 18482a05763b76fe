public import ImgbasedCore

/// An order to carry the configuration of one layer into another; of its four volumes, only the last is
/// written to.
public struct CarryOrder: Hashable, Sendable {
    /// The base of `from`, with the configuration as delivered then.
    public var fromBase: VolumePath
    /// The layer with the administrator's changes.
    public var from: VolumePath
    /// The base of the new layer, with the configuration as delivered now.
    public var toBase: VolumePath
    /// The new layer, a snapshot of `toBase`.
    public var to: VolumePath
    /// Whether `from` is the running system.
    public var isFromRunning: Bool
    /// The lines that `to` needs in its `/etc/fstab`.
    public var table: LayerFSTab
    /// The places of data volumes, whose files belong to no layer.
    public var shared: [TreePath]
    /// The volume with the lists of what is carried besides `/etc`; `nil` if there is none.
    public var config: VolumePath?
    /// Whether that volume is mounted at `/config`.
    public var isConfigMounted: Bool
    /// The room for `to` in its pool; `nil` if unknown.
    public var room: PoolRoom?
    /// The volumes without a device; they are activated only for the carry.
    public var inactive: [VolumePath]

    /// An order to carry from `from` into `to`, a new layer of `base`, on the host in `state`.
    init(from: Volume, into to: VolumePath, of base: VolumePath, _ state: HostState) throws(HostReason) {
        fromBase = try UpdatePlanner.original(of: from, state).path
        self.from = from.path
        self.toBase = base
        self.to = to
        isFromRunning = state.booted == from.path && state.earlyBoot?.mode != .volatile
        table = LayerFSTab(to, state)
        shared = table.data.attached.map(\.place.path)
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

    /// Throws unless the pool and the file system of `to`, with `free` bytes left, have room for the surveyed
    /// files.
    public func check(_ survey: CarrySurvey, free: Bytes) throws(HostReason) {
        try room?.check(survey.written)
        guard survey.written <= free else {
            throw .layerShort(to.name, missing: Bytes(survey.written.count - free.count))
        }
    }

    /// The steps that carry; they deactivate the volumes that they activated. If the change `isLate`, no
    /// packages are installed: at shutdown, their scripts have no place.
    func steps(isLate: Bool) -> [Step] {
        inactive.map { .activateVolume($0) } + [
            .carry(self), .carryPackages(self, isLate: isLate), .reviewCarry(self, isLate: isLate),
        ]
            + inactive.map { .deactivateVolume($0) }
    }
}
