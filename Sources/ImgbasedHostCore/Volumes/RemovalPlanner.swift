import ImgbasedCore

/// `imgbase layer remove` and `imgbase base remove`.
///
/// The mark on the volume is the commit: before it, nothing has changed; after it, the same command or
/// `imgbase recover` finishes an interrupted removal. A layer can boot until its entry is removed. The marked
/// volume is removed last, so that a later run finds the mark.
public struct RemovalPlanner: Sendable {
    /// The base or layer to remove.
    public enum Target: Hashable, Sendable {
        /// One layer, by name.
        case layer(String)
        /// A base and all its layers, by name.
        case base(String)

        /// The goal for messages: `cannot …`.
        public var goal: String {
            switch self {
            case .layer(let name): "remove layer '\(name)'"
            case .base(let name): "remove base '\(name)'"
            }
        }
    }

    /// The base or layer to remove.
    public var target: Target
    /// Whether it is removed even if it is the default, the last good layer, on trial, or pinned.
    public var isForced: Bool

    /// A request to remove `target`.
    public init(_ target: Target, isForced: Bool) {
        self.target = target
        self.isForced = isForced
    }

    /// The plan of the removal, and the volumes it removes.
    public func plan(_ state: HostState, names: HostNames) throws(HostRefusal) -> (Plan, Removal) {
        do throws(HostReason) {
            let removal = try removal(Layout(state.volumes, group: names.group))
            // A marked removal was allowed before; the record may have changed half-way.
            try removal.check(state, isForced: isForced || removal.isBegun)
            return (try removal.plan(target.goal, state), removal)
        } catch {
            throw HostRefusal(target.goal, error)
        }
    }

    private func removal(_ layout: Layout) throws(HostReason) -> Removal {
        switch target {
        case .layer(let name):
            guard let layer = layout[name] else { throw .unknown(name) }
            guard layer.isLayer else { throw .notALayer(name) }
            let base = layout.families.first { $0.name == layer.baseName }?.base
            return Removal(layer, of: base)
        case .base(let name):
            guard let family = layout.families.first(where: { $0.name == name }), let base = family.base
            else { throw layout[name] == nil ? .unknown(name) : .notABase(name) }
            return Removal(base, with: family.layers)
        }
    }
}

/// The removal of a base with all its layers, or of one layer.
public struct Removal: Hashable, Sendable {
    /// The volume that gets the mark.
    public var subject: Volume
    /// The layers to remove.
    public var layers: [Volume]
    /// The base of the layers, removed or not; `nil` if it no longer exists.
    public var base: Volume?

    /// The removal of `base` with all its `layers`.
    public init(_ base: Volume, with layers: [Volume]) {
        (subject, self.layers, self.base) = (base, layers, base)
    }

    /// The removal of one layer of `base`.
    public init(_ layer: Volume, of base: Volume?) {
        (subject, layers, self.base) = (layer, [layer], base)
    }

    /// The volumes to remove, in order: the marked one is last.
    public var volumes: [Volume] { layers.filter { $0.path != subject.path } + [subject] }

    /// Whether a layer has changes that were not carried, and that nobody has acknowledged.
    public var isLeftWithChanges: Bool { layers.contains(where: \.isLeftWithChanges) }

    /// Whether the removal was begun before.
    public var isBegun: Bool { subject.isMarkedForRemoval }

    /// Throws if the removal is refused: a volume is booted, open, an origin or, unless forced, needed.
    public func check(_ state: HostState, isForced: Bool) throws(HostReason) {
        try check(state, isForced: isForced, defaultLayer: isForced ? nil : state.boot.defaultLayer)
    }

    /// The same with a known default; finding it means reading all entries.
    func check(_ state: HostState, isForced: Bool, defaultLayer: String?) throws(HostReason) {
        if let booted = layers.first(where: { $0.path == state.booted }) { throw .isBooted(booted.name) }
        if !isForced {
            for layer in layers {
                let roles = state.boot.roles(of: layer.name, defaultLayer: defaultLayer)
                if !roles.isEmpty { throw .isNeeded(layer.name, as: roles) }
            }
            if let base, base.isPinned { throw .isPinned(base.name) }
        }
        for volume in volumes {
            if volume.isOpen { throw .isOpen(volume.path) }
            let dependents = dependents(on: volume, in: state)
            if !dependents.isEmpty { throw .isOrigin(volume.path, of: dependents) }
        }
        try state.boot.check()
    }

