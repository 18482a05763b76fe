import ImgbasedCore

extension CarryWalk {
    /// Carries one place. Returns whether anything is there afterwards.
    @discardableResult
    mutating func inside(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        if CarryScope.isState(path) || settings.isShared(path) { return place.target != nil }
        if place.three.contains(where: \.isMountPoint) {
            note(path, .omitted, "something else is mounted there; files below it are not seen")
            return place.target != nil
        }
        if isTooDeep(place, level) {
            // What only the new base has is in the new layer already.
            if place.base != nil || place.ours != nil { noteDeep(path) }
            return place.target != nil
        }
        let rule = self.rule(for: path, place)
        let (place, level) = try rule.merges ? asUnsettled(path, name, place, level) : (place, level)
        if try decided(path, name, place, level) { return true }
        if let exists = try adjusted(path, name, place, rule, level) { return exists }
        if rule.merges, !isCopied(path), try isLeftBeside(path, name, place, level) {
            if let target = place.target { try change(.remove(path), of: target, in: level) }
            note(
                path, .reset,
                "an old base's version, left by an earlier change of base; the conflict is kept elsewhere")
            return false
        }
        if let ours = place.ours, try isGoneThrough(path, name, place, rule, level) {
            let exists = try directory(path, name, place, ours, rule, level)
            // If nothing of it stays, the new base's node takes the place.
            if exists || place.new?.isDirectory != false { return exists }
        } else if let new = place.new, try isGoneThroughInNew(path, name, place, rule, level) {
            return try directory(path, name, place, new, rule, level)
        }
        return try whole(path, name, place, rule, level)
    }

    /// Carries a directory of the layer, or else of the new base, and its entries.
    private mutating func directory(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ ours: NodeFacts, _ rule: CarryRule?,
        _ level: Level
    ) throws(TreeReadError) -> Bool {
        let isCopied = self.isCopied(path)
        let base = place.base.flatMap { $0.isDirectory ? $0 : nil }
        let new = place.new.flatMap { $0.isDirectory ? $0 : nil }
        var (attributes, finding) = CarryDecision.directory(base: base, ours: ours, new: new)
        switch rule {
        case .ours where new.map { !$0.attributes.isSame(as: ours.attributes) } ?? false:
            (attributes, finding) = (ours.attributes, CarryDecision.Finding(.carried, "its attributes"))
        case .ours:
            (attributes, finding) = (ours.attributes, nil)
        case .skip:
            (attributes, finding) = (new?.attributes ?? ours.attributes, nil)
        case .theirs where new == nil || place.ours?.isDirectory != true:
            (attributes, finding) = (new?.attributes ?? ours.attributes, try replacement(name, place, level))
        case .theirs:
            let isReplaced = new.map { !$0.attributes.isSame(as: attributes) } ?? false
            attributes = new?.attributes ?? attributes
            finding = isReplaced ? CarryDecision.Finding(.replaced, "its attributes") : nil
        case .fail:
            if finding?.outcome == .conflict { finding?.outcome = .refused }
        case .merge, .whole, nil:
            if isCopied { (attributes, finding) = (ours.attributes, nil) }
        }
        // A directory only in the layer, or copied, is reported once.
        let isOurs = place.base == nil && place.new == nil && !rule.takesNew || isCopied
        let before = differences
        if new.map({ !$0.attributes.isSame(as: attributes) }) ?? true { differences += 1 }
        if isOurs { quiet += 1 }
        let start = changes.count
        let exists = try entries(path, name, place, level) || isKept(place, ours, rule, isCopied)
        if isOurs { quiet -= 1 }
        if exists {
            try finish(path, ours, attributes, place.target, level, from: start)
            if isOurs, differences > before {
                finding = CarryDecision.Finding(
                    .carried, isCopied ? "as the lists say" : "a directory, added with its content")
            } else if new == nil, !isOurs {
                let words = place.base == nil ? "a directory" : "a directory, gone from the new base"
                finding = CarryDecision.Finding(.carried, words + ", for its content")
            }
            if let other = place.new, !other.isDirectory, !isCopied, rule != .ours {
                var decision = CarryDecision.conflict(base: place.base, ours: ours, new: other)
                if rule == .fail { decision.finding?.outcome = .refused }
                try keep(&decision, rule, path, name, place, level)
            } else {
                note(path, finding)
            }
        } else if place.new?.isDirectory != false {
            let isDeleted = place.ours == nil && place.base != nil
            note(path, finding ?? (isDeleted ? CarryDecision.Finding(.deleted, "stays deleted") : nil))
            if let target = place.target { try change(.remove(path), of: target, in: level) }
        }
        return exists
    }

