import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

@Suite struct GRUBTests {
    @Test(arguments: [
        ("plain", "'plain'"), ("", "''"), ("it's", "'it'\\''s'"),
        ("$x `y` \"z\" \\ {};|&", "'$x `y` \"z\" \\ {};|&'"),
        ("a\nb\rc\u{0}d", "'a b c d'"), ("'", "''\\'''"),
        // A quote with an accent is a quote to GRUB.
        ("a'\u{301}; b", "'a'\\''\u{301}; b'"),
    ])
    func quotes(word: String, quoted: String) {
        #expect(GRUBMenu.quoted(word) == quoted)
    }

    @Test func showsNewestFirst() {
        let entries = [
            BootEntryTests.entry("Base-0.10", created: 5),
            BootEntryTests.entry("Base-0.9", created: 5),
            BootEntryTests.entry("Base-1.1", created: 4),
            BootEntryTests.entry("Base-0.11", created: 9),
        ]
        let menu = GRUBMenu.full(entries, prefix: "")
        let titles = menu.split(separator: "\n").filter { $0.hasPrefix("menuentry") }
            .map { $0.split(separator: "'")[1].prefix { $0 != " " } }
        #expect(titles == ["Base-0.11", "Base-0.10", "Base-0.9", "Base-1.1"])
    }

    /// GRUB stops for good at a word of 8 KiB, even an administrator's.
    @Test func noWordIsTooLong() {
        let stem = String(repeating: "n", count: 123)
        var entries = (1...100).map { BootEntryTests.entry("\(stem)\(1000 + $0)", created: Int64($0)) }
        let long = BootEntryTests.entry("Base-0.1", options: String(repeating: "x", count: 9000))
        let title = BootEntryTests.entry("Base-0.2", title: String(repeating: "t", count: 9000))
        entries += [long, title]
        for text in [GRUBMenu.full(entries, prefix: ""), GRUBMenu.loader(entries, prefix: "")] {
            let words = text.split { $0 == "\n" || $0 == "'" }
            #expect(words.allSatisfy { $0.utf8.count < 8192 })
            #expect(text.contains("Base-0.2"))
            #expect(!text.contains("Base-0.1"))
        }
    }

    @Test func isWholeFromItsSecondLineToItsLast() {
        let text = GRUBMenu.full([BootEntryTests.entry("Base-0.1")], prefix: "")
        let other = GRUBMenu.full([BootEntryTests.entry("Base-0.2")], prefix: "")
        #expect(GRUBFile.isWhole(text))
        #expect(GRUBFile.isWhole(GRUBMenu.loader([], prefix: "")))
        #expect(!GRUBFile.isWhole(nil))
        let lengths =
            Array(stride(from: 0, to: text.utf8.count, by: 97)) + (1...40).map { text.utf8.count - $0 }
        for length in lengths {
            #expect(!GRUBFile.isWhole(String(decoding: text.utf8.prefix(length), as: UTF8.self)))
        }
        #expect(!GRUBFile.isWhole(String(text.prefix(1000)) + other.dropFirst(1000)))
    }

    /// The menu that GRUB reads is written last, whatever exists.
    @Test func writesTheOtherMenuFirst() throws {
        var boot = BootState()
        let entries = [BootEntryTests.entry("Base-0.1")]
        let (text, old) = (GRUBMenu.full(entries, prefix: ""), GRUBMenu.full([], prefix: ""))
        func paths() -> [String] {
            BootPlanner.menu(entries, BootRecord(), boot, in: "/boot/grub").map {
                if case .replaceFile(let path, _, _) = $0 { path } else { "" }
            }
        }
        let (menu, full) = ("/boot/grub/imgbased.cfg", "/boot/imgbased/menu.cfg")
        #expect(paths() == [menu, "/boot/imgbased/load.cfg", full])
        boot.loaderScript = GRUBMenu.loader(entries, prefix: "")
        boot.fullMenu = old
        boot.menu = "half"
        #expect(paths() == [menu, full])
        boot.menu = old
        #expect(paths() == [full, menu])
        boot.fullMenu = text
        #expect(paths() == [menu])
        boot.menu = text
        #expect(paths().isEmpty)
        boot.fullMenu = nil
        #expect(paths() == [full])
    }

