import ImgbasedCore

/// The decisions of `imgbase update` before the base and the layer are planned.
public enum UpdatePlanner {
    /// The goal for messages: `cannot …`.
    public static let goal = "update this host"

    /// The layer whose configuration is carried: the booted one, or else the default; `nil` on a host without
    /// layers.
    static func source(_ state: HostState, names: HostNames) throws(HostRefusal) -> VolumePath? {
        if let booted = state.booted { return booted }
        let defaultLayer = BootChoice.defaultLayer(state.boot.record, BootPlanner.entries(state.boot))
        let layout = Layout(state.volumes, group: names.group)
        return (defaultLayer.flatMap { layout[$0] } ?? layout.latestLayer)?.path
    }

    /// Throws if an update cannot succeed, as far as this is known before any write.
    static func check(
        _ state: HostState, names: HostNames, from: VolumePath?
    ) throws(HostRefusal) {
        do throws(HostReason) {
            try state.boot.check()
            if !state.boot.prefix.isEmpty { throw .bootOnRoot }
            if let problem = state.boot.problem { throw problem }
            guard let from else { return }
            guard let layer = state.volume(from), layer.isLayer else { throw .notALayer(from.name) }
            _ = try original(of: layer, state)
            // The new kernel is not known yet; it will hardly be smaller than the current one. Hooks may make
            // another initramfs when late changes are carried; both are stored until then.
            let pairs: UInt64 = state.hooks[.newLayerAdded].isEmpty ? 1 : 2
            let needed = Bytes(pairs * state.boot.largestPair.count + (1 << 20))
            guard needed <= state.boot.free else { throw .bootFull(free: state.boot.free, needed: needed) }
        } catch {
            throw HostRefusal(goal, error)
        }
    }

    /// The base of `layer`, against which its changes are found.
    static func original(of layer: Volume, _ state: HostState) throws(HostReason) -> Volume {
        let name = layer.baseName ?? layer.name
        let path = VolumePath(group: layer.path.group, name: name)
        guard let base = state.volume(path), base.isBase else {
            throw .noOriginalBase(layer: layer.name, base: name)
        }
        return base
    }

    /// The carry from `from` into a future layer of `base`; the base stands for that layer.
    static func preview(
        _ from: VolumePath, on base: VolumePath, _ state: HostState
    ) throws(HostRefusal) -> CarryOrder {
        do throws(HostReason) {
            guard let layer = state.volume(from) else { throw .unknown(from.name) }
            return try CarryOrder(from: layer, into: base, of: base, state)
        } catch {
            throw HostRefusal(goal, error)
        }
    }
}

extension Volume {
    /// The base that `plan` makes at `path`, as it is after the plan.
    public init(base path: VolumePath, isUpdating: Bool, madeBy plan: Plan) {
        self.init(
            path: path, size: Bytes(0), tags: isUpdating ? [Tag.base, Tag.updating] : [Tag.base],
            created: .max,
            segmentType: "thin", isActive: false)
        for case .createBase(path, let pool, let size) in plan.steps { (self.pool, self.size) = (pool, size) }
    }
}
