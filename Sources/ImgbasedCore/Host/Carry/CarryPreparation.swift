/// What is found out before the walk: accounts, and the states of units.
extension CarryWalk {
    private static var accountLimit: Int { 16 << 20 }

    /// Looks into `/etc` of each tree.
    mutating func prepare() throws(TreeReadError) {
        let etc = Array("etc".utf8)
        let place = try look(etc, root)
        let isMissing = place.ours == nil && (place.base != nil || place.new != nil)
        guard !isMissing, place.three.allSatisfy({ $0.isDirectory && !$0.isMountPoint }) else {
            throw TreeReadError(
                "there is no directory '/etc' in each of the old base, the old layer and the new base")
        }
        let level = try open(etc, place, root, CarryScope.configuration)
        try prepareAccounts(level)
        try prepareUnits(level)
    }

    // MARK: Accounts

    private mutating func prepareAccounts(_ level: Level) throws(TreeReadError) {
        guard let base = try accounts(level.base), let ours = try accounts(level.ours),
            let new = try accounts(level.new)
        else {
            let words =
                "an account file is no plain file, or too long; accounts are merged as other files are"
            return note(CarryScope.configuration, .omitted, words)
        }
        if base.isEmpty, ours.isEmpty, new.isEmpty { return }
        // The layer's numbers are what stays: those of its own base as well as those of the new one are seen as these.
        let old = AccountMerge(base: base, ours: ours, theirs: base)
        let merge = AccountMerge(base: base, ours: ours, theirs: new)
        settings.baseIdentities = IdentityMap(users: old.users, groups: old.groups)
        settings.newIdentities = IdentityMap(users: merge.users, groups: merge.groups)
        var isAsNew = true
        var isAsDecided = true
        let there = try accounts(level.target) ?? [:]
        for file in AccountFile.allCases {
            isAsNew = isAsNew && there[file] == new[file]
            isAsDecided = isAsDecided && there[file] == merge.files[file]
            if let bytes = merge.files[file], let path = AccountFile.path(file) {
                settings.decided[path] = bytes
            }
        }
        // Without anything to change now, an earlier run may have changed something: its accounts are there then.
        settings.checksOwners = !settings.newIdentities.isEmpty || !(isAsNew || isAsDecided)
        for note in merge.notes { items.append(note.item) }
    }

    /// The files of accounts in `/etc`; `nil` where they cannot be merged as such.
    private func accounts(_ etc: Directory?) throws(TreeReadError) -> [AccountFile: [UInt8]]? {
        var files: [AccountFile: [UInt8]] = [:]
        guard let etc else { return files }
        for file in AccountFile.allCases {
            let name = Array(file.rawValue.utf8)
            guard let facts = try etc.facts(of: name) else { continue }
            guard facts.isFile, !facts.isMountPoint,
                let bytes = try etc.bytes(of: name, limit: CarryWalk.accountLimit)
            else { return nil }
            files[file] = bytes
        }
        return files
    }

    // MARK: Units

    private mutating func prepareUnits(_ level: Level) throws(TreeReadError) {
        let etc = Array("etc".utf8)
        let base = try unitLinks(level.base)
        let ours = try unitLinks(level.ours)
        let new = try unitLinks(level.new)
        guard !base.isEmpty || !ours.isEmpty || !new.isEmpty else { return }
        var units: Set<[UInt8]> = []
        for names in [["usr", "lib"], ["lib"], ["usr", "local", "lib"]] {
            for scope in ["system", "user"] {
                let path = (names + ["systemd", scope]).map { Array($0.utf8) }
                units.formUnion(try self.names(in: [try descend(path, from: root.new)]))
            }
        }
        for scope in ["system", "user"] {
            let path = [etc, Array("systemd".utf8), Array(scope.utf8)]
            for directory in [try descend(path, from: root.ours), try descend(path, from: root.new)] {
                for name in try names(in: [directory]) where try directory?.facts(of: name)?.isFile ?? false {
                    units.insert(name)
                }
            }
        }
        let ruled = Set(ours.keys).union(new.keys).filter {
            isCopied($0) || settings.policy.rule(for: $0) != nil
        }
        let states = UnitStates(base: base, ours: ours, theirs: new, units: units, ruled: ruled)
        settings.units = states.decisions
        for note in states.notes { items.append(note.item) }
    }

    /// The links below `/etc/systemd/system` and `/etc/systemd/user`, with where they lead.
    private func unitLinks(_ etc: Directory?) throws(TreeReadError) -> [TreePath: [UInt8]] {
        var links: [TreePath: [UInt8]] = [:]
        for scope in ["system", "user"] {
            let names = ["systemd", scope].map { Array($0.utf8) }
            guard let directory = try descend(names, from: etc),
                let path = TreePath(parsing: "/etc/systemd/\(scope)")
            else { continue }
            for name in try self.names(in: [directory]) {
                let place = try self.path(path, name)
                guard let facts = try directory.facts(of: name), !facts.isMountPoint else { continue }
                if case .link(let target) = facts.kind { links[place] = target }
                guard facts.isDirectory else { continue }
                let inner = try directory.directory(name)
                for entry in try self.names(in: [inner]) {
                    guard case .link(let target)? = try inner.facts(of: entry)?.kind else { continue }
                    links[try self.path(place, entry)] = target
                }
            }
        }
        return links
    }

    /// The directory that those names lead to; `nil` where one of them is none.
    private func descend(_ names: [[UInt8]], from directory: Directory?) throws(TreeReadError) -> Directory? {
        var directory = directory
        for name in names {
            guard let here = directory, let facts = try here.facts(of: name), facts.isDirectory,
                !facts.isMountPoint
            else { return nil }
            directory = try here.directory(name)
        }
        return directory
    }
}

extension AccountFile {
    /// Where it is.
    static func path(_ file: AccountFile) -> TreePath? {
        CarryScope.configuration.appending(file.rawValue)
    }

    /// Where tools leave what it was before.
    static let backups = Set(allCases.compactMap { CarryScope.configuration.appending($0.rawValue + "-") })
}

extension AccountNote {
    /// What the report says of it.
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

extension UnitNote {
    /// What the report says of it.
    var item: CarryItem {
        let place = TreePath(parsing: "/etc/systemd") ?? CarryScope.configuration
        return switch self {
        case .staysDisabled: CarryItem(place, .deleted, description)
        case .missing: CarryItem(place, .conflict, description)
        case .bothChanged(let path, _): CarryItem(path, .conflict, description)
        }
    }
}
