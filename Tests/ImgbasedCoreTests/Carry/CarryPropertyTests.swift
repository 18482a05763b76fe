import ImgbasedCore
import Testing

/// What holds for whatever is merged, on 10,000 cases each that are the same on every run.
@Suite struct CarryPropertyTests {
    private static let count: UInt64 = 10_000

    // MARK: Lines

    /// Three texts, two of them changed from the first; many of their lines are the same, as hard to merge as can be.
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

    /// How often `lines` has each line.
    private func counts(_ text: [UInt8]) -> [[UInt8]: Int] {
        Dictionary(
            text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
                (Array($0), 1)
            },
            uniquingKeysWith: +)
    }

    @Test func linesThatOneSideAddedAreThere() {
        var mergedCount = 0
        for seed in 0..<CarryPropertyTests.count {
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
                // Where both added it, it may be the same change.
                #expect(count >= max(here, new) && count <= here + new, "seed \(seed)")
            }
        }
        // Otherwise this would hold of nothing.
        #expect(mergedCount > 3000 && mergedCount < 9000, "\(mergedCount)")
    }

    @Test func mergingLines() {
        for seed in 0..<CarryPropertyTests.count {
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
        for _ in 0..<random.number(6) {
            let path = random.one(of: CarryPropertyTests.paths)
            switch random.number(4) {
            case 0: links[path] = nil
            case 1: links[path] = bytes("/dev/null")
            default: links[path] = random.one(of: CarryPropertyTests.targets)
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
        for seed in 0..<CarryPropertyTests.count {
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
}
