import ImgbasedCore

/// The three-way merge of the account files, entry by entry.
///
/// - Every account of the old layer stays, with its ids and the order of the lines. One that the new base
///   dropped stays too, as with package managers: files may belong to it. Only lines that are not here are
///   left out.
/// - A field, or a member of a group, is the administrator's if changed here, else the new base's. A password
///   and the day it was set count as one, in any file; so a locked account stays locked.
/// - An account that the administrator removed stays removed. Nobody else gets its id.
/// - An account only in the new base keeps its id if that is free here, else it gets a free one.
public struct AccountMerge: Hashable, Sendable {
    /// The merged files. A file without a key is not to exist.
    public private(set) var files: [AccountFile: [UInt8]] = [:]
    /// The user ids of the new base's tree that change, with their new ids.
    ///
    /// Each is mapped once: they may swap. Two ids never become one.
    public private(set) var users: [UInt32: UInt32] = [:]
    /// The same for group ids.
    public private(set) var groups: [UInt32: UInt32] = [:]
    /// What the administrator should know, in order.
    public private(set) var notes: [AccountNote] = []

    /// Merges the files of the old base, the old layer (`ours`) and the new base (`theirs`).
    ///
    /// Any file may be missing.
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
            // The layer lacks the file: it is new in the new base, or the administrator removed it.
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
        // A file unchanged here is taken from the new base, except for what must stay.
        let isOurs = here != old
        let lines =
            switch file {
            case .subuid, .subgid: entries.ranges(file, isOurs: isOurs)
            default: entries.lines(file, isOurs: isOurs)
            }
        let contents = lines.flatMap { $0.bytes + [UInt8(ascii: "\n")] }
        // The last line may lack its newline.
        let whole = isOurs ? here ?? new : new
        return whole + [UInt8(ascii: "\n")] == contents ? whole : contents
    }
}
