extension String {
    /// The text as one line of a message: escaped, and cut to the length of a kernel log line.
    ///
    /// Messages often quote disks and images, so characters that a terminal obeys are escaped. The limit is
    /// the kernel's (linux: kernel/printk/printk.c, LOG_LINE_MAX), less the text before the message.
    public var asMessageLine: String {
        let limit = 900
        var line = ""
        for scalar in unicodeScalars {
            if line.utf8.count >= limit { return line + "…" }
            line += scalar.escapedInMessages
        }
        return line
    }

    /// The text with every character that a terminal obeys written as its bytes, `\xHH` each.
    ///
    /// These are control characters, line ends included, and invisible characters that change how their
    /// neighbours are shown, such as the direction.
    public var withEscapedControls: String {
        var text = ""
        for scalar in unicodeScalars { text += scalar.escapedInMessages }
        return text
    }
}

extension Unicode.Scalar {
    fileprivate var escapedInMessages: String {
        guard isObeyedByTerminals else { return String(self) }
        var text = ""
        for byte in String(self).utf8 { text += (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16) }
        return text
    }

    /// Whether the scalar is a control or format character, or ends a line or paragraph.
    ///
    /// Unicode 15: Cc, Cf, Zl, Zp. The table is here because the library of Embedded Swift has no Unicode
    /// tables.
    private var isObeyedByTerminals: Bool {
        switch value {
        case 0...0x1F, 0x7F...0x9F, 0xAD, 0x600...0x605, 0x61C, 0x6DD, 0x70F, 0x890...0x891, 0x8E2, 0x180E,
            0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB, 0x110BD, 0x110CD,
            0x13430...0x1343F, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0001, 0xE0020...0xE007F:
            true
        default: false
        }
    }
}
