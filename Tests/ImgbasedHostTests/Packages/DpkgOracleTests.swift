import ImgbasedHostCore
import TestRandom
import Testing

/// Versions, against dpkg itself.
@Suite(.enabled(if: Helper.exists("/usr/bin/dpkg"), "there is no dpkg")) struct DpkgOracleTests {
    @Test func versionsAreOrderedAsByDpkg() throws {
        var generator = SeededGenerator(seed: 7)
        let parts = ["0", "1", "01", "10", "a", "b", "~", "+", ".", "-", "z", "9", "~rc", ".0"]
        func version() -> String {
            let epoch = Int.random(in: 0..<4, using: &generator) == 0 ? "1:" : ""
            return epoch + "\(Int.random(in: 0...2, using: &generator))"
                + (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                    parts.randomElement(using: &generator) ?? ""
                }.joined()
        }
        let scratch = try Scratch()
        let pairs = (0..<400).map { _ in (version(), version()) }
        let script = pairs.map { a, b in
            "dpkg --compare-versions '\(a)' lt '\(b)' && echo lt || { dpkg --compare-versions '\(a)' eq '\(b)' && "
                + "echo eq || echo gt; }"
        }
        let answers = try scratch.shell(script.joined(separator: "\n") + "\n").split(separator: "\n")
            .map(String.init).filter { ["lt", "eq", "gt"].contains($0) }
        try #require(answers.count == pairs.count)
        for ((a, b), answer) in zip(pairs, answers) {
            // dpkg takes no version whose hyphen has nothing behind it.
            guard let x = DebianVersion(a), let y = DebianVersion(b) else { continue }
            #expect((x < y ? "lt" : x == y ? "eq" : "gt") == answer, "\(a) \(b)")
        }
    }
}
