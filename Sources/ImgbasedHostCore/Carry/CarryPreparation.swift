import ImgbasedCore

/// The preparation of the walk: accounts, states of units, and conflicts that wait.
extension CarryWalk {
    private static var accountLimit: Int { 16 << 20 }

    /// Reads `/etc` of each tree.
    mutating func prepare() throws(TreeReadError) {
        let etc = Array("etc".utf8)
        let place = try look(etc, root)
        let isMissing = place.ours == nil && (place.base != nil || place.new != nil)
        guard !isMissing, place.three.allSatisfy({ $0.isDirectory && !$0.isMountPoint }) else {
            throw TreeReadError(
                "the old base, the old layer and the new base do not all have a directory '/etc'")
        }
        let level = try open(etc, place, root, CarryScope.configuration)
        try prepareAccounts(level)
        try prepareUnits(level)
        try prepareConflicts()
    }

    // MARK: Accounts

    private mutating func prepareAccounts(_ level: Level) throws(TreeReadError) {
        let base = try accounts(level.base, of: "the old base")
        let ours = try accounts(level.ours, of: "the old layer")
        let new = try accounts(level.new, of: "the new base")
        if base.isEmpty, ours.isEmpty, new.isEmpty { return }
        // The layer's ids stay. Those of its own base and of the new base are translated to them.
        let old = AccountMerge(base: base, ours: ours, theirs: base)
        let merge = AccountMerge(base: base, ours: ours, theirs: new)
        settings.baseIdentities = IdentityMap(users: old.users, groups: old.groups)
        settings.newIdentities = IdentityMap(users: merge.users, groups: merge.groups)
        var isAsNew = true
        var isAsDecided = true
        let there = try accounts(level.target, of: "the new layer")
        for file in AccountFile.allCases {
            isAsNew = isAsNew && there[file] == new[file]
            isAsDecided = isAsDecided && there[file] == merge.files[file]
            if let bytes = merge.files[file], let path = AccountFile.path(file) {
                settings.decided[path] = bytes
            }
        }
        // With nothing to change now, an earlier run may have changed owners: then its accounts are there.
        settings.checksOwners = !settings.newIdentities.isEmpty || !(isAsNew || isAsDecided)
        for note in merge.notes {
            var item = note.item
            // Of the rules, only this one has a meaning for accounts.
            if item.outcome == .conflict, settings.policy.rule(for: item.path) == .fail {
                item.outcome = .refused
            }
            items.append(item)
        }
        for path in settings.decided.keys {
            guard let rule = settings.policy.rule(for: path), rule != .merge, rule != .fail else { continue }
            note(path, .unused, "a rule names it, but accounts are always merged entry by entry")
        }
    }

    /// The account files in `/etc` of `tree`.
    ///
    /// Throws if one is no plain file: programs that add accounts would replace a link, and half the accounts
    /// cannot be merged.
    private func accounts(_ etc: Directory?, of tree: String) throws(TreeReadError) -> [AccountFile: [UInt8]]
    {
        var files: [AccountFile: [UInt8]] = [:]
        guard let etc else { return files }
        for file in AccountFile.allCases {
            let name = Array(file.rawValue.utf8)
            guard let facts = try etc.facts(of: name) else { continue }
            guard facts.isFile, !facts.isMountPoint,
                let bytes = try etc.bytes(of: name, limit: CarryWalk.accountLimit)
            else {
                throw TreeReadError(
                    "'/etc/\(file.rawValue)' of \(tree) is no plain file, or larger than 16 MiB, so accounts cannot be "
                        + "merged; make it a plain file")
            }
            files[file] = bytes
        }
        return files
    }
}

extension AccountFile {
    /// The path of an account file.
    static func path(_ file: AccountFile) -> TreePath? {
        CarryScope.configuration.appending(file.rawValue)
    }

    /// The paths where tools keep the previous versions.
    static let backups = Set(allCases.compactMap { CarryScope.configuration.appending($0.rawValue + "-") })
}

extension AccountNote {
    /// The note as an item of the report.
    var item: CarryItem {
        let (file, outcome): (AccountFile, CarryOutcome) =
            switch self {
            case .kept(let file, _), .idKept(let file, _, _, _), .newID(let file, _, _, _),
                .namelessID(let file, _, _), .rangeMoved(let file, _, _, _):
                (file, .merged)
            case .staysRemoved(let file, _), .fileStaysRemoved(let file): (file, .deleted)
            case .sharedID(let file, _, _), .noFreeID(let file, _), .fieldKept(let file, _, _),
                .leftOut(let file, _), .rangesKept(let file, _):
                (file, .conflict)
            case .unlocked: (.shadow, .conflict)
            }
        return CarryItem(AccountFile.path(file) ?? CarryScope.configuration, outcome, description)
    }
}
