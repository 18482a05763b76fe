import ImgbasedCore
import ImgbasedHostCore
import Testing

@Suite struct BootEntryTests {
    static func entry(
        _ layer: String, title: String? = nil, options: String = "root=/dev/HostVG/x ro", created: Int64 = 1
    ) -> BootEntry {
        BootEntry(
            layer: layer, title: title ?? "\(layer) (Debian)", version: "6.1.0-56-amd64",
            linux: "/imgbased/abc/linux", initrd: "/imgbased/abc/initrd", options: BootArguments(options),
            created: created)
    }

    @Test func comesBackFromItsText() throws {
        let entry = BootEntryTests.entry("Base-0.1", options: "a=1 b=\"x y\" ro", created: 1_795_384_061)
        #expect(BootEntry(layer: "Base-0.1", text: entry.text) == entry)
        #expect(
            entry.text == """
                # created 1795384061
                title Base-0.1 (Debian)
                version 6.1.0-56-amd64
                sort-key imgbased
                linux /imgbased/abc/linux
                initrd /imgbased/abc/initrd
                options a=1 b="x y" ro

                """)
    }

    @Test func keepsWhatAnAdministratorAdded() throws {
        let text = "title X\nlinux /l\ninitrd /i\noptions a\noptions  b\ndevicetree /d\n# note\n"
        let entry = try #require(BootEntry(layer: "Base-0.1", text: text))
        #expect(entry.options.words == ["a", "b"])
        #expect(entry.others == ["devicetree /d"])
        #expect(BootEntry(layer: "Base-0.1", text: entry.text) == entry)
    }

    /// A kept line whose key becomes another key if its control characters are removed.
    @Test func noLineTurnsIntoAnother() throws {
        let text = "linux /l\ninitrd /i\nlinux\u{0} /evil\ninitrd\u{7f}/evil\n"
        let entry = try #require(BootEntry(layer: "Base-0.1", text: text))
        #expect(BootEntry(layer: "Base-0.1", text: entry.text) == entry)
    }

    /// A space with an accent is one character for people, and two for programs that read the file.
    @Test func keepsAnAccentBehindTheKey() throws {
        let entry = BootEntryTests.entry("Base-0.1", title: "\u{301}e", options: "\u{301}a\u{2007}")
        #expect(BootEntry(layer: "Base-0.1", text: entry.text) == entry)
    }

    /// An unclosed quote ends with its line, in the entry and when the entry is written.
    @Test func noArgumentSwallowsOthers() throws {
        let text = "linux /l\ninitrd /i\noptions a=\"b\noptions c=\"d \n"
        let entry = try #require(BootEntry(layer: "Base-0.1", text: text))
        #expect(entry.options.words == ["a=\"b\"", "c=\"d\""])
        #expect(BootEntry(layer: "Base-0.1", text: entry.text) == entry)
    }

    @Test(arguments: ["", "title only\n", "linux /l\n", "linux l\ninitrd /i\n", "\u{0}\u{0}\u{0}"])
    func isNoneWithoutKernelAndInitramfs(text: String) {
        #expect(BootEntry(layer: "Base-0.1", text: text) == nil)
    }

    @Test(arguments: [
        ("imgbased-Base-0.1.conf", "Base-0.1"), ("imgbased-node-4.5-1+2.conf", "node-4.5-1+2"),
        ("debian.conf", nil), ("imgbased-.conf", nil), ("imgbased-a b.conf", nil), ("imgbased-Base-0.1", nil),
        ("imgbased-../x.conf", nil),
    ])
    func knowsItsFiles(file: String, layer: String?) {
        #expect(BootEntry.layer(ofFile: file) == layer)
        if let layer { #expect(BootEntry.fileName(for: layer) == file) }
    }

    @Test func noTextOfALayerAddsALine() throws {
        let release = OSRelease("PRETTY_NAME=\"Evil\nlinux /evil\"\nNAME=x\u{2028}y\n")
        #expect(release.prettyName == "Evil")
        #expect(
            OSRelease("NAME=a\u{202E}b\u{2066}c\u{200F}\u{1B}[2Jd").prettyName
                == "a\\xe2\\x80\\xaeb\\xe2\\x81\\xa6c\\xe2\\x80\\x8f\\x1b[2Jd")
        let entry = BootEntryTests.entry("Base-0.1", title: "a\nlinux /evil\r\u{85}initrd /evil\u{2028}z")
        let arguments = BootArguments(file: "a\u{2028}linux /evil b\u{2029}initrd /evil")
        #expect(arguments.words == ["alinux", "/evil", "binitrd", "/evil"])
        let lines = entry.text.split(whereSeparator: \.isNewline)
        #expect(lines.count { $0.hasPrefix("linux ") } == 1)
        #expect(BootEntry(layer: "Base-0.1", text: entry.text)?.linux == "/imgbased/abc/linux")
    }

    @Test(arguments: [
        ("PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"", "Debian GNU/Linux 12 (bookworm)"),
        ("NAME='A \"b\"'\n", "A \"b\""), ("NAME=x\nPRETTY_NAME=\"\\$5 \\`q\\` \\x\"", "$5 `q` \\x"),
        ("PRETTY_NAME=\"a\"\u{301}\r\nNAME=b\r\n", "a\u{301}"), ("NAME=a\\\\\u{301}", "a\\\u{301}"),
        (
            "PRETTY_NAME=\"a\u{202E}b\u{1B}[2J\u{E000}\u{2066}\"",
            "a\\xe2\\x80\\xaeb\\x1b[2J\\xee\\x80\\x80\\xe2\\x81\\xa6"
        ),
        ("PRETTY_NAME=\"\"", nil), ("", nil), ("# PRETTY_NAME=x", nil),
    ])
    func readsOSRelease(text: String, name: String?) {
        #expect(OSRelease(text).prettyName == name)
    }

    @Test func takesOnlyForeignArguments() {
        let running = BootArguments(
            "BOOT_IMAGE=(hd0,gpt3)/vmlinuz root=/dev/x rd.lvm.lv=a/b rd.imgbased.layer=z rd.imgbased=0 img.bootid=q "
                + "initrd=/i ro rw console=ttyS0,115200 quiet\n")
        #expect(running.foreign.words == ["console=ttyS0,115200", "quiet"])
        let file = BootArguments(file: "# comment root=x\nconsole=tty0 a=\"b c\"\n\n quiet\u{7}\n")
        #expect(file.foreign.words == ["console=tty0", "a=\"b c\"", "quiet"])
        // Any quoting, and any program that removes the quotes.
        let image = BootArguments(
            file: "\"root=/dev/sdc\" \"rd.imgbased.layer=Base-0.4\" ro\"ot=x y\" 'rw' \"a b\" "
                + "\"x\u{E0}root=/dev/sdb\" r\u{200B}o\u{B}initrd=/x")
        #expect(image.foreign.words == ["\"a b\""])
        // An unclosed quote ends with its line.
        #expect(BootArguments(file: "# comment\r\nquiet\r\n").words == ["quiet"])
        #expect(BootArguments(file: "a=\"b\nc").words == ["a=\"b\"", "c"])
    }

    @Test(arguments: [
        (["6.1.0-9-amd64", "6.1.0-10-amd64"], "6.1.0-10-amd64"), (["0-rescue-abc", "5.1"], "5.1"),
        (["a b", "../x", "x'y"], nil), ([], nil),
    ])
    func choosesTheNewestKernel(versions: [String], newest: String?) {
        #expect(KernelChoice.newest(of: Set(versions))?.version == newest)
    }
}
