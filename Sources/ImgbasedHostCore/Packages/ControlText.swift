import ImgbasedCore

/// The form of dpkg's databases: stanzas of fields, separated by blank lines (deb822(5)).
///
/// The text is a layer's or a base's, and not trusted.
enum ControlText {
    /// The longest file that is read, in bytes. The database of ten thousand packages is shorter.
    static let limit = 64 << 20
    /// The highest number of stanzas.
    private static let stanzaLimit = 200_000
    /// The longest value, in bytes.
    private static let valueLimit = 1 << 20

    /// The values of `fields` in each stanza of `bytes`; a value of several lines has them all.
    static func stanzas(
        _ bytes: [UInt8], fields: Set<String>
    ) throws(PackageProblem) -> [[String: String]] {
        var result: [[String: String]] = []
        var stanza: [String: String] = [:]
        var field: String?
        var value: [UInt8] = []
        func finishField() {
            if let field { stanza[field] = String(decoding: value, as: UTF8.self).trimmed }
            (field, value) = (nil, [])
        }
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") || $0 == 13 }) {
                finishField()
                if !stanza.isEmpty { result.append(stanza) }
                stanza = [:]
                guard result.count <= stanzaLimit else { throw .database("it has too many entries") }
            } else if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
                guard field != nil else { continue }
                guard value.count + line.count < valueLimit else { throw .database("a field is too long") }
                value.append(UInt8(ascii: "\n"))
                value += line
            } else {
                finishField()
                guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
                    throw .database(
                        "a line is no field: '\(String(decoding: line.prefix(80), as: UTF8.self))'")
                }
                let name = String(decoding: line[..<colon], as: UTF8.self)
                guard fields.contains(name) else { continue }
                guard line.count < valueLimit else { throw .database("a field is too long") }
                (field, value) = (name, Array(line[(colon + 1)...]))
            }
        }
        finishField()
        if !stanza.isEmpty { result.append(stanza) }
        return result
    }

    /// The stanzas of `bytes` as they are, each with its value of `field`; those without the field are left
    /// out.
    static func parts(_ bytes: [UInt8], named field: String) -> [(name: String, text: ArraySlice<UInt8>)] {
        var parts: [(name: String, text: ArraySlice<UInt8>)] = []
        var start = bytes.startIndex
        let prefix = Array((field + ":").utf8)
        func add(_ text: ArraySlice<UInt8>) {
            let lines = text.split(separator: UInt8(ascii: "\n"))
            guard let line = lines.first(where: { $0.starts(with: prefix) }) else { return }
            parts.append((String(decoding: line.dropFirst(prefix.count), as: UTF8.self).trimmed, text))
        }
        for index in bytes.indices.dropLast()
        where bytes[index] == UInt8(ascii: "\n") && bytes[index + 1] == UInt8(ascii: "\n") {
            if index >= start { add(bytes[start..<(index + 1)]) }
            start = index + 2
        }
        if start < bytes.endIndex { add(bytes[start...]) }
        return parts
    }

    /// `bytes` with the stanzas of `others` whose value of `field` it lacks.
    static func joined(_ bytes: [UInt8], _ others: [UInt8], by field: String) -> [UInt8] {
        let known = Set(parts(bytes, named: field).map(\.name))
        var result = bytes
        for part in parts(others, named: field) where !known.contains(part.name) {
            if !result.isEmpty {
                if result.last != UInt8(ascii: "\n") { result.append(UInt8(ascii: "\n")) }
                if !result.suffix(2).elementsEqual("\n\n".utf8) { result.append(UInt8(ascii: "\n")) }
            }
            result += part.text
        }
        return result
    }
}

/// Why packages of a layer cannot be known.
public enum PackageProblem: Error, Hashable, Sendable, CustomStringConvertible {
    /// The tree has no package database that is understood.
    case unknownSystem
    /// The packages of the old and the new layer have different package managers.
    case managersDiffer
    /// The database is not as documented: why.
    case database(String)

    /// The problem, as the end of a sentence.
    public var description: String {
        switch self {
        case .unknownSystem:
            "it has no database of dpkg in '\(PackageDatabase.statusPath)' and none of rpm"
        case .managersDiffer: "the bases have different package managers"
        case .database(let reason): "its package database cannot be read: \(reason)".asMessageLine
        }
    }
}
