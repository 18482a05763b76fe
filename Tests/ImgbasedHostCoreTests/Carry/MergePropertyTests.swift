import ImgbasedCore
import ImgbasedHostCore
import TestRandom
import Testing

/// Properties of all merges, on 10,000 cases each, the same on every run.
@Suite struct MergePropertyTests {
    private static let count: UInt64 = 10_000

    // MARK: Lines

    /// Three texts, two of them changed from the first; many equal lines make the merge hard.
    private struct Texts {
        var base: [UInt8]
        var ours: [UInt8]
        var theirs: [UInt8]

        init(_ seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            let alphabet = random.one(of: [2, 5, 50, 10_000])
            func line(_ random: inout SeededGenerator) -> String {
                random.once(in: 8) ? "\n" : "\(random.number(alphabet))\n"
            }
            func changed(_ lines: [String], _ random: inout SeededGenerator) -> [String] {
                var lines = lines
                for _ in 0..<random.number(4) {
                    let place = random.number(lines.count + 1)
                    let end = min(lines.count, place + random.number(3))
                    switch random.number(3) {
                    case 0: lines.insert(line(&random), at: place)
                    case 1: lines.removeSubrange(place..<end)
                    default: lines.replaceSubrange(place..<end, with: [line(&random)])
                    }
                }
                return lines
            }
            func text(_ lines: [String], _ random: inout SeededGenerator) -> [UInt8] {
                let text = Array(lines.joined().utf8)
                return random.once(in: 8) ? text.dropLast() : text
            }
            let lines = (0..<random.number(16)).map { _ in line(&random) }
            base = text(lines, &random)
            let here = changed(lines, &random)
            ours = text(here, &random)
            theirs = text(changed(random.once(in: 4) ? here : lines, &random), &random)
        }
    }

