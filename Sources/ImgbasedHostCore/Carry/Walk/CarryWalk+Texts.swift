import ImgbasedCore

/// Files with content that does not come from one tree.
extension CarryWalk {
    /// Puts a file whose content was decided before the walk. Returns whether it is one.
    mutating func decided(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> Bool {
        guard let bytes = settings.decided[path], let any = place.ours ?? place.new ?? place.base,
            place.three.allSatisfy(\.isFile)
        else { return false }
        let ours = place.ours ?? any
        let new = place.new ?? any
        let merge = AttributeMerge(base: place.base?.attributes, ours: ours.attributes, new: new.attributes)
        var attributes = merge.attributes
        let isOurs = try has(bytes, name, level.ours, place.ours)
        let isNew = try has(bytes, name, level.new, place.new)
        attributes.modified =
            isNew
            ? new.attributes.modified
            : isOurs ? ours.attributes.modified : max(ours.attributes.modified, new.attributes.modified)
        if !merge.conflicts.isEmpty {
            let isRefused = settings.policy.rule(for: path) == .fail
            note(path, isRefused ? .refused : .conflict, "stays: " + merge.conflicts.joined(separator: "; "))
        } else if !isNew {
            note(path, isOurs ? .carried : .merged, "entry by entry")
        } else if !merge.kept.isEmpty {
            note(path, .carried, merge.kept.joined(separator: ", "))
        }
        try put(bytes, attributes, at: path, name, place.target, level)
        return true
    }

    /// Puts a file that is adjusted before it is compared.
    ///
    /// Returns whether anything is there afterwards; `nil` if it is no such file.
    mutating func adjusted(
        _ path: TreePath, _ name: [UInt8], _ place: Place, _ rule: CarryRule?, _ level: Level
    ) throws(TreeReadError) -> Bool? {
        guard let adjust = settings.adjustments[path], !place.three.isEmpty, place.three.allSatisfy(\.isFile)
        else {
            return nil
        }
        let base = try text(path, name, level.base, place.base).map(adjust)
        let ours = try text(path, name, level.ours, place.ours).map(adjust)
        let new = try text(path, name, level.new, place.new).map(adjust)
        let same = CarryDecision.Sameness(
            baseAndOurs: base == ours, baseAndNew: base == new, oursAndNew: ours == new)
        var decision = CarryDecision(base: place.base, ours: place.ours, new: place.new, same)
        var content: [UInt8]?
        if decision.content == .merged, let base, let ours, let new,
            let facts = (place.ours, place.new) as? (NodeFacts, NodeFacts)
        {
            content = LineMerge.merge(base: base, ours: ours, theirs: new)
            let problem = content.flatMap { settings.mergeProblem(path, $0) }
            if content == nil || problem != nil {
                (content, decision) = (nil, .conflict(base: place.base, ours: facts.0, new: facts.1))
            }
            if let problem { decision.finding?.detail += "; " + problem }
        }
        decision.apply(rule, place.base, place.ours, place.new, same)
        try keep(&decision, rule, path, name, place, level)
        guard let attributes = decision.attributes else {
            if let target = place.target { try change(.remove(path), of: target, in: level) }
            return false
        }
        switch decision.content {
        case .ours: content = ours
        case .new: content = new
        case .merged, .none: break
        }
        try put(content ?? [], attributes, at: path, name, place.target, level)
        return true
    }

    /// Whether a tree has this text there. A longer file differs, however long it is.
    private func has(
        _ bytes: [UInt8], _ name: [UInt8], _ directory: Directory?, _ facts: NodeFacts?
    ) throws(TreeReadError) -> Bool {
        guard let directory, facts != nil else { return false }
        return try directory.bytes(of: name, limit: bytes.count) == bytes
    }

    private func text(
        _ path: TreePath, _ name: [UInt8], _ directory: Directory?, _ facts: NodeFacts?
    ) throws(TreeReadError) -> [UInt8]? {
        guard let directory, facts != nil else { return nil }
        guard let bytes = try directory.bytes(of: name, limit: LineMerge.limit) else {
            throw TreeReadError("'\(path)' is longer than \(LineMerge.limit) bytes")
        }
        return bytes
    }
}