    /// The volumes that lvm2 would remove with `volume`: its snapshots outside its own pool.
    private func dependents(on volume: Volume, in state: HostState) -> [String] {
        let removals = Set(volumes.map(\.path))
        return state.volumes.filter { other in
            other.path.group == volume.path.group && other.origin == volume.name
                && !removals.contains(other.path)
                && !(other.segmentType == "thin" && volume.segmentType == "thin" && other.pool == volume.pool)
        }.map(\.name)
    }

    /// The steps of the removal.
    func plan(_ goal: String, _ state: HostState) throws(HostReason) -> Plan {
        var plan = Plan(goal: goal)
        if !isBegun {
            if let base, base.path == subject.path {
                plan.prepare += state.hooks.steps(
                    .preBaseRemoved, group: base.path.group, base: base.name)
            }
            plan.prepare += hooks(.preLayerRemoved, state)
            plan.commit = [.beginRemoval(subject.path)]
        }
        let names = Set(layers.map(\.name))
        plan.cleanup = layers.filter(\.isLeftWithChanges).map { layer in
            .tell(
                [
                    JournalMessage(
                        .warning, layer: layer.name,
                        "layer '\(layer.name)' is removed with changes that were not carried")
                ], motd: nil)
        }
        plan.cleanup += try BootPlanner.steps(state.boot, removing: names)
        var after = state.boot
        for name in names { after.entries[name] = nil }
        plan.cleanup += BootPlanner.removalOfUnreferenced(after)
        plan.cleanup += volumes.map { .removeVolume($0.path) } + hooks(.layerRemoved, state)
        plan.checkScripts()
        return plan
    }

    /// The steps that run the hooks of `event` for each layer.
    func hooks(_ event: HookEvent, _ state: HostState) -> [Step] {
        layers.flatMap {
            state.hooks.steps(
                event, group: $0.path.group, base: base?.name ?? $0.baseName, layer: $0.name)
        }
    }
}

extension HostState {
    /// The host without the volumes and entries of `removals`.
    public func without(_ removals: [Removal]) -> HostState {
        let paths = Set(removals.flatMap(\.volumes).map(\.path))
        var state = self
        state.volumes.removeAll { paths.contains($0.path) }
        for path in paths { state.boot.entries[path.name] = nil }
        return state
    }

    /// The host after volumes and entries were removed. The usage of the pool and the free space in `/boot`
    /// are unknown until read again.
    public func afterRemoval(_ names: HostNames) -> HostState {
        var state = self
        for index in state.volumes.indices where state.volumes[index].path == names.poolPath {
            state.volumes[index].usage = nil
        }
        let unreferenced = BootPlanner.unreferenced(boot)
        if LayerPlanner.unfinished(self, names: names).isEmpty, !unreferenced.isEmpty {
            state.boot.digests.subtract(unreferenced)
            state.boot.free = Bytes(UInt64.max)
        }
        return state
    }
}

extension BootState {
    /// The layer that boots unattended in the long run; `nil` if none.
    var defaultLayer: String? { BootChoice.defaultLayer(record, BootPlanner.entries(self)) }

    /// The roles of `layer` in the boot record that speak against its removal.
    func roles(of layer: String) -> [String] { roles(of: layer, defaultLayer: defaultLayer) }

    fileprivate func roles(of layer: String, defaultLayer: String?) -> [String] {
        let isOnTrial = record.trial.map { $0.layer == layer && $0.triesLeft > 0 } ?? false
        return [
            layer == defaultLayer || layer == record.defaultLayer ? "the default" : nil,
            layer == record.good ? "the last good one" : nil,
            isOnTrial ? "on trial" : nil,
            layer == record.staged ? "to be tried when it is complete" : nil,
            layer == record.once ? "to be booted once" : nil,
        ].compactMap { $0 }
    }
}