    /// The number of occurrences of each line.
    private func counts(_ text: [UInt8]) -> [[UInt8]: Int] {
        Dictionary(
            text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
                (Array($0), 1)
            },
            uniquingKeysWith: +)
    }

    @Test func linesThatOneSideAddedAreThere() {
        var mergedCount = 0
        for seed in 0..<MergePropertyTests.count {
            let texts = Texts(seed)
            guard let merged = LineMerge.merge(base: texts.base, ours: texts.ours, theirs: texts.theirs)
            else {
                continue
            }
            mergedCount += 1
            let (base, ours, theirs) = (counts(texts.base), counts(texts.ours), counts(texts.theirs))
            let result = counts(merged)
            for line in Set(ours.keys).union(theirs.keys) where base[line] == nil && !line.isEmpty {
                let (here, new, count) = (ours[line] ?? 0, theirs[line] ?? 0, result[line] ?? 0)
                // If both sides added the line, it can be the same change.
                #expect(count >= max(here, new) && count <= here + new, "seed \(seed)")
            }
        }
        // Otherwise the property would hold of nothing.
        #expect(mergedCount > 3000 && mergedCount < 9000, "\(mergedCount)")
    }

    @Test func mergingLines() {
        for seed in 0..<MergePropertyTests.count {
            let texts = Texts(seed)
            let (base, ours, theirs) = (texts.base, texts.ours, texts.theirs)
            #expect(LineMerge.merge(base: base, ours: base, theirs: theirs) == theirs)
            #expect(LineMerge.merge(base: base, ours: ours, theirs: base) == ours)
            #expect(LineMerge.merge(base: base, ours: ours, theirs: ours) == ours)
            let merged = LineMerge.merge(base: base, ours: ours, theirs: theirs)
            #expect(LineMerge.merge(base: base, ours: theirs, theirs: ours) == merged, "seed \(seed)")
            guard let merged else { continue }
            #expect(LineMerge.merge(base: theirs, ours: merged, theirs: theirs) == merged)
        }
    }

    // MARK: Units

    private typealias Links = [TreePath: [UInt8]]

    private static let units = ["a.service", "b.service", "g@1.service", "d.target"]
    private static let paths = ["system", "user"].flatMap { scope in
        (units + ["alias.service"]).flatMap { unit in
            ["m.target.wants/", "n.target.wants/", "n.target.requires/", "", "x.d/"].compactMap { directory in
                TreePath(parsing: "/etc/systemd/\(scope)/\(directory)\(unit)")
            }
        }
    }
    private static let targets = units.flatMap { unit in
        ["/lib/systemd/system/", "/usr/lib/systemd/system/", "/etc/systemd/system/"].map { bytes($0 + unit) }
    }

    private func links(_ random: inout SeededGenerator, from links: Links = [:]) -> Links {
        var links = links
        for _ in 0..<random.number(4) {
            let path = random.one(of: MergePropertyTests.paths)
            switch random.number(4) {
            case 0: links[path] = nil
            case 1: links[path] = bytes("/dev/null")
            default: links[path] = random.one(of: MergePropertyTests.targets)
            }
        }
        return links
    }

    private func applied(_ states: UnitStates, _ ours: Links, _ theirs: Links) -> Links {
        var result: Links = [:]
        for (path, decision) in states.decisions {
            switch decision {
            case .ours: result[path] = ours[path]
            case .theirs: result[path] = theirs[path]
            case .absent: break
            }
        }
        return result
    }

    @Test func mergingUnits() {
        for seed in 0..<MergePropertyTests.count {
            var random = SeededGenerator(seed: seed)
            let base = links(&random)
            let (ours, theirs) = (links(&random, from: base), links(&random, from: base))
            func merged(_ base: Links, _ ours: Links, _ theirs: Links) -> Links {
                let states = UnitStates(base: base, ours: ours, theirs: theirs, units: [])
                #expect(Set(states.decisions.keys) == Set(ours.keys).union(theirs.keys))
                return applied(states, ours, theirs)
            }
            #expect(merged(base, base, theirs) == theirs)
            #expect(merged(base, ours, ours) == ours)
            #expect(merged(base, ours, base).keys == ours.keys, "seed \(seed)")
            let once = merged(base, ours, theirs)
            #expect(merged(theirs, once, theirs) == once)
            for (path, target) in ours where target == Array("/dev/null".utf8) && base[path] != target {
                #expect(once[path] == target, "what was masked here stays so")
            }
        }
    }

    // MARK: Accounts

    /// The account files of a tree, with few names and ids, so that all kinds of clashes occur.
    private func accounts(_ random: inout SeededGenerator, from files: [AccountFile: [[UInt8]]])
        -> [AccountFile: [[UInt8]]]
    {
        var files = files
        for _ in 0..<random.number(6) {
            let file = random.one(of: AccountFile.allCases + [.passwd, .passwd, .group])
            var lines = files[file] ?? []
            let place = random.number(lines.count + 1)
            switch random.number(4) {
            case 0 where place < lines.count: lines.remove(at: place)
            case 1 where place < lines.count: lines[place] = line(of: file, &random)
            default: lines.insert(line(of: file, &random), at: place)
            }
            files[file] = random.once(in: 40) ? nil : lines
        }
        return files
    }

    private static let names = ["a", "b", "c", "d", "e"]
    private static let ids = ["1", "2", "3", "4", "1000", "1001"]

    private func line(of file: AccountFile, _ random: inout SeededGenerator) -> [UInt8] {
        if random.once(in: 20) {
            return bytes(random.one(of: ["", "# x", "+", "+@n::::::", "a", "b:x", ":x:1:1"]))
        }
        let (name, id) = (random.one(of: MergePropertyTests.names), random.one(of: MergePropertyTests.ids))
        let member = random.one(of: MergePropertyTests.names + [""])
        let other = random.one(of: ["!", "*", "x", "", "$6$y", "99999999999"])
        let line =
            switch file {
            case .passwd:
                "\(name):\(random.one(of: ["x", "x", other])):\(id):\(random.one(of: MergePropertyTests.ids))::/:\(other)"
            case .group: "\(name):x:\(id):\(member)"
            case .shadow: "\(name):\(other):1\(id):0:9:7:::"
            case .gshadow: "\(name):\(other):\(member):\(name)"
            case .subuid, .subgid: "\(name):\(random.one(of: ["100000", "165536", "120000", id])):65536"
            }
        return bytes(line)
    }

    private func contents(_ files: [AccountFile: [[UInt8]]]) -> [AccountFile: [UInt8]] {
        files.mapValues { $0.flatMap { $0 + [UInt8(ascii: "\n")] } }
    }

    /// The ids of the names, as the C library finds them.
    private func ids(_ contents: [UInt8]?) -> [[UInt8]: UInt32] {
        var ids: [[UInt8]: UInt32] = [:]
        for line in (contents ?? []).split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            guard fields.count >= 4, let name = fields.first, let first = name.first,
                !"#+-".utf8.contains(first),
                ids[Array(name)] == nil
            else { continue }
            ids[Array(name)] = UInt32(String(decoding: fields[2], as: UTF8.self))
        }
        return ids
    }

    @Test func mergingAccounts() {
        var mappedCount = 0
        for seed in 0..<MergePropertyTests.count {
            var random = SeededGenerator(seed: seed)
            let old = accounts(&random, from: [.passwd: [], .group: [], .shadow: []])
            let here = accounts(&random, from: old)
            let new = accounts(&random, from: random.once(in: 4) ? here : old)
            let (base, ours, theirs) = (contents(old), contents(here), contents(new))
            let merge = AccountMerge(base: base, ours: ours, theirs: theirs)
            if !merge.users.isEmpty { mappedCount += 1 }
            let again = AccountMerge(base: theirs, ours: merge.files, theirs: theirs)
            #expect(again.files == merge.files, "seed \(seed)")
            for (file, map) in [(AccountFile.passwd, merge.users), (.group, merge.groups)] {
                check(
                    ids(ours[file]), ids(theirs[file]), ids(merge.files[file]), map, "\(file), seed \(seed)")
            }
        }
        #expect(mappedCount > 1000, "\(mappedCount)")
    }

    private func check(
        _ ours: [[UInt8]: UInt32], _ theirs: [[UInt8]: UInt32], _ merged: [[UInt8]: UInt32],
        _ map: [UInt32: UInt32],
        _ comment: Comment
    ) {
        // No name is lost, and no id changes.
        for (name, id) in ours { #expect(merged[name] == id, comment) }
        // Names with a common id are linked by a chain of names with a common id in one of the trees.
        for (id, names) in Dictionary(grouping: merged.keys, by: { merged[$0] })
        where names.count > 1 && id != nil {
            var chain: Set = [names[0]]
            for _ in merged {
                chain.formUnion(
                    Set(ours.keys).union(theirs.keys).filter { name in
                        chain.contains {
                            ours[$0] == ours[name] && ours[name] != nil
                                || theirs[$0] == theirs[name] && theirs[name] != nil
                        }
                    })
            }
            #expect(chain.isSuperset(of: names), comment)
        }
        // Files of the new base keep their owner, if the owner exists on this host.
        for (name, id) in theirs where id != 0 {
            let names = theirs.filter { $0.value == id }.keys
            guard names.count == 1, let here = merged[name] else { continue }
            #expect(map[id] ?? id == here, comment)
        }
        // Two ids become one only if they are one on this host.
        let names = Dictionary(grouping: theirs.keys) { theirs[$0] ?? 0 }
        for (id, holders) in names {
            for (other, others) in names where id < other && map[id] ?? id == map[other] ?? other {
                let here = Set(holders.compactMap { ours[$0] })
                #expect(others.contains { ours[$0].map(here.contains) ?? false }, comment)
            }
        }
    }

    @Test func accountsOfOneSide() {
        for seed in 0..<MergePropertyTests.count {
            var random = SeededGenerator(seed: seed)
            let old = accounts(&random, from: [.passwd: [], .group: [], .shadow: []])
            let (base, ours) = (contents(old), contents(accounts(&random, from: old)))
            #expect(AccountMerge(base: base, ours: ours, theirs: base).files == ours, "seed \(seed)")
            #expect(AccountMerge(base: base, ours: ours, theirs: ours).files == ours, "seed \(seed)")
        }
    }

    /// A file to which only the new base adds equals the new base's, to the byte.
    @Test func additionsToAccountsAreTaken() {
        for seed in 0..<MergePropertyTests.count / 2 {
            var random = SeededGenerator(seed: seed)
            let old = accounts(
                &random, from: [.passwd: [], .group: [], .shadow: [], .gshadow: [], .subuid: []])
            var new = old
            for (file, line) in [
                (AccountFile.passwd, "n:x:500:2::/:/bin/sh"), (.group, "n:x:500:a"), (.shadow, "n:!:1::::::"),
                (.gshadow, "n:!::"), (.subuid, "n:900000:65536"),
            ] {
                guard let lines = old[file] else { continue }
                new[file]?.insert(bytes(line), at: random.number(lines.count + 1))
            }
            // A file that is empty on both sides exists; a user without a group has one by number.
            let merge = AccountMerge(base: contents(old), ours: contents(old), theirs: contents(new))
            #expect(merge.files == contents(new), "seed \(seed)")
            #expect(merge.users.isEmpty && merge.groups.isEmpty, "seed \(seed)")
        }
    }
}
