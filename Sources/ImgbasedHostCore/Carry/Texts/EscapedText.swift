import ImgbasedCore

/// Bytes that are mostly text, such as a file name, as exact text on one line.
enum EscapedText {
    /// The bytes as text.
    ///
    /// Readable characters stand for themselves, but `\` and `'` get a `\` in front. Line feed, tab and
    /// carriage return are `\n`, `\t` and `\r`. Each byte of anything else is `\xHH`: control and format
    /// characters, unusual spaces, and bytes that are no UTF-8.
    static func escaped(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        var text = ""
        var index = 0
        while index < bytes.count {
            let end = min(bytes.count, index + length(bytes[index]))
            if let character = String(validating: bytes[index..<end], as: UTF8.self),
                let scalar = character.unicodeScalars.first
            {
                text += escaped(scalar, bytes[index..<end])
                index = end
            } else {
                text += hexadecimal(bytes[index])
                index += 1
            }
        }
        return text
    }

    /// `text` for users who need not know its exact bytes.
    ///
    /// Readable characters stand for themselves; each byte of anything else is `\xHH`.
    static func shown(_ text: String) -> String {
        text.unicodeScalars.map { isReadable($0) ? String($0) : String($0).utf8.map(hexadecimal).joined() }
            .joined()
    }

    /// The bytes that `text` stands for; `nil` if `escaped` makes no such text.
    static func bytes(_ text: String) -> [UInt8]? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): bytes.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "'"): bytes.append(UInt8(ascii: "'"))
            case UInt8(ascii: "n"): bytes.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "t"): bytes.append(UInt8(ascii: "\t"))
            case UInt8(ascii: "r"): bytes.append(UInt8(ascii: "\r"))
            case UInt8(ascii: "x"):
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard digits.utf8.count == 2, let value = UInt8(digits, radix: 16) else { return nil }
                bytes.append(value)
                rest = rest.dropFirst(2)
            default: return nil
            }
        }
        return Array(escaped(bytes).utf8) == Array(text.utf8) ? bytes : nil
    }

    /// The number of bytes in a UTF-8 sequence with this first byte.
    private static func length(_ first: UInt8) -> Int {
        switch first {
        case 0xC0...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF7: 4
        default: 1
        }
    }

    private static func escaped(_ scalar: Unicode.Scalar, _ bytes: ArraySlice<UInt8>) -> String {
        switch scalar {
        case "\\": "\\\\"
        case "'": "\\'"
        case "\n": "\\n"
        case "\t": "\\t"
        case "\r": "\\r"
        case _ where isReadable(scalar): String(scalar)
        default: bytes.map(hexadecimal).joined()
        }
    }

    private static func isReadable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator:
            false
        case .spaceSeparator: scalar == " "
        default: true
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "\\x0" : "\\x") + String(byte, radix: 16)
    }
}
