import ImgbasedCore

/// The three-way merge of the files of accounts, entry by entry.
///
/// - What is here stays: every account of the old layer, its ids, the order of the lines. One that the new base has no more
///   stays too, as package managers leave accounts, since files may be its; only what nobody has here is left out.
/// - Fields, and members of groups one by one, are the administrator's where they changed them, else the new base's. A
///   password and the day it was set are one, wherever they are; so a locked account stays locked.
/// - What the administrator removed stays removed. Its id is not given to anybody else.
/// - An account of the new base alone keeps its id if that is nobody's here, else it gets one that is nobody's.
public struct AccountMerge: Hashable, Sendable {
    /// The files as they are to be. One that is not there is not to be.
    public private(set) var files: [AccountFile: [UInt8]] = [:]
    /// The ids of users in the new base's tree that are others from now on, each mapped once: they may swap. No two become
    /// one.
    public private(set) var users: [UInt32: UInt32] = [:]
    /// The same of groups.
    public private(set) var groups: [UInt32: UInt32] = [:]
    /// What a person should know, in order.
    public private(set) var notes: [AccountNote] = []

    /// Merges the files of the old base, the old layer (`ours`) and the new base (`theirs`). Any may be missing.
    public init(
        base: [AccountFile: [UInt8]], ours: [AccountFile: [UInt8]], theirs: [AccountFile: [UInt8]]
    ) {
        let tables = AccountTables(base: base, ours: ours, theirs: theirs)
        let userIDs = tables.userIDs()
        let groupIDs = tables.groupIDs()
        users = userIDs.targets.filter { $0.key != $0.value }
        groups = groupIDs.targets.filter { $0.key != $0.value }
        notes = userIDs.notes + groupIDs.notes
        var entries = AccountEntries(tables, users: userIDs.targets, groups: groupIDs.targets)
        for file in AccountFile.allCases {
            // Nothing to merge, or what there is to merge with is gone: here too it was the administrator.
            guard let here = ours[file] else {
                if let new = theirs[file] {
                    if base[file] == nil {
                        files[file] = merged(file, tables, &entries, here: nil, old: nil, new: new)
                    } else {
                        notes.append(.fileStaysRemoved(file))
                    }
                }
                continue
            }
            files[file] =
                theirs[file].map { new in
                    merged(file, tables, &entries, here: here, old: base[file], new: new)
                } ?? here
        }
        notes += entries.notes
    }

    private func merged(
        _ file: AccountFile, _ tables: AccountTables, _ entries: inout AccountEntries, here: [UInt8]?,
        old: [UInt8]?, new: [UInt8]
    ) -> [UInt8] {
        // A file that was left alone is as the new base has it, but for what must stay.
        let isOurs = here != old
        let lines =
            switch file {
            case .subuid, .subgid: entries.ranges(file, isOurs: isOurs)
            default: entries.lines(file, isOurs: isOurs)
            }
        let contents = lines.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
        // The last line need have no end.
        let whole = isOurs ? here ?? new : new
        return whole + [UInt8(ascii: "\n")] == contents ? whole : contents
    }
}
