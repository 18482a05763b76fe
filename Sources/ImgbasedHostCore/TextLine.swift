extension Unicode.Scalar {
    /// Whether the scalar is ASCII white space.
    var isBlank: Bool {
        self == " " || (9...13).contains(value)
    }

    /// Whether the scalar is invisible but affects the text around it, such as a line end.
    var isControl: Bool {
        if isASCII { return value < 32 || value == 127 }
        return switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: true
        default: false
        }
    }
}

extension StringProtocol {
    /// The text without ASCII white space at both ends. Unicode spaces stay, and so does a space with a
    /// combining accent.
    var trimmed: String {
        guard let start = unicodeScalars.firstIndex(where: { !$0.isBlank }),
            let last = unicodeScalars.lastIndex(where: { !$0.isBlank })
        else { return "" }
        return String(self[start..<unicodeScalars.index(after: last)])
    }
}

extension String {
    /// The parts between `separator`s, empty ones included. It works by scalars, as other programs do: to
    /// Swift, a line feed after a carriage return is one character with it, and so is a comma after U+06DD.
    func parts(separator: Unicode.Scalar) -> [String] {
        unicodeScalars.split(omittingEmptySubsequences: false) { $0 == separator }.map { String($0) }
    }

    /// The text with a space for every control character and line end: safe on one line of a terminal, a boot
    /// entry or a menu.
    var withoutControls: String {
        // Nearly all texts are plain, and menus have thousands.
        if utf8.allSatisfy({ (32..<127).contains($0) }) { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { $0.isControl ? " " : $0 }))
    }

    /// The text in single quotes, in which a shell and GRUB take everything literally except the quote. It
    /// works by scalars: they see a quote even under a combining accent, which makes it another character.
    var singleQuoted: String {
        if !utf8.contains(UInt8(ascii: "'")) { return "'" + self + "'" }
        var result = "'"
        for scalar in unicodeScalars {
            if scalar == "'" { result += "'\\''" } else { result.unicodeScalars.append(scalar) }
        }
        return result + "'"
    }
}
