import ImgbasedCore

/// The operating system's description of itself: os-release(5).
public struct OSRelease: Hashable, Sendable {
    /// A name for people on one line, with unreadable characters escaped; `nil` if there is none.
    public var prettyName: String?

    /// Parses `text`, which comes from a layer and may be anything.
    public init(_ text: String) {
        var values: [String: String] = [:]
        for line in text.unicodeScalars.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let key = String(line[..<equals])
            guard key == "PRETTY_NAME" || key == "NAME" else { continue }
            values[key] = OSRelease.unquoted(line[equals...].dropFirst())
        }
        let name = values["PRETTY_NAME"] ?? values["NAME"]
        prettyName = name.map {
            String(EscapedText.shown($0.trimmed).unicodeScalars.prefix(80)).trimmed
        }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The value as a shell reads it: os-release allows assignments as in sh(1), without expansion.
    private static func unquoted(_ text: Substring.UnicodeScalarView) -> String {
        var value = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        var isEscaped = false
        for scalar in text {
            if isEscaped {
                // Within double quotes only these lose their backslash.
                if quote == "\"", !"\"\\$`".unicodeScalars.contains(scalar) { value.append("\\") }
                value.append(scalar)
                isEscaped = false
            } else if scalar == "\\", quote != "'" {
                isEscaped = true
            } else if scalar == quote {
                quote = nil
            } else if quote == nil, scalar == "\"" || scalar == "'" {
                quote = scalar
            } else {
                value.append(scalar)
            }
        }
        return String(value)
    }
}
