import ImgbasedCore

/// The entries of the merged files: see `AccountMerge`.
struct AccountEntries {
    let tables: AccountTables
    let users: [UInt32: UInt32]
    private let groups: [UInt32: UInt32]
    /// What the administrator should know.
    var notes: [AccountNote] = []

    init(_ tables: AccountTables, users: [UInt32: UInt32], groups: [UInt32: UInt32]) {
        self.tables = tables
        self.users = users
        self.groups = groups
    }

    // MARK: Files

    /// The lines of a file, in the old layer's order if `isOurs`, else in the new base's.
    mutating func lines(_ file: AccountFile, isOurs: Bool) -> [AccountLine] {
        let (here, new) = (tables.ours(file), tables.theirs(file))
        let (first, second) = isOurs ? (here, new) : (new, here)
        let known = Set(here.lines)
        var lines: [AccountLine] = []
        for (index, line) in first.lines.enumerated() {
            if let name = first.counted(at: index) {
                if let line = entry(file, name) { lines.append(line) }
            } else {
                lines.append(known.contains(line) ? line : mapped(line, file))
            }
        }
        let end = lines.firstIndex(where: \.isCompatibility) ?? lines.endIndex
        var added: [AccountLine] = []
        for index in second.lines.indices {
            guard let name = second.counted(at: index), first[name] == nil else { continue }
            if let line = entry(file, name) { added.append(line) }
        }
        lines.insert(contentsOf: added, at: end)
        if isOurs { noteLeftOut(file) }
        return lines
    }

    /// Notes lines of the new base that are no entries, or second ones, and are in no other tree.
    private mutating func noteLeftOut(_ file: AccountFile) {
        let new = tables.theirs(file)
        let known = Set(tables.base(file).lines).union(tables.ours(file).lines)
        for (index, line) in new.lines.enumerated() where new.counted(at: index) == nil {
            if !line.isSilent, !known.contains(line) { noteLeftOut(file, index) }
        }
    }

    /// Notes that the line of the new base at `index` is left out.
    mutating func noteLeftOut(_ file: AccountFile, _ index: Int?) {
        guard let index else { return }
        let line = tables.theirs(file).lines[index]
        let name = line.isWhole(file) ? line.name : nil
        notes.append(.leftOut(file, AccountNote.Line(number: index + 1, name: name)))
    }

    // MARK: Entries

    /// The entry for `name`; `nil` if there is to be none.
    private mutating func entry(_ file: AccountFile, _ name: [UInt8]) -> AccountLine? {
        let (old, here, new) = (tables.base(file)[name], tables.ours(file)[name], tables.theirs(file)[name])
        guard let here else { return new.flatMap { added(file, name, $0, isKnown: old != nil) } }
        guard let new else {
            if old != nil, file == .passwd || file == .group { notes.append(.kept(file, name: name)) }
            return here
        }
        return merged(file, name, here: here, old: old, new: new)
    }

    /// An entry of the new base whose name has no entry here.
    private mutating func added(
        _ file: AccountFile, _ name: [UInt8], _ new: AccountLine, isKnown: Bool
    ) -> AccountLine? {
        let hasAccount = file == .passwd || file == .group
        if isKnown {
            if hasAccount { notes.append(.staysRemoved(file, name: name)) }
            return nil
        }
        // Its account is gone, or the administrator set its password.
        if file == .shadow, tables.isRemoved(name) || isPasswordOurs(name) { return nil }
        if file == .gshadow, tables.base(.group)[name] != nil, tables.ours(.group)[name] == nil { return nil }
        guard new.isWhole(file) else {
            noteLeftOut(file, tables.theirs(file).index(of: name))
            return nil
        }
        if let id = new.id(2), hasAccount, (file == .passwd ? users : groups)[id] == nil { return nil }
        var fields = mapped(new, file).fields
        if file == .group || file == .gshadow { removeMembers(&fields, file) }
        return AccountLine(fields: fields)
    }

    /// Drops, from the lists of an entry, users that the administrator removed.
    private func removeMembers(_ fields: inout [[UInt8]], _ file: AccountFile) {
        for index in AccountEntries.lists(file) {
            let members = AccountEntries.members(fields[index])
            let present = members.filter { !tables.isRemoved($0) }
            if present.count < members.count { fields[index] = AccountEntries.joined(present) }
        }
    }

    /// A line of the new base with the ids used here.
    private func mapped(_ line: AccountLine, _ file: AccountFile) -> AccountLine {
        guard line.isWhole(file), file == .passwd || file == .group else { return line }
        var fields = line.fields
        for (indices, targets) in [(file.idFields.users, users), (file.idFields.groups, groups)] {
            for index in indices {
                if let id = AccountLine.id(fields[index]), let target = targets[id], target != id {
                    fields[index] = Array(String(target).utf8)
                }
            }
        }
        return AccountLine(fields: fields)
    }

    /// The same, with the ids of the entry `here`.
    private func mapped(_ line: AccountLine, _ file: AccountFile, keeping here: AccountLine) -> AccountLine {
        var fields = mapped(line, file).fields
        for index in file.idFields.users + file.idFields.groups where here.id(index) != nil {
            fields[index] = here.fields[index]
        }
        return AccountLine(fields: fields)
    }

