import ImgbasedCore

extension AccountEntries {
    /// The lines of subuid(5) or subgid(5).
    ///
    /// Owners of ranges here keep them. Others get the new base's ranges, or as many ids elsewhere if those
    /// are taken.
    mutating func ranges(_ file: AccountFile, isOurs: Bool) -> [AccountLine] {
        let (old, here, new) = (tables.base(file), tables.ours(file), tables.theirs(file))
        var taken = SubordinateRanges()
        for line in here.lines { SubordinateRange(line).map { taken.take($0) } }
        let known = Set(old.lines).union(here.lines)
        var added: [AccountLine] = []
        var noted: Set<[UInt8]> = []
        var lines = here.lines
        for (index, line) in new.lines.enumerated() where !known.contains(line) {
            guard var range = SubordinateRange(line) else {
                if !line.isSilent { noteLeftOut(file, index) }
                continue
            }
            if let id = AccountLine.id(range.owner), let target = users[id], target != id {
                range.owner = Array(String(target).utf8)
            }
            if here[range.owner] != nil {
                if noted.insert(range.owner).inserted { notes.append(.rangesKept(file, name: range.owner)) }
                continue
            }
            if old[range.owner] != nil || tables.isRemoved(range.owner) { continue }
            if taken.overlaps(range) {
                guard let start = taken.free(for: range) else {
                    noteLeftOut(file, index)
                    continue
                }
                notes.append(.rangeMoved(file, name: range.owner, start: start, theirs: range.start))
                range.start = start
            }
            taken.take(range)
            let result = SubordinateRange(line) == range ? line : range.line
            added.append(result)
        }
        lines += added
        // The file is unchanged here: take the new base's, if it says no less.
        return !isOurs && Set(lines).isSubset(of: new.lines) && isAll(new, in: lines) ? new.lines : lines
    }

    /// Whether every range of `table` is in `lines`.
    private func isAll(_ table: AccountTable, in lines: [AccountLine]) -> Bool {
        let lines = Set(lines)
        return table.lines.allSatisfy { SubordinateRange($0) == nil || lines.contains($0) }
    }
}
