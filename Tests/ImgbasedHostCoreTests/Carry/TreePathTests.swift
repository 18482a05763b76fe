import TestRandom
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

@Suite struct TreePathTests {
    @Test(arguments: [
        ("/", "/"), ("//", "/"), ("/etc", "/etc"), ("/etc/", "/etc"), ("//etc//passwd", "/etc/passwd"),
        ("/etc/./passwd", "/etc/passwd"), ("/etc/../passwd", "/passwd"), ("/..", "/"), ("/../../etc", "/etc"),
        ("/a/b/../..", "/"), ("/...", "/..."), ("/.a/..b/c.", "/.a/..b/c."), ("/-rf", "/-rf"),
    ])
    func readsAbsolutePaths(given: String, path: String) throws {
        #expect(try #require(TreePath(parsing: given)).bytes == bytes(path))
    }

    @Test(arguments: ["", "etc", "./etc", "../etc", "/a\0b", "\0", "-/x"])
    func refusesOthers(given: String) {
        #expect(TreePath(parsing: given) == nil)
    }

    @Test func knowsItsParts() throws {
        let path = try #require(TreePath(parsing: "/etc/ssh/sshd_config"))
        #expect(path.components == [bytes("etc"), bytes("ssh"), bytes("sshd_config")])
        #expect(path.name == bytes("sshd_config"))
        #expect(path.parent == TreePath(parsing: "/etc/ssh"))
        #expect(path.parent?.parent?.parent == .root)
        #expect(TreePath.root.parent == nil)
        #expect(TreePath.root.name == nil)
        #expect(TreePath.root.components.isEmpty)
    }

    @Test(arguments: ["", ".", "..", "a/b", "/", "a\0"])
    func appendsNamesOnly(name: String) {
        #expect(TreePath.root.appending(name) == nil)
    }

    @Test func appends() throws {
        let name = [0xFF, 0x0A, 0x2D] as [UInt8]
        let path = try #require(TreePath.root.appending("etc")?.appending(name))
        #expect(path.bytes == bytes("/etc/") + name)
        #expect(path.name == name)
    }

    @Test(arguments: [
        ("../lib/x", "/etc/lib/x"), ("/lib/x", "/lib/x"), ("../../../../x", "/x"), ("x", "/etc/systemd/x"),
        (".", "/etc/systemd"),
    ])
    func resolvesBySpelling(target: String, place: String) throws {
        let directory = try #require(TreePath(parsing: "/etc/systemd"))
        #expect(directory.resolving(bytes(target)) == TreePath(parsing: place))
        #expect(directory.resolving([]) == nil)
        #expect(directory.resolving([0]) == nil)
    }

    @Test(arguments: [
        ("/etc", "/etc", true), ("/etc", "/etc/a", true), ("/etc", "/etcetera", false), ("/", "/x", true),
        ("/", "/", true), ("/etc/a", "/etc", false), ("/b", "/etc", false),
    ])
    func coversWhatIsInIt(directory: String, path: String, isCovered: Bool) throws {
        let path = try #require(TreePath(parsing: path))
        #expect(TreePath(parsing: directory)?.covers(path) == isCovered)
    }

    @Test func isOrderedByByte() throws {
        let paths = try ["/b", "/a/b", "/", "/a", "/a-b"].map { try #require(TreePath(parsing: $0)) }
        #expect(paths.sorted().map(\.description) == ["/", "/a", "/a-b", "/a/b", "/b"])
    }

    @Test(arguments: [
        ("/etc/plain name", "/etc/plain name"), ("/it's", "/it\\'s"), ("/a\\b", "/a\\\\b"),
        ("/a\nb\tc\rd", "/a\\nb\\tc\\rd"), ("/\u{1B}[2J", "/\\x1b[2J"), ("/\u{7F}", "/\\x7f"),
        ("/Größe/日本", "/Größe/日本"), ("/a\u{202E}b", "/a\\xe2\\x80\\xaeb"), ("/\u{85}", "/\\xc2\\x85"),
        ("/\u{A0}", "/\\xc2\\xa0"), ("/\u{2028}", "/\\xe2\\x80\\xa8"),
        ("/\u{10FFFF}", "/\\xf4\\x8f\\xbf\\xbf"),
        ("/😀", "/😀"),
    ])
    func isDescribedOnOneLine(path: String, description: String) throws {
        let path = try #require(TreePath(parsing: path))
        #expect(path.description == description)
        #expect(TreePath(escaped: description) == path)
    }

    @Test(
        arguments: [
            [0xFF], [0xC3], [0xC3, 0x28], [0xE2, 0x82], [0xF0, 0x9F, 0x98], [0xC0, 0xAF], [0xED, 0xA0, 0x80],
            [0xF4, 0x90, 0x80, 0x80], [0x80, 0x41, 0xC3, 0xA4],
        ] as [[UInt8]])
    func describesWhatIsNoText(name: [UInt8]) throws {
        let path = try #require(TreePath.root.appending(name))
        #expect(path.description.utf8.contains(UInt8(ascii: "\\")))
        #expect(TreePath(escaped: path.description) == path)
    }

    @Test(arguments: [
        "/a\\", "/a\\q", "/a\\x4", "/a\\x41", "/a\\xFF", "/it's", "/a\nb", "etc", "", "/a//b", "/a/", "/a/..",
        "/\\x+1", "/a\\x00b",
    ])
    func readsBackOnlyWhatItWrote(text: String) {
        #expect(TreePath(escaped: text) == nil)
    }

    @Test func everyPathHasItsOwnDescription() throws {
        var random = SeededGenerator(seed: 1)
        let alphabet: [UInt8] = [
            0x00, 0x0A, 0x1B, 0x27, 0x2E, 0x2F, 0x5C, 0x61, 0x6E, 0x78, 0x80, 0xA4, 0xC3, 0xE2, 0xF0, 0xFF,
        ]
        for _ in 0..<10_000 {
            let name = (0..<random.number(12)).map { _ in random.one(of: alphabet) }
            guard let path = TreePath.root.appending(name) else { continue }
            #expect(TreePath(escaped: path.description) == path)
            #expect(!path.description.unicodeScalars.contains { $0.value < 32 })
            #expect(TreePath(parsing: path.bytes) == path)
        }
    }
}
