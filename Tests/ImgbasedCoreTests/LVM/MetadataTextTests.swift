import Testing

@testable import ImgbasedCore

@Suite struct MetadataTextTests {
    private func parse(_ text: String) throws(MetadataError) -> [MetadataNode] {
        try MetadataText(Array(text.utf8)).root.children
    }

    private func value(_ text: String) throws -> MetadataNode.Content? {
        try parse("key = \(text)").first?.content
    }

    @Test(
        arguments: [
            ("1", .value(.integer(1))), ("0", .value(.integer(0))), ("-1", .value(.integer(-1))),
            ("+7", .value(.integer(7))),
            ("9223372036854775807", .value(.integer(.max))), ("-9223372036854775808", .value(.integer(.min))),
            ("1.5", .value(.decimal("1.5"))), ("-.5", .value(.decimal("-.5"))),
            (#""""#, .value(.string(""))), (#""a b""#, .value(.string("a b"))),
            ("'a\"b'", .value(.string("a\"b"))),
            (#""a\"b\\c""#, .value(.string(#"a"b\c"#))), (#""a\nb""#, .value(.string(#"a\nb"#))),
            (#""\\""#, .value(.string(#"\"#))), (#"'a\'"#, .value(.string(#"a\"#))),
            (#""a # b { = ] ""#, .value(.string("a # b { = ] "))), ("\"ä\"", .value(.string("ä"))),
            ("[]", .list([])), ("[ ]", .list([])), ("[1]", .list([.integer(1)])),
            ("[\"a\", 2,\n3]", .list([.string("a"), .integer(2), .integer(3)])),
            ("[1,]", .list([.integer(1)])), ("# comment\n 1 # more", .value(.integer(1))),
            ("[ # one\n 1 # two\n, 2 ]", .list([.integer(1), .integer(2)])),
        ] as [(String, MetadataNode.Content)])
    func readsValues(text: String, expected: MetadataNode.Content) throws {
        #expect(try value(text) == expected)
    }

    @Test func readsSections() throws {
        let nodes = try parse("# first\na { b = 1 c{d=\"x\"} }\n\ne-1.2+3=[2]#end")
        #expect(nodes.map(\.key) == ["a", "e-1.2+3"])
        #expect(nodes.map(\.line) == [2, 4])
        #expect(nodes[0].child("c")?.child("d")?.content == .value(.string("x")))
    }

    @Test func endsAtAZeroByte() throws {
        #expect(try parse("a = 1\0 } garbage").count == 1)
        #expect(throws: MetadataError.self) { try parse("a { b = 1 \0 }") }
        #expect(throws: MetadataError.self) { try parse("a = \"b\0c\"") }
    }

    @Test(
        arguments: [
            ("a = 1 a = 2", "a"), ("a { } b = 1 a = 2", "a"), ("a = 1 b = 2", nil),
            ((0..<40).map { "k\($0) = 1" }.joined(separator: " ") + " k3 = 1", "k3"),
            ((0..<40).map { "k\($0) = 1" }.joined(separator: " "), nil),
        ] as [(String, String?)])
    func noticesKeysThatAreThereTwice(text: String, key: String?) throws {
        #expect(try MetadataText(Array(text.utf8)).root.repeatedKey == key)
    }

    @Test(arguments: [
        ("a", 1, "'=' or '{' is missing after 'a'"), ("a =", 1, "a value is missing"),
        ("a {", 1, "a section is not closed"), ("}", 1, "'}' without '{'"), ("a { } }", 1, "'}' without '{'"),
        ("a = 1\nb = \"x", 2, "a text is not closed"), ("a = \"x\\\"", 1, "a text is not closed"),
        ("a = [1", 1, "',' or ']' is missing"), ("a = [1 2]", 1, "',' or ']' is missing"),
        ("a = [[1]]", 1, "a value is missing"), ("a = [,]", 1, "a value is missing"),
        ("a = b", 1, "a value is missing"), ("= 1", 1, "a key is missing"),
        ("\"a\" = 1", 1, "a key is missing"),
        ("a/b = 1", 1, "'=' or '{' is missing after 'a'"),
        ("a = 9223372036854775808", 1, "'9223372036854775808' is not a number in range"),
        ("a = -", 1, "'-' is not a number in range"), ("a = .", 1, "'.' is not a number"),
        ("a = 010", 1, "'010' is not a number in range"), ("a = 0x10", 1, "'0…' is not a number"),
        ("a = 1.2.3", 1, "'1.2…' is not a number"), ("a = 1e9", 1, "'1…' is not a number"),
    ])
    func refuses(text: String, line: Int, reason: String) {
        #expect(throws: MetadataError(line: line, reason: reason)) { try parse(text) }
    }

    @Test func boundsTheDepth() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "a {", count: depth) + String(repeating: "}", count: depth)
        }
        #expect(try parse(nested(MetadataText.depthLimit)).count == 1)
        for depth in [MetadataText.depthLimit + 1, 100_000] {
            #expect(throws: MetadataError(line: 1, reason: "sections are nested too deeply")) {
                try parse(nested(depth))
            }
        }
    }

    @Test(arguments: ["a = [1, 2, 3]", "a { b = 1 c = 2 }", "a { b { c { d { e { } } } } }"])
    func boundsTheValues(text: String) throws {
        let text = Array(text.utf8)
        #expect(throws: Never.self) { try MetadataText(text, nodeLimit: 5) }
        #expect(throws: MetadataError(line: 1, reason: "there are too many keys and values")) {
            try MetadataText(text, nodeLimit: 3)
        }
    }

    /// No prefix of a text is a text: a truncated text is never taken for whole.
    @Test func refusesEveryTruncation() throws {
        let text = Array("V { a = 1 b = [\"x\", 2] # c\n s { t = \"\\\"\" } }".utf8)
        for length in 1..<text.count {
            #expect(throws: MetadataError.self, "length \(length)") {
                try MetadataText(Array(text.prefix(length)))
            }
        }
    }

    /// Any bytes give a text or an error, never a trap.
    @Test func survivesNoise() throws {
        let text = try Fixture.bytes("HostVG.vgcfg")
        var seed: UInt64 = 1
        func next(_ bound: Int) -> Int {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(seed >> 33) % bound
        }
        let noise = Array("{}[]\"'=,#0-9.\\a \n\0\u{ff}".utf8)
        for _ in 0..<100 {
            var damaged = text
            for _ in 0..<3 { damaged[next(damaged.count)] = noise[next(noise.count)] }
            _ = try? VolumeGroup(MetadataText(damaged))
        }
    }
}
