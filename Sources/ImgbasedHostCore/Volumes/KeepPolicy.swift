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
    /// it is pinned, in use, or the origin of an administrator's snapshot. Bases of ``lastResorts(_:names:)``
    /// are kept in addition. A base already being removed is included.
    public func removals(_ state: HostState, names: HostNames, adding: Bool) -> [Removal] {
        let candidates = Candidates(state, names)
        let begun = candidates.all.filter { $0.isBegun && candidates.canGo($0, isForced: true) }
        let counted = candidates.all.filter {
            !$0.isBegun && !$0.subject.isPinned && !$0.isLeftWithChanges
        }
        let excess = counted.count - keep + (adding ? 1 : 0)
        return begun + counted.filter(candidates.isFree).prefix(max(0, excess))
    }

    /// The bases that go only if their room is needed, oldest first: a layer of them has changes that were not
    /// carried, and nobody has acknowledged them.
    public static func lastResorts(_ state: HostState, names: HostNames) -> [Removal] {
        let candidates = Candidates(state, names)
        return candidates.all.filter {
            !$0.isBegun && !$0.subject.isPinned && $0.isLeftWithChanges && candidates.isFree($0)
        }
    }
}

/// The bases of a host that might be removed.
private struct Candidates {
    /// The host without debris, which is removed earlier and does not count.
    let state: HostState
    /// All bases with their layers, oldest first.
    let all: [Removal]
    private let defaultLayer: String?

    init(_ state: HostState, _ names: HostNames) {
        self.state = state.cleaned(names)
        all = Layout(self.state.volumes, group: names.group).families.compactMap { family in
            family.base.map { Removal($0, with: family.layers) }
        }
        defaultLayer = self.state.boot.defaultLayer
    }

    func canGo(_ removal: Removal, isForced: Bool) -> Bool {
        do throws(HostReason) {
            try removal.check(state, isForced: isForced, defaultLayer: defaultLayer)
            return true
        } catch {
            return false
        }
    }

    /// Whether nobody needs the base.
    func isFree(_ removal: Removal) -> Bool {
        canGo(removal, isForced: false) && !removal.hasForeignSnapshots(state)
            && !removal.hasForeignEntries(state)
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
