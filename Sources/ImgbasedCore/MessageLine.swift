extension String {
    /// The same as one line of a message. Much that messages quote comes from disks and images: characters that a terminal
    /// would obey are escaped, and what is longer than a line of the kernel's log is cut (linux:
    /// kernel/printk/printk.c, LOG_LINE_MAX, less what stands before the message).
    public var asMessageLine: String {
        let limit = 900
        var line = ""
        for scalar in unicodeScalars {
            if line.utf8.count >= limit { return line + "…" }
            line += scalar.escapedInMessages
        }
        return line
    }

    /// The same with every character that a terminal would obey as its bytes, `\xHH` each: control characters, line ends
    /// too, and those that show nothing but change how what stands around them is shown, such as in which direction.
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

    /// Whether it is a control or format character, or ends a line or paragraph (Unicode 15: Cc, Cf, Zl, Zp). A table of our
    /// own: Embedded Swift's library has none of Unicode's.
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
