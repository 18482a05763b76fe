import ImgbasedCore
import Testing

@Suite struct MessageLineTests {
    @Test(arguments: [
        ("", ""), ("layer 'Bäse-0.1'", "layer 'Bäse-0.1'"), ("a\nb\r\tc\u{0}", "a\\x0ab\\x0d\\x09c\\x00"),
        ("\u{1b}[2J\u{7f}\u{9b}1m", "\\x1b[2J\\x7f\\xc2\\x9b1m"),
        ("a\u{202E}b\u{2028}c", "a\\xe2\\x80\\xaeb\\xe2\\x80\\xa8c"),
    ])
    func obeysNothing(text: String, line: String) {
        #expect(text.asMessageLine == line)
    }

    /// Compared with the Unicode table of ordinary Swift.
    @Test func everyControlAndFormatCharacterIsEscaped() {
        for scalar in (0...0x10FFFF).compactMap({ Unicode.Scalar(UInt32($0)) }) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                #expect(
                    String(scalar).withEscapedControls.hasPrefix("\\x"),
                    "U+\(String(scalar.value, radix: 16))")
            case .unassigned: break
            default: #expect(String(scalar).withEscapedControls == String(scalar))
            }
        }
    }

    @Test func endsWhereTheKernelsLogWould() {
        let line = String(repeating: "ä", count: 1 << 20).asMessageLine
        #expect(line == String(repeating: "ä", count: 450) + "…")
        #expect(String(repeating: "a", count: 900).asMessageLine.utf8.count == 900)
    }
}