    // MARK: Fields

    private mutating func merged(
        _ file: AccountFile, _ name: [UInt8], here: AccountLine, old: AccountLine?, new: AccountLine
    ) -> AccountLine {
        var fields = here.fields
        let newFields = mapped(new, file).fields
        // A line that is no entry has no fields: it is taken as a whole, from here or from the new base.
        guard here.isWhole(file), new.isWhole(file), fields.count == newFields.count,
            old.map({ $0.isWhole(file) && $0.fields.count == fields.count }) ?? true
        else {
            if here == old, new.isWhole(file) { return mapped(new, file, keeping: here) }
            if new != old, new != here { noteLeftOut(file, tables.theirs(file).index(of: name)) }
            return here
        }
        let oldFields = old?.fields
        let kept = file.idFields.users + file.idFields.groups
        for index in fields.indices where index > 0 && !kept.contains(index) {
            let field = (old: oldFields?[index], here: fields[index], new: newFields[index])
            if AccountEntries.lists(file).contains(index) {
                fields[index] = members(field)
            } else if AccountEntries.isPassword(file, index) {
                fields[index] = password(name, field, isHash: index == 1)
            } else if field.here == field.old {
                fields[index] = field.new
            } else if field.new != field.old, field.new != field.here {
                notes.append(.fieldKept(file, name: name, field: AccountEntries.title(file, index)))
            }
        }
        if file == .passwd, let oldFields, newFields[3] != fields[3], new.fields[3] != oldFields[3] {
            notes.append(.fieldKept(file, name: name, field: AccountEntries.title(file, 3)))
        }
        return AccountLine(fields: fields)
    }

    /// Merges a password, or the day it was set.
    private mutating func password(
        _ name: [UInt8], _ field: (old: [UInt8]?, here: [UInt8], new: [UInt8]), isHash: Bool
    ) -> [UInt8] {
        guard !isPasswordOurs(name) else {
            if isHash, field.new != field.old, field.new != field.here {
                notes.append(.fieldKept(.passwd, name: name, field: "password"))
            }
            return field.here
        }
        if isHash, AccountEntries.isLocked(field.here), !AccountEntries.isLocked(field.new) {
            notes.append(.unlocked(name: name))
        }
        return field.new
    }

    /// Whether the administrator made an account that is here, or set or locked its password.
    private func isPasswordOurs(_ name: [UInt8]) -> Bool {
        guard tables.ours(.passwd)[name] != nil || tables.ours(.shadow)[name] != nil else { return false }
        return password(name, tables.ours) != password(name, tables.base)
    }

    private func password(_ name: [UInt8], _ table: (AccountFile) -> AccountTable) -> [[UInt8]?] {
        let (account, shadow) = (table(.passwd)[name]?.fields, table(.shadow)[name]?.fields)
        return [account?.dropFirst().first, shadow?.dropFirst().first, shadow?.dropFirst(2).first]
    }

    /// The members here, without those that the new base dropped, and with those that it added.
    private func members(_ field: (old: [UInt8]?, here: [UInt8], new: [UInt8])) -> [UInt8] {
        let here = AccountEntries.members(field.here)
        let new = AccountEntries.members(field.new)
        let old = Set(AccountEntries.members(field.old ?? []))
        // A name that is no user of the new base could not be a member there.
        let dropped = old.subtracting(new).filter { name in
            tables.theirs(.passwd)[name] != nil || tables.ours(.passwd)[name] == nil
        }
        var known = old.union(here)
        let added = new.filter { !tables.isRemoved($0) && known.insert($0).inserted }
        let kept = here.filter { !dropped.contains($0) }
        if added.isEmpty, kept.count == here.count { return field.here }
        let result = kept + added
        return result == new ? field.new : AccountEntries.joined(result)
    }

    private static func members(_ field: [UInt8]) -> [[UInt8]] {
        field.split(separator: UInt8(ascii: ",")).map(Array.init)
    }

    private static func joined(_ members: [[UInt8]]) -> [UInt8] {
        Array(members.joined(separator: CollectionOfOne(UInt8(ascii: ","))))
    }

    /// The fields that list users.
    private static func lists(_ file: AccountFile) -> [Int] {
        switch file {
        case .group: [3]
        case .gshadow: [2, 3]
        default: []
        }
    }

    private static func isPassword(_ file: AccountFile, _ index: Int) -> Bool {
        file == .passwd && index == 1 || file == .shadow && (index == 1 || index == 2)
    }

    private static func isLocked(_ password: [UInt8]) -> Bool {
        password.first == UInt8(ascii: "!") || password.first == UInt8(ascii: "*")
    }

    private static func title(_ file: AccountFile, _ index: Int) -> String {
        let titles: [String] =
            switch file {
            case .passwd: ["name", "password", "id", "group", "full name", "home directory", "shell"]
            case .shadow:
                [
                    "name", "password", "day of the password", "minimum age", "maximum age",
                    "time of warning",
                    "time of inactivity", "day of expiry", "reserved field",
                ]
            case .group, .gshadow: ["name", "password", "id or administrators", "members"]
            case .subuid, .subgid: ["name", "start", "count"]
            }
        return index < titles.count ? titles[index] : "field \(index + 1)"
    }
}
