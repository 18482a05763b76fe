import ImgbasedCore
import Testing

@Suite struct MessageLineTests {
    @Test(arguments: [
        ("", ""), ("layer 'Bäse-0.1'", "layer 'Bäse-0.1'"), ("a\nb\r\tc\u{0}", "a?b??c?"),
        ("\u{1b}[2J\u{7f}\u{9b}1m", "?[2J??1m"), ("a\u{202E}b\u{2028}c", "a\\xe2\\x80\\xaeb\\xe2\\x80\\xa8c"),
    ])
    func obeysNothing(text: String, line: String) {
        #expect(text.asMessageLine == line)
    }

    @Test func endsWhereTheKernelsLogWould() {
        let line = String(repeating: "ä", count: 1 << 20).asMessageLine
        #expect(line == String(repeating: "ä", count: 450) + "…")
        #expect(String(repeating: "a", count: 900).asMessageLine.utf8.count == 900)
    }
}
