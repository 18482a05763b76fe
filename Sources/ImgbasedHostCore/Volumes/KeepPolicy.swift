import ImgbasedCore

/// Which bases are removed to make room for another.
public struct KeepPolicy: Hashable, Sendable {
    /// The number of bases to keep, besides the pinned ones.
    public var keep: Int

    /// A policy that keeps `keep` bases.
    public init(keep: Int) {
        self.keep = keep
    }

    /// The bases to remove with their layers, oldest first; if `adding`, a new base counts among those kept.
    ///
    /// A base is kept if the host needs it: one of its layers is booted, the default, the last good one, on
    /// trial or to be booted once. A base is also kept if another program's entry boots a layer of it, or if
    /// it is pinned, in use, or the origin of an administrator's snapshot. A base already being removed is
    /// included.
    public func removals(_ state: HostState, names: HostNames, adding: Bool) -> [Removal] {
        // Debris is removed earlier, and does not count.
        let state = state.cleaned(names)
        let removals = Layout(state.volumes, group: names.group).families.compactMap { family in
            family.base.map { Removal($0, with: family.layers) }
        }
        let defaultLayer = state.boot.defaultLayer
        func canGo(_ removal: Removal, isForced: Bool) -> Bool {
            do throws(HostReason) {
                try removal.check(state, isForced: isForced, defaultLayer: defaultLayer)
                return true
            } catch {
                return false
            }
        }
        let begun = removals.filter { $0.isBegun && canGo($0, isForced: true) }
        let counted = removals.filter { !$0.isBegun && !$0.subject.isPinned }
        let excess = counted.count - keep + (adding ? 1 : 0)
        let free = counted.filter {
            canGo($0, isForced: false) && !$0.hasForeignSnapshots(state) && !$0.hasForeignEntries(state)
        }
        return begun + free.prefix(max(0, excess))
    }
}

extension Removal {
    /// Whether a layer has no entry of ours, and may have another program's.
    fileprivate func hasForeignEntries(_ state: HostState) -> Bool {
        layers.contains { $0.isForeignLayer && state.boot.entries[$0.name] == nil }
    }

    /// Whether the administrator made a snapshot of a volume. It is independent, but shows that the volume is
    /// still wanted.
    fileprivate func hasForeignSnapshots(_ state: HostState) -> Bool {
        let names = Set(volumes.map(\.name))
        return state.volumes.contains { volume in
            volume.path.group == subject.path.group && volume.origin.map(names.contains) == true
                && !volume.tags.contains { $0.hasPrefix(Tag.prefix) }
        }
    }
}
