import ImgbasedCore

/// What becomes of the states of systemd's units, enabled, disabled and masked, which are links below
/// `/etc/systemd/system` and `/etc/systemd/user`: as the administrator left each unit, and as the new base has those that
/// were left alone.
public struct UnitStates: Hashable, Sendable {
    /// What becomes of a link.
    public enum Decision: Hashable, Sendable {
        /// As the new base has it.
        case theirs
        /// As the old layer has it.
        case ours
        /// There is none.
        case absent
    }

    /// What becomes of each link that the old layer or the new base has.
    public private(set) var decisions: [TreePath: Decision] = [:]
    /// What a person should know, in order.
    public private(set) var notes: [UnitNote] = []

    /// Decides on the links, each with where it leads, of the old base, the old layer (`ours`) and the new base (`theirs`).
    /// `units` are the names of the units that the new layer will have: those of the new base, and those of the
    /// administrator's own that are carried. `masks` are places outside of `/etc` where the new base masks a unit anew, and
    /// `dangling` links of the old layer to units that the new layer will not have. Nothing is decided on the links that
    /// are `ruled` by something else.
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
