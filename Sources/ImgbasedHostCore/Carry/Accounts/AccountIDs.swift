import ImgbasedCore

/// Maps each id of the new base to an id here: of users, or of groups.
struct AccountIDs {
    /// The holder of an id.
    enum Holder: Hashable {
        /// The entry that counts for a name.
        case entry([UInt8])
        /// A later entry of the name.
        case duplicate([UInt8], Int)
        /// A user whose group has no entry.
        case member([UInt8])

        /// The name of the entry that counts; `nil` for other holders.
        var name: [UInt8]? {
            if case .entry(let name) = self { return name }
            return nil
        }

        var hasEntry: Bool {
            if case .member = self { return false }
            return true
        }
    }

    /// An id and its holder.
    struct Claim: Hashable {
        var holder: Holder
        var id: UInt32
    }

    /// The id here of each id in the new base. Two ids never become one, unless they are one here already.
    private(set) var targets: [UInt32: UInt32] = [:]
    /// What the administrator should know about these ids.
    private(set) var notes: [AccountNote] = []

    private let file: AccountFile
    private let ours: [Holder: UInt32]
    private let taken: Set<UInt32>
    /// The ids in `taken` that have an entry.
    private let named: Set<UInt32>
    private let base: [Holder: UInt32]
    /// The ids of the old base that are free here, with their holders there.
    private let removed: [UInt32: Set<Holder>]
    /// The ids here of names that the old base does not have.
    private let renamed: Set<UInt32>
    private var used: Set<UInt32> = []
    /// Ids that are not given out.
    private var avoided: Set<UInt32>
    private var cursors: [ClosedRange<UInt32>: UInt32] = [:]

    /// Decides on all ids: those of users if `file` is `passwd`, of groups if it is `group`.
    init(_ file: AccountFile, base: [Claim], ours: [Claim], theirs: [Claim]) {
        self.file = file
        self.base = Dictionary(base.map { ($0.holder, $0.id) }) { first, _ in first }
        self.ours = Dictionary(ours.map { ($0.holder, $0.id) }) { first, _ in first }
        let known = self.base
        renamed = Set(ours.filter { $0.holder.name != nil && known[$0.holder] == nil }.map(\.id))
        taken = Set(ours.map(\.id))
        let (here, ids) = (self.ours, taken)
        removed = Dictionary(
            base.filter { here[$0.holder] == nil && !ids.contains($0.id) }.map { ($0.id, [$0.holder]) },
            uniquingKeysWith: { $0.union($1) })
        named = Set(ours.filter(\.holder.hasEntry).map(\.id))
        avoided = taken.union(theirs.map(\.id)).union(base.map(\.id))
        var order: [UInt32] = []
        var holders: [UInt32: [Holder]] = [:]
        for claim in theirs {
            if holders[claim.id] == nil { order.append(claim.id) }
            holders[claim.id, default: []].append(claim.holder)
        }
        // A name that has an id here keeps it. The other names get ids that are left.
        for id in order { decideNamed(id, holders[id] ?? []) }
        for id in order where targets[id] == nil { decideNew(id, holders[id] ?? []) }
    }

    private mutating func decideNamed(_ id: UInt32, _ holders: [Holder]) {
        let known = holders.compactMap { holder in
            holder.name.flatMap { name in ours[holder].map { (name: name, id: $0) } }
        }
        // Id 0 is root, whatever its name.
        guard let target = id == 0 ? 0 : known.first?.id else { return }
        set(id, to: target)
        for (name, here) in known where here != id {
            notes.append(.idKept(file, name: name, id: here, theirs: id))
        }
        if known.contains(where: { $0.id != target }) {
            notes.append(.sharedID(file, theirs: id, id: target))
        }
    }

    private mutating func decideNew(_ id: UInt32, _ holders: [Holder]) {
        let isNew = holders.contains { $0.name != nil && base[$0] == nil }
        // An id stays if the same account has it here. An id without a name here may get one.
        let isSame =
            !(isNew && named.contains(id)) && (holders.contains { ours[$0] == id } || isRenamed(id, holders))
        let isFree =
            !taken.contains(id) && (removed[id].map { !isNew && !$0.isDisjoint(with: holders) } ?? true)
        if (isSame || isFree) && !used.contains(id) {
            set(id, to: id)
            return
        }
        let names = holders.compactMap(\.name).filter { base[.entry($0)] == nil }
        guard let target = freeID(like: id) else {
            notes += names.map { .noFreeID(file, name: $0) }
            return
        }
        set(id, to: target)
        notes += names.map { .newID(file, name: $0, id: target, theirs: id) }
        if names.isEmpty { notes.append(.namelessID(file, id: target, theirs: id)) }
    }

    /// Whether the administrator renamed the account: the old name is gone, and its id has a new one.
    private func isRenamed(_ id: UInt32, _ holders: [Holder]) -> Bool {
        renamed.contains(id) && holders.contains { $0.name != nil && base[$0] == id }
    }

    private mutating func set(_ id: UInt32, to target: UInt32) {
        targets[id] = target
        used.insert(target)
        avoided.insert(target)
    }

    /// An id that nobody has or had.
    ///
    /// System accounts get 999 down to 100; distributions give out those below. Others get 1000 up to 59999.
    /// If all are taken, 65536 and up follow, which nobody uses (systemd: UIDS-GIDS.md).
    private mutating func freeID(like id: UInt32) -> UInt32? {
        let isSystem = id < 1000
        return free(isSystem ? 100...999 : 1000...59999, downwards: isSystem)
            ?? free(65536...524287, downwards: false)
    }

    private mutating func free(_ range: ClosedRange<UInt32>, downwards: Bool) -> UInt32? {
        var next = cursors[range] ?? (downwards ? range.upperBound : range.lowerBound)
        while range.contains(next), avoided.contains(next) { next = downwards ? next - 1 : next + 1 }
        cursors[range] = next
        return range.contains(next) ? next : nil
    }
}
