/// Writes JSON (RFC 8259).
enum JSONText {
    /// A string, quoted and escaped.
    static func string(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 32:
                result += scalar.value < 16 ? "\\u000" : "\\u00"
                result += String(scalar.value, radix: 16)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    /// A number with three decimals; `null` for one that JSON cannot express, or of 1e15 and more.
    static func thousandths(_ value: Double) -> String {
        // `rounded()` would, without optimization, call the C library's function, which is not imported.
        guard value.magnitude < 1e15 else { return "null" }
        let whole = Int64(value * 1000 + (value < 0 ? -0.5 : 0.5))
        let digits = String(whole.magnitude % 1000)
        let padding = String(repeating: "0", count: 3 - digits.count)
        return "\(whole < 0 ? "-" : "")\(whole.magnitude / 1000).\(padding)\(digits)"
    }

    /// An array of values that are JSON already.
    static func array(_ values: [String]) -> String {
        "[" + values.joined(separator: ",") + "]"
    }

    /// An object of names and of values that are JSON already.
    static func object(_ members: [(name: String, value: String)]) -> String {
        "{" + members.map { string($0.name) + ":" + $0.value }.joined(separator: ",") + "}"
    }
}
