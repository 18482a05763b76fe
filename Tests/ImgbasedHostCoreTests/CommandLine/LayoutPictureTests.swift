import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The picture of a host on a terminal.
@Suite struct LayoutPictureTests {
    private static func host() throws -> HostState {
        var machine = try FakeMachine.host(layers: 2)
        machine.settle(on: "Base-0.1")
        try machine.addBase()
        try machine.change(.trial("Base-0.2", tries: 2))
        var state = machine.state
        state.booted = VolumePath(group: "HostVG", name: "Base-0.1")
        for index in state.volumes.indices {
            state.volumes[index].created = 1_795_384_061
            if state.volumes[index].segmentType == "thin" { state.volumes[index].data = Bytes(300 << 20) }
            if state.volumes[index].segmentType == "thin-pool" {
                state.volumes[index].size = Bytes(10 << 30)
                state.volumes[index].usage = PoolUsage(
                    data: 25.4, metadata: 3.6, metadataSize: Bytes(8 << 20), chunkSize: Bytes(64 << 10),
                    zeroes: true)
            }
        }
        state.boot.entries["Base-0.1"] = state.boot.entries["Base-0.1"]?.replacing(
            #/title .*/#, with: "title Base-0.1 (Debian GNU/Linux 12)")
        return state
    }

    private static func lines(
        width: Int, colours: Bool = false, unicode: Bool = true, _ state: HostState? = nil
    ) throws -> [String] {
        let state = try state ?? host()
        let style = LayoutPicture.Style(width: width, hasColours: colours, isUnicode: unicode)
        return LayoutPicture(state, names: FakeMachine.names).lines(style)
    }

    @Test func aWideTerminalShowsEverything() throws {
        let lines = try Self.lines(width: 140)
        #expect(lines.count == 6)
        #expect(lines[0].hasPrefix("HostVG  20.00 GiB, ") && lines[0].hasSuffix(" free"))
        #expect(
            lines[1] == "└─ ImagePool  " + String(repeating: "█", count: 10)
                + String(repeating: "░", count: 30)
                + "  25% of 10.00 GiB, metadata 4%")
        #expect(
            lines[2].hasPrefix(
                "   ├─ Base-0       Debian GNU/Linux 12  2026-11-22  1.00 GiB  300.00 MiB of data"))
        #expect(
            lines[3]
                == "   │  ├─ Base-0.1  Debian GNU/Linux 12  2026-11-22  1.00 GiB  300.00 MiB of data  booted, "
                + "default")
        #expect(lines[4].hasPrefix("   │  └─ Base-0.2  ") && lines[4].hasSuffix("  trial"))
        #expect(lines[5].hasPrefix("   └─ Base-1  "))
    }

    @Test(arguments: [1, 20, 40, 60, 79, 100, 200], [true, false])
    func noLineIsWiderThanTheTerminal(width: Int, colours: Bool) throws {
        for line in try Self.lines(width: width, colours: colours) {
            let plain = line.replacing(#/\u{1B}\[[0-9;]*m/#, with: "")
            #expect(LayoutPicture.width(plain) <= width, "\(plain)")
            #expect(colours || !line.contains("\u{1B}"))
        }
    }

    @Test func aNarrowTerminalKeepsNamesAndMarks() throws {
        let lines = try Self.lines(width: 50)
        #expect(lines[3] == "   │  ├─ Base-0.1  booted, default")
    }

    @Test func anOldTerminalGetsPlainCharacters() throws {
        let lines = try Self.lines(width: 140, unicode: false)
        #expect(lines.allSatisfy { $0.utf8.allSatisfy { $0 < 128 } })
        #expect(lines[1].contains("##########------------------------------"))
        #expect(lines[3].hasPrefix("   |  |- Base-0.1"))
    }

    @Test func coloursEndWithTheirWords() throws {
        let line = try Self.lines(width: 140, colours: true)[3]
        #expect(line.contains("\u{1B}[1;32mbooted\u{1B}[0m, \u{1B}[32mdefault\u{1B}[0m"))
    }

    /// A name of a system comes from an image.
    @Test func whatImagesSayCannotControlTheTerminal() throws {
        let picture = LayoutPicture(
            try Self.host(), names: FakeMachine.names, systems: ["Base-0.1": "\u{202E}evil"])
        let lines = picture.lines(LayoutPicture.Style(width: 200, hasColours: false, isUnicode: true))
        #expect(lines[3].contains("\\xe2\\x80\\xae") && !lines[3].unicodeScalars.contains("\u{202E}"))
    }

    @Test func thePoolIsABar() {
        let style = LayoutPicture.Style(width: 80, hasColours: false, isUnicode: false)
        #expect(LayoutPicture.bar(0, width: 10, style) == ("", "----------"))
        #expect(LayoutPicture.bar(0.1, width: 10, style) == ("#", "---------"))
        #expect(LayoutPicture.bar(55, width: 10, style) == ("######", "----"))
        #expect(LayoutPicture.bar(400, width: 10, style) == ("##########", ""))
    }

    @Test func aPoolThatIsNotActiveSaysSo() throws {
        var state = try Self.host()
        for index in state.volumes.indices { state.volumes[index].usage = nil }
        #expect(try Self.lines(width: 100, state)[1] == "└─ ImagePool  not active")
    }

    @Test(
        arguments: [
            (0, "1970-01-01"), (1_795_384_061, "2026-11-22"), (951_782_400, "2000-02-29"), (-1, "1969-12-31"),
            (4_107_542_400, "2100-03-01"),
        ])
    func dates(time: Int64, date: String) {
        #expect(LayoutPicture.date(time) == date)
    }

    @Test func anyTimeHasADate() {
        #expect(!LayoutPicture.date(.min).isEmpty && !LayoutPicture.date(.max).isEmpty)
    }

    @Test(
        arguments: [
            (["TERM": "xterm-256color", "LANG": "C.UTF-8"], true, true),
            (["TERM": "xterm", "LANG": "C.UTF-8", "NO_COLOR": "1"], false, true),
            (["TERM": "xterm", "NO_COLOR": ""], true, false),
            (["TERM": "dumb", "LANG": "de_DE.utf8"], false, true),
            (["TERM": "vt220", "LANG": "C.UTF-8", "LC_ALL": "C"], false, false),
            (["LC_CTYPE": "en_GB.UTF-8"], false, true), ([:], false, false),
        ])
    func styles(environment: [String: String], colours: Bool, unicode: Bool) {
        let style = LayoutPicture.Style(width: 80) { environment[$0] }
        #expect((style.hasColours, style.isUnicode) == (colours, unicode))
    }
}
