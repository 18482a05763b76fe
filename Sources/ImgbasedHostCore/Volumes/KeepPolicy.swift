import ImgbasedCore

/// Which bases go, so that there is room for another.
public struct KeepPolicy: Hashable, Sendable {
    /// How many bases are kept, besides the pinned ones.
    public var keep: Int

    /// Keeps that many.
    public init(keep: Int) {
        self.keep = keep
    }

    /// The bases that go, each with its layers, oldest first; where a base is `adding`, that is one of those to be kept.
    ///
    /// What the host needs stays: a base of which a layer is booted, the default, the last good one, on trial or to be
    /// booted once. So does what is pinned or in use, and what an administrator made a snapshot of. What is being removed
    /// already, goes.
    public func removals(_ state: HostState, names: HostNames, adding: Bool) -> [Removal] {
        // What an interrupted run left goes before all that, and counts for nothing.
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
            canGo($0, isForced: false) && !$0.hasForeignSnapshots(state)
        }
        return begun + free.prefix(max(0, excess))
    }
}

extension Removal {
    /// Whether somebody else made a snapshot of something of it: it stands by itself, but shows that this is still wanted.
    fileprivate func hasForeignSnapshots(_ state: HostState) -> Bool {
        let names = Set(volumes.map(\.name))
        return state.volumes.contains { volume in
            volume.path.group == subject.path.group && volume.origin.map(names.contains) == true
                && !volume.tags.contains { $0.hasPrefix(Tag.prefix) }
        }
    }
}