    /// The finding if the policy takes the new base's version of a place.
    private func replacement(
        _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> CarryDecision.Finding? {
        let same = try sameness(name, place, level)
        var decision = CarryDecision(base: place.base, ours: place.ours, new: place.new, same)
        decision.apply(.theirs, place.base, place.ours, place.new, same)
        return decision.finding
    }

    /// Whether a directory that is now empty stays.
    private func isKept(_ place: Place, _ ours: NodeFacts, _ rule: CarryRule?, _ isCopied: Bool) -> Bool {
        if rule.takesNew { return place.new?.isDirectory == true }
        if place.ours == nil { return place.base == nil && rule != .ours }
        if place.new?.isDirectory == true || place.base == nil || isCopied || rule == .ours { return true }
        return place.base.map { !$0.attributes.isSame(as: ours.attributes) } ?? true
    }

    /// Carries the entries of a directory. Returns whether it has any afterwards.
    private mutating func entries(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        let inner = try open(name, place, level, path)
        var exists = false
        let names = try self.names(in: [inner.base, inner.ours, inner.new])
        for entry in names {
            let there = try look(entry, inner)
            if try inside(try self.path(path, entry), entry, there, inner) { exists = true }
        }
        try noteTemporary(path, inner.ours)
        try leftovers(path, known: Set(names), inner, isNoted: true)
        return exists
    }

    /// Notes a node of the layer with imgbase's own name.
    mutating func noteTemporary(_ path: TreePath, _ directory: Directory?) throws(TreeReadError) {
        guard let directory, try directory.facts(of: CarryNames.temporary) != nil else { return }
        note(
            try self.path(path, CarryNames.temporary), .omitted, "the name is imgbase's own; give it another")
    }

    /// Removes entries of the new layer's directory that are not `known`.
    mutating func leftovers(
        _ path: TreePath, known: Set<[UInt8]>, _ level: Level, isNoted: Bool = false
    ) throws(TreeReadError) {
        guard level.target != nil else { return }
        if !isNoted { quiet += 1 }
        defer { if !isNoted { quiet -= 1 } }
        for entry in try names(in: [level.target]) where !known.contains(entry) {
            try leftover(try self.path(path, entry), entry, level)
        }
        // The temporary file of an interrupted run.
        try leftover(try self.path(path, CarryNames.temporary), CarryNames.temporary, level)
    }

    /// Removes what only the new layer has: an earlier run made it, from a state of the layer that is gone.
    mutating func leftover(_ path: TreePath, _ name: [UInt8], _ level: Level) throws(TreeReadError) {
        guard !CarryScope.isState(path), !settings.made.contains(path), !settings.written.contains(path),
            let target = try facts(name, in: level.target, IdentityMap())
        else { return }
        if target.isMountPoint {
            return note(path, .omitted, "something else is mounted there in the new layer")
        }
        try change(.remove(path), of: target, in: level)
        if name != CarryNames.temporary {
            note(path, .reset, "\(target.kind.words) that is in no other tree; removed")
        }
    }

    /// Makes the directory exist with those attributes, after the changes in it.
    mutating func finish(
        _ path: TreePath, _ facts: NodeFacts, _ attributes: NodeAttributes, _ target: NodeFacts?,
        _ level: Level,
        from start: Int
    ) throws(TreeReadError) {
        if let target, target.isMountPoint {
            return note(path, .omitted, "something else is mounted there in the new layer")
        }
        if let target, target.isDirectory {
            let isSame =
                target.attributes.isSame(as: attributes)
                && target.attributes.modified.fulfils(attributes.modified)
            if !isSame || changes.count > start { try change(.set(path, .directory, attributes), of: target) }
            return
        }
        var made: [CarryChange] = []
        if target != nil { made.append(.remove(path)) }
        made.append(.makeDirectory(path))
        if level.isImmutable { throw immutable(path) }
        changes.insert(contentsOf: made, at: start)
        changes.append(.set(path, .directory, attributes))
        count(TreeSize.blockSize)
        if facts.isImmutable { noteImmutable(path) }
    }

    // MARK: Places that are taken whole

    /// Decides on a place where not all trees have a directory.
    private mutating func whole(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ rule: CarryRule?, _ level: Level
    ) throws(TreeReadError) -> Bool {
        let same = try sameness(name, place, level)
        var decision = CarryDecision(base: place.base, ours: place.ours, new: place.new, same)
        if isCopied(path) {
            decision.copy(place.base, place.ours, place.new, same)
        } else {
            if rule == nil, let unit = settings.units[path], place.three.allSatisfy(\.isLink) {
                decision.apply(unit, place.ours, place.new)
            }
            decision.apply(rule, place.base, place.ours, place.new, same)
        }
        var merged: [UInt8]?
        if decision.content == .merged, let ours = place.ours, let new = place.new {
            merged = rule == .whole ? nil : try lines(name, level)
            let problem = merged.flatMap { settings.mergeProblem(path, $0) }
            if problem != nil { merged = nil }
            if merged == nil {
                decision = .conflict(base: place.base, ours: ours, new: new)
                if let problem { decision.finding?.detail += "; " + problem }
                decision.apply(rule, place.base, place.ours, place.new, same)
            }
        }
        try keep(&decision, rule, path, name, place, level)
        if settings.written.contains(path), place.target != nil { return true }
        switch (decision.content, decision.attributes) {
        case (.ours, let attributes?):
            guard let ours = place.ours, let from = level.ours else { return false }
            let wanted = Wanted(Node(.ours, from, name, ours), path, attributes)
            try put(wanted, at: path, name, place.target, level)
            if rule != .ours, !isCopied(path) { try noteStray(path, ours) }
        case (.new, let attributes?):
            guard let new = place.new, let from = level.new else { return false }
            let wanted = Wanted(Node(.new, from, name, new), path, attributes)
            try put(wanted, at: path, name, place.target, level)
        case (.merged, let attributes?):
            try put(merged ?? [], attributes, at: path, name, place.target, level)
        default:
            if let target = place.target { try change(.remove(path), of: target, in: level) }
            return false
        }
        return true
    }

    /// The merged lines of both sides; `nil` if they cannot be merged.
    private func lines(_ name: [UInt8], _ level: Level) throws(TreeReadError) -> [UInt8]? {
        guard let base = try level.base?.bytes(of: name, limit: LineMerge.limit),
            let ours = try level.ours?.bytes(of: name, limit: LineMerge.limit),
            let new = try level.new?.bytes(of: name, limit: LineMerge.limit)
        else { return nil }
        return LineMerge.merge(base: base, ours: ours, theirs: new)
    }
}
