/// What an operating system says of itself: os-release(5).
public struct OSRelease: Hashable, Sendable {
    /// A name for people, on one line, or `nil` where there is none.
    public var prettyName: String?

    /// Parses `text`, which comes from a layer and may be anything.
    public init(_ text: String) {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            let key = line[..<equals]
            guard key == "PRETTY_NAME" || key == "NAME" else { continue }
            values[String(key)] = OSRelease.unquoted(line[line.index(after: equals)...])
        }
        let name = values["PRETTY_NAME"] ?? values["NAME"]
        prettyName = name.map { String($0.withoutControls.prefix(80)).trimmed }.flatMap {
            $0.isEmpty ? nil : $0
        }
    }

    /// The value as a shell would see it: os-release allows what an assignment in sh(1) has, without expansion.
    private static func unquoted(_ text: Substring) -> String {
        var value = ""
        var quote: Character?
        var isEscaped = false
        for character in text {
            if isEscaped {
                // Within double quotes only these lose their backslash.
                if quote == "\"", !"\"\\$`".contains(character) { value.append("\\") }
                value.append(character)
                isEscaped = false
            } else if character == "\\", quote != "'" {
                isEscaped = true
            } else if character == quote {
                quote = nil
            } else if quote == nil, character == "\"" || character == "'" {
                quote = character
            } else {
                value.append(character)
            }
        }
        return value
    }
}

extension StringProtocol {
    /// The same without white space at both ends.
    var trimmed: String {
        let front = drop { $0.isWhitespace }
        return String(front.reversed().drop { $0.isWhitespace }.reversed())
    }
}
