import ImgbasedHostCore
import TestRandom
import Testing

/// Versions, against rpm itself.
@Suite(.enabled(if: Helper.exists("/usr/bin/rpm"), "there is no rpm")) struct RPMOracleTests {
    @Test func versionsAreOrderedAsByRPM() throws {
        var generator = SeededGenerator(seed: 11)
        let parts = ["0", "1", "01", "10", "a", "b", "ba", "~", "^", "+", ".", "_", "9", "~rc", "^git", ".0"]
        func version() -> String {
            "\(Int.random(in: 0...2, using: &generator))"
                + (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                    parts.randomElement(using: &generator) ?? ""
                }.joined()
        }
        let pairs = (0..<400).map { _ in (version(), version()) }
        let calls = pairs.map { "print(rpm.vercmp('\($0)', '\($1)'), ' ')" }
        let output = try Helper.run("/usr/bin/rpm", "--eval", "%{lua: \(calls.joined(separator: " ")) }")
        let answers = output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
        try #require(answers.count == pairs.count)
        for ((a, b), answer) in zip(pairs, answers) {
            let x = try #require(RPMVersion("\(a)-1"))
            let y = try #require(RPMVersion("\(b)-1"))
            #expect((x < y ? -1 : x == y ? 0 : 1) == answer, "\(a) \(b)")
        }
    }
}
