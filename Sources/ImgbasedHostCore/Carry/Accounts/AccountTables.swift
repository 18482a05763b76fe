import ImgbasedCore

/// The account files of the old base, the old layer and the new base.
struct AccountTables {
    private let base: [AccountFile: AccountTable]
    private let ours: [AccountFile: AccountTable]
    private let theirs: [AccountFile: AccountTable]

    init(base: [AccountFile: [UInt8]], ours: [AccountFile: [UInt8]], theirs: [AccountFile: [UInt8]]) {
        func tables(_ files: [AccountFile: [UInt8]]) -> [AccountFile: AccountTable] {
            var tables: [AccountFile: AccountTable] = [:]
            for file in AccountFile.allCases { tables[file] = AccountTable(file, files[file]) }
            return tables
        }
        self.base = tables(base)
        self.ours = tables(ours)
        self.theirs = tables(theirs)
    }

    func base(_ file: AccountFile) -> AccountTable { base[file] ?? AccountTable(file, nil) }
    func ours(_ file: AccountFile) -> AccountTable { ours[file] ?? AccountTable(file, nil) }
    func theirs(_ file: AccountFile) -> AccountTable { theirs[file] ?? AccountTable(file, nil) }

    /// Whether the administrator removed this user.
    func isRemoved(_ user: [UInt8]) -> Bool {
        base(.passwd)[user] != nil && ours(.passwd)[user] == nil
    }

    func userIDs() -> AccountIDs {
        AccountIDs(
            .passwd, base: AccountTables.claims(base(.passwd)), ours: AccountTables.claims(ours(.passwd)),
            theirs: AccountTables.claims(theirs(.passwd)))
    }

    /// The group of a user counts, even without an entry.
    func groupIDs() -> AccountIDs {
        func claims(_ groups: AccountTable, _ users: AccountTable) -> [AccountIDs.Claim] {
            let members = users.lines.indices.compactMap { index -> AccountIDs.Claim? in
                guard let name = users.counted(at: index), let id = users.lines[index].id(3) else {
                    return nil
                }
                return AccountIDs.Claim(holder: .member(name), id: id)
            }
            return AccountTables.claims(groups) + members
        }
        return AccountIDs(
            .group, base: claims(base(.group), base(.passwd)), ours: claims(ours(.group), ours(.passwd)),
            theirs: claims(theirs(.group), theirs(.passwd)))
    }

    private static func claims(_ table: AccountTable) -> [AccountIDs.Claim] {
        table.lines.indices.compactMap { index in
            guard let name = table.lines[index].name, let id = table.lines[index].id(2) else { return nil }
            let occurrence = table.occurrence(at: index)
            return AccountIDs.Claim(
                holder: occurrence == 0 ? .entry(name) : .duplicate(name, occurrence), id: id)
        }
    }
}
