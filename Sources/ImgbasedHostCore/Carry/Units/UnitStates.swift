import ImgbasedCore

/// The states of systemd's units: enabled, disabled and masked.
///
/// They are links below `/etc/systemd/system` and `/etc/systemd/user`. Each unit is as the administrator left
/// it; units left alone are as in the new base.
public struct UnitStates: Hashable, Sendable {
    /// The decision on a link.
    public enum Decision: Hashable, Sendable {
        /// As in the new base.
        case theirs
        /// As in the old layer.
        case ours
        /// The link is not to exist.
        case absent
    }

    /// The decision on each link of the old layer or the new base.
    public private(set) var decisions: [TreePath: Decision] = [:]
    /// What the administrator should know, in order.
    public private(set) var notes: [UnitNote] = []

    /// Decides on the links of the old base, the old layer (`ours`) and the new base (`theirs`).
    ///
    /// Each link has its target. `units` are the names of units in the new layer: those of the new base, and
    /// the administrator's own that are carried. `masks` are new masks of the new base outside `/etc`.
    /// `dangling` are links of the old layer to units that the new layer will not have. Links in `ruled` are
    /// decided elsewhere.
    public init(
        base: [TreePath: [UInt8]], ours: [TreePath: [UInt8]], theirs: [TreePath: [UInt8]],
        units: Set<[UInt8]>, masks: Set<TreePath> = [], dangling: Set<TreePath> = [],
        ruled: Set<TreePath> = []
    ) {
        var merge = UnitMerge(
            base: UnitLinks(base), ours: UnitLinks(ours), theirs: UnitLinks(theirs), ruled: ruled)
        merge.decide()
        merge.unmask(masks)
        merge.noteMissing(units)
        merge.noteDangling(dangling)
        decisions = merge.decisions
        notes = merge.notes
    }
}
