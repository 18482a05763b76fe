import ImgbasedCore
import ImgbasedHostCore
import Testing

/// Compares with git's merge of the same three texts.
@Suite struct LineMergeGitTests {
    private static let git = "/usr/bin/git"
    private static let count = 1000

    /// Numbers that are the same on every run.
    private struct Random {
        private var state: UInt64 = 0x5EED

        mutating func number(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
    }

    /// Lines with many repetitions, so that changes can be read in several ways.
    private static func line(_ random: inout Random, _ alphabet: Int) -> String {
        random.number(6) == 0 ? "\n" : "\(random.number(alphabet))\n"
    }

    private static func changed(_ lines: [String], _ random: inout Random, _ alphabet: Int) -> [String] {
        var lines = lines
        for _ in 0..<random.number(5) {
            let place = random.number(lines.count + 1)
            let end = min(lines.count, place + random.number(4))
            switch random.number(4) {
            case 0:
                lines.insert(
                    contentsOf: (0...random.number(3)).map { _ in line(&random, alphabet) }, at: place)
            case 1: lines.removeSubrange(place..<end)
            case 2: lines.replaceSubrange(place..<end, with: [line(&random, alphabet)])
            default:
                let block = lines[place..<end]
                lines.removeSubrange(place..<end)
                lines.insert(contentsOf: block, at: random.number(lines.count + 1))
            }
        }
        return lines
    }

    private static func text(_ lines: [String], _ random: inout Random) -> [UInt8] {
        let text = Array(lines.joined().utf8)
        return random.number(8) == 0 ? text.dropLast() : text
    }

    @Test(.enabled(if: Helper.exists(git), "there is no \(git)"))
    func isTheSame() throws {
        let scratch = try Scratch()
        var random = Random()
        for number in 0..<LineMergeGitTests.count {
            let alphabet = [2, 4, 10, 1000][random.number(4)]
            let base = (0..<random.number(30)).map { _ in LineMergeGitTests.line(&random, alphabet) }
            let ours = LineMergeGitTests.changed(base, &random, alphabet)
            let theirs = LineMergeGitTests.changed(random.number(4) == 0 ? ours : base, &random, alphabet)
            for (name, lines) in [("base", base), ("ours", ours), ("theirs", theirs)] {
                try scratch.write("\(number).\(name)", LineMergeGitTests.text(lines, &random))
            }
        }
        let script =
            "cd \(scratch.path) && for base in *.base; do name=${base%.base}; "
            + "git merge-file -p $name.ours $base $name.theirs >$name.merged 2>&1 || rm $name.merged; done"
        try Helper.run("/bin/sh", "-c", script)
        var mergedCount = 0
        for number in 0..<LineMergeGitTests.count {
            let texts = try ["base", "ours", "theirs"].map { try #require(scratch.read("\(number).\($0)")) }
            let merged = scratch.read("\(number).merged")
            if merged != nil { mergedCount += 1 }
            let ours = LineMerge.merge(base: texts[0], ours: texts[1], theirs: texts[2])
            #expect(ours == merged, "\(texts.map { String(decoding: $0, as: UTF8.self) })")
        }
        // Both kinds occur.
        #expect(mergedCount > LineMergeGitTests.count / 4 && mergedCount < LineMergeGitTests.count * 3 / 4)
    }
}
