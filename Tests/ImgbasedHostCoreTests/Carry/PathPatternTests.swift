import TestRandom
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

@Suite struct PathPatternTests {
    @Test(arguments: [
        (
            "/etc/foo", ["/etc/foo", "/etc/foo/bar", "/etc/foo/bar/x"],
            ["/etc", "/etc/foobar", "/etc/fo", "/foo", "/x/etc/foo"]
        ),
        ("/etc/foo/", ["/etc/foo", "/etc/foo/bar"], ["/etc"]), ("//etc///foo", ["/etc/foo"], ["/etc"]),
        ("/etc/*", ["/etc/a", "/etc/.a", "/etc/a/b"], ["/etc", "/a"]),
        (
            "/etc/*.conf", ["/etc/.conf", "/etc/a.conf", "/etc/a.conf/x", "/etc/a.conf.conf"],
            ["/etc/a.conf.d", "/etc/a/b.conf"]
        ),
        ("/etc/a*b*c", ["/etc/abc", "/etc/abbcbc", "/etc/axbxc"], ["/etc/ab", "/etc/acb", "/etc/abcd"]),
        ("/etc/?", ["/etc/a", "/etc/?"], ["/etc/ab", "/etc"]), ("/?/x", ["/a/x"], ["/x", "/a/y"]),
        ("/[a-c]", ["/a", "/b", "/c", "/b/x"], ["/d", "/-", "/ab"]),
        ("/[!a-c]", ["/d", "/-"], ["/a", "/de"]),
        ("/[^a]", ["/^", "/b"], ["/a"]), ("/[a^]", ["/^", "/a"], ["/b"]), ("/[]a]", ["/]", "/a"], ["/["]),
        ("/[!]a]", ["/b"], ["/]", "/a"]), ("/[a-]", ["/-", "/a"], ["/b"]),
        ("/[\\]\\-x]", ["/]", "/-", "/x"], ["/\\"]),
        ("/[a-cx-z0]", ["/b", "/y", "/0"], ["/d", "/1"]),
        ("/\\*", ["/*"], ["/a"]), ("/\\[a\\]", ["/[a]"], ["/a"]), ("/a\\ b", ["/a b"], ["/a\\ b"]),
        ("/\\\\", ["/\\"], ["/a"]),
        ("/**/a", ["/a", "/x/a", "/x/y/a", "/x/a/y"], ["/b", "/x/b", "/xa"]),
        ("/x/**/a/*/b", ["/x/a/1/b", "/x/a/a/1/b", "/x/q/a/a/b", "/x/a/1/b/c"], ["/x/a/b", "/a/1/b"]),
        ("/**", ["/", "/a", "/a/b"], []), ("/a/**", ["/a", "/a/b"], ["/b"]),
        ("/**/**/a/**/**/b", ["/a/b", "/x/a/y/b"], ["/b/a"]),
        ("/a**b", ["/ab", "/axb"], ["/a/b"]), ("/***", ["/a"], ["/"]), ("/-rf", ["/-rf"], ["/rf"]),
        ("/", ["/", "/a"], []),
        ("/a\nb", ["/a\nb"], ["/ab"]), ("/#a", ["/#a"], []),
    ])
    func matches(pattern: String, matching: [String], others: [String]) throws {
        let pattern = try PathPattern(pattern)
        for path in matching { #expect(pattern.matches(try #require(TreePath(parsing: path))), "\(path)") }
        for path in others { #expect(!pattern.matches(try #require(TreePath(parsing: path))), "\(path)") }
    }

    @Test func matchesBytes() throws {
        let path = try #require(TreePath.root.appending([0xFF, 0xC3]))
        #expect(try PathPattern([0x2F, 0xFF, 0x3F]).matches(path))
        #expect(try PathPattern([0x2F, 0x5B, 0xFE, 0x2D, 0xFF, 0x5D, 0xC3]).matches(path))
        #expect(try !PathPattern([0x2F, 0xFE, 0x3F]).matches(path))
    }

    @Test(
        arguments: [
            ("", .empty), ("etc", .relative), ("./etc", .relative), ("*", .relative), ("~/x", .relative),
            ("/etc/..", .dots),
            ("/./etc", .dots), ("/../etc", .dots), ("/\\.\\./x", .dots), ("/a\0", .zeroByte), ("/[", .set),
            ("/[]", .set),
            ("/[!]", .set), ("/[a", .set), ("/[a/b]", .set), ("/[b-a]", .set), ("/[[:alpha:]]", .set),
            ("/[[.a.]]", .set),
            ("/a\\", .backslash), ("/a\\/b", .backslash), ("/[a\\", .backslash),
        ] as [(String, PathPattern.Problem)])
    func refuses(pattern: String, problem: PathPattern.Problem) {
        #expect(throws: problem) { try PathPattern(pattern) }
        #expect(!problem.description.isEmpty)
    }

    @Test(arguments: [
        ("/etc/foo", "/etc/foo"), ("/etc/f\\*o", "/etc/f*o"), ("/etc/f*/x", "/etc"), ("/*", "/"),
        ("/**", "/"), ("/a/b/?", "/a/b"), ("/", "/"), ("/a/[b]", "/a"),
    ])
    func knowsWhereToLook(pattern: String, prefix: String) throws {
        let pattern = try PathPattern(pattern)
        #expect(pattern.literalPrefix == TreePath(parsing: prefix))
    }

    /// Patterns on which a naive matcher takes forever.
    @Test(.timeLimit(.minutes(5))) func takesNoTime() throws {
        let name = String(repeating: "a", count: 255)
        let path = try #require(TreePath(parsing: String(repeating: "/" + name, count: 16)))
        #expect(try !PathPattern("/" + String(repeating: "*a", count: 120) + "b").matches(path))
        #expect(try !PathPattern(String(repeating: "/**/\(name)", count: 16) + "/b").matches(path))
        #expect(try !PathPattern(String(repeating: "/**/a*a*a*a*", count: 8) + "/**/b").matches(path))
        #expect(try PathPattern(String(repeating: "/**/a*", count: 16)).matches(path))
    }

    /// Compares with the definition, which is short and slow.
    @Test func matchesAsDefined() throws {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<10_000 {
            let pattern = (0..<random.number(5)).map { _ in
                random.one(of: ["a", "b", "*", "?", "**", "a*", "*b", "ab", "a?b", "[ab]", "*a*b*", "[!a]*"])
            }
            let path = (0..<random.number(5)).map { _ in
                random.one(of: ["a", "b", "ab", "ba", "aab", "abab"])
            }
            let isMatch = covers(pattern[...], path[...])
            let place = try #require(TreePath(parsing: "/" + path.joined(separator: "/")))
            #expect(
                try PathPattern("/" + pattern.joined(separator: "/")).matches(place) == isMatch,
                "\(pattern) \(path)")
        }
    }

    @Test(arguments: [
        ("/a/*/x", "/a/b", true), ("/a/*/x", "/a", true), ("/a/*/x", "/a/b/x", false),
        ("/a/*/x", "/b", false),
        ("/a/b", "/a/b", false), ("/a/b/c", "/a/b", true), ("/a/**/x", "/a/b", false),
        ("/a/**/x", "/a", true),
        ("/a/**/b/x", "/a/c/b", true), ("/a/**/b/x", "/a/b/b", true), ("/a/**/b/x", "/a/b/c", false),
        ("/**/b*/x", "/b", true), ("/**/b*/x", "/c", false),
    ])
    func saysWhereItGoesThrough(pattern: String, path: String, isSo: Bool) throws {
        #expect(try PathPattern(pattern).goesThrough(#require(TreePath(parsing: path))) == isSo)
    }

    private func covers(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return true }
        if first == "**" {
            return covers(pattern.dropFirst(), path) || !path.isEmpty && covers(pattern, path.dropFirst())
        }
        guard let name = path.first, isName(Array(first)[...], Array(name)[...]) else { return false }
        return covers(pattern.dropFirst(), path.dropFirst())
    }

    private func isName(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return isName(pattern.dropFirst(), name) || !name.isEmpty && isName(pattern, name.dropFirst())
        }
        guard let character = name.first else { return false }
        if first == "[", let end = pattern.firstIndex(of: "]") {
            let set = pattern[..<end].dropFirst()
            let isIn = set.first == "!" ? !set.contains(character) : set.contains(character)
            return isIn && isName(pattern[(end + 1)...], name.dropFirst())
        }
        return (first == "?" || first == character) && isName(pattern.dropFirst(), name.dropFirst())
    }
}
