extension String {
    /// The same as one line of a message. Much that messages quote comes from disks: control characters, which a
    /// terminal would obey, become question marks; what turns text around or hides it is escaped; and what is longer
    /// than a line of the kernel's log is cut (linux: kernel/printk/printk.c, LOG_LINE_MAX, less what stands before the
    /// message).
    public var asMessageLine: String {
        let limit = 900
        var line = ""
        for scalar in unicodeScalars {
            if line.utf8.count >= limit { return line + "…" }
            let isControl = scalar.value < 32 || (127...159).contains(scalar.value)
            if String.isFormat(scalar) {
                for byte in Character(scalar).utf8 { line += "\\x" + String(byte, radix: 16) }
            } else {
                line.unicodeScalars.append(isControl ? "?" : scalar)
            }
        }
        return line
    }

    /// Whether it shows nothing, and does something to what stands around it (Unicode's categories Cf, Zl and Zp, but for those
    /// of single scripts). The helper has no tables of Unicode.
    private static func isFormat(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0xAD, 0x61C, 0x180E, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0001...0xE007F:
            true
        default: false
        }
    }
}