    /// GRUB's cost of a boot does not grow with layers.
    ///
    /// The menu has all recorded layers, and the newest of each health.
    @Test func ofManyLayersSomeAreInTheMenu() {
        var entries = (1...200).map { BootEntryTests.entry("Base-0.\($0)", created: Int64($0)) }
        entries[6].health = .good
        entries[7].health = .bad
        func layers(_ record: BootRecord) -> [String] {
            GRUBMenu.text(entries, record, prefix: "").split(separator: "\n").filter {
                $0.hasPrefix("menuentry")
            }
            .map { String($0.split(separator: "'")[1].prefix { $0 != " " }) }
        }
        let newest = (169...200).reversed().map { "Base-0.\($0)" }
        #expect(layers(BootRecord()) == newest + ["Base-0.8", "Base-0.7"])
        #expect(
            layers(BootRecord(defaultLayer: "Base-0.100", good: "Base-0.3"))
                == newest + ["Base-0.100", "Base-0.8", "Base-0.7", "Base-0.3"])
        // GRUB changes these itself.
        var record = BootRecord(defaultLayer: "Base-0.8")
        record.once = "Base-0.1"
        record.trial = BootRecord.Trial(layer: "Base-0.2", tries: 3)
        #expect(layers(record) == layers(BootRecord()))
        entries.removeFirst(168)
        #expect(GRUBMenu.text(entries, record, prefix: "") == GRUBMenu.full(entries, prefix: ""))
    }

    @Test func seesPathsFromBoot() {
        let partition = GRUBMenu.full([BootEntryTests.entry("Base-0.1")], prefix: "")
        var entry = BootEntryTests.entry("Base-0.1")
        entry.linux = "/boot" + entry.linux
        entry.initrd = "/boot" + entry.initrd
        #expect(GRUBMenu.full([entry], prefix: "/boot") == partition)
        #expect(partition.contains("\tinitrd \"${imgbased_boot}\"/imgbased/abc/initrd\n"))
    }

    @Test func environmentComesBack() throws {
        var environment = GRUBEnvironment()
        environment["imgbased_default"] = "Base-0.1"
        environment["x"] = "back\\slash, \\\u{301} and\nline\r\nends"
        environment["gone"] = "1"
        environment["gone"] = nil
        let block = try #require(environment.block)
        #expect(block.count == 1024)
        #expect(GRUBEnvironment(block) == environment)
        #expect(
            String(decoding: block, as: UTF8.self).hasPrefix(
                "# GRUB Environment Block\nimgbased_default=Base-0.1\nx="))
        #expect(block[GRUBEnvironment.room...].allSatisfy { $0 == UInt8(ascii: "#") })
        environment["big"] = String(repeating: "x", count: 1000)
        #expect(environment.block == nil)
    }

    /// A writer changes one sector of the block: the whole record fits there, even with our longest names.
    @Test func theLongestRecordIsInOneSector() throws {
        func name(_ letter: String) -> String { String(repeating: letter, count: 55) }
        var record = BootRecord(defaultLayer: name("a"), good: name("b"))
        record.once = name("c")
        record.trial = BootRecord.Trial(layer: name("d"), tries: 9)
        record.trial?.triesLeft = 0
        record.trial?.starts = Set(0...8)
        (record.staged, record.stagedTries) = (name("e"), 9)
        var environment = GRUBEnvironment()
        record.write(to: &environment)
        let block = try #require(environment.block)
        #expect(block[GRUBEnvironment.room...].allSatisfy { $0 == UInt8(ascii: "#") })
        #expect(BootRecord(GRUBEnvironment(block)) == record)
    }

    /// GRUB adds two variables to a block without them.
    @Test func whatGRUBAddsHasRoom() {
        func fits(_ count: Int, _ variables: [String: String] = [:]) -> Bool {
            var environment = GRUBEnvironment()
            for (name, value) in variables { environment[name] = value }
            environment["x"] = String(repeating: "x", count: count)
            return environment.block != nil
        }
        // The first line has 25 bytes, this one 3 more than its value, "imgbased_once=" and
        // "imgbased_tries=9" together 32.
        #expect(fits(512 - 25 - 3 - 32))
        #expect(!fits(512 - 25 - 3 - 31))
        #expect(fits(512 - 25 - 3 - 32, ["imgbased_once": "", "imgbased_tries": "3"]))
        #expect(!fits(512 - 25 - 3 - 31, ["imgbased_once": "", "imgbased_tries": "3"]))
    }

    @Test(arguments: [
        [], Array(repeating: 0xFF, count: 1024), Array(repeating: 0, count: 1024),
        Array("# GRUB Environment Block\n".utf8), Array("# GRUB Environment Block\nimgbased_default=Ba".utf8),
        Array("# GRUB Environment Block\n\\".utf8), Array("nonsense=1\n".utf8),
    ])
    func damagedEnvironmentSaysNothing(block: [UInt8]) {
        #expect(GRUBEnvironment(block)["imgbased_default"] == nil)
    }
}
