/// A problem with a metadata text.
public struct MetadataError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The line of the problem, from 1.
    public let line: Int
    /// The cause.
    public let reason: String

    /// The line and the cause.
    public var description: String {
        "line \(line): \(reason)"
    }
}

/// A single value in a metadata text.
public enum MetadataValue: Hashable, Sendable {
    /// A whole number.
    case integer(Int64)
    /// A number with a decimal point, as written; LVM2 writes none.
    case decimal(String)
    /// A quoted text, without its quotation marks.
    case string(String)
}

/// A key of a metadata text and its content.
public struct MetadataNode: Hashable, Sendable {
    /// The content of a key.
    public enum Content: Hashable, Sendable {
        /// `key = 1`
        case value(MetadataValue)
        /// `key = [1, "two"]`
        case list([MetadataValue])
        /// `key { … }`
        case section([MetadataNode])
    }

    /// The key; empty for the whole text.
    public let key: String
    /// The line of the key, from 1.
    public let line: Int
    /// The value, list or section of the key.
    public let content: Content

    /// The nodes of a section; none for a value or a list.
    public var children: [MetadataNode] {
        if case .section(let nodes) = content { nodes } else { [] }
    }

    /// Whether the content is a section.
    public var isSection: Bool {
        if case .section = content { true } else { false }
    }

    /// A key that occurs twice in this section; LVM2 never writes one, and lvm2 reads the first.
    var repeatedKey: String? {
        let nodes = children
        // Most sections have a handful of keys, which are compared faster than hashed.
        if nodes.count <= 16 {
            for index in nodes.indices where nodes[..<index].contains(where: { $0.key == nodes[index].key }) {
                return nodes[index].key
            }
            return nil
        }
        var seen = Set<String>(minimumCapacity: nodes.count)
        return nodes.first { !seen.insert($0.key).inserted }?.key
    }

    /// All keys that occur more than once in this section.
    var repeatedKeys: Set<String> {
        if repeatedKey == nil { return [] }
        var seen: Set<String> = []
        return Set(children.map { $0.key }.filter { !seen.insert($0).inserted })
    }

    /// The values of a list; a single value counts as a list of one, and a section has none.
    var values: [MetadataValue] {
        switch content {
        case .value(let value): [value]
        case .list(let values): values
        case .section: []
        }
    }

    /// The node of this section with `key`; `nil` without one.
    func child(_ key: String) -> MetadataNode? {
        children.first { $0.key == key }
    }

    /// An error about this node.
    func error(_ reason: String) -> MetadataError {
        MetadataError(line: line, reason: reason)
    }

    /// The text of `key` in this section; `nil` without the key.
    func string(_ key: String) throws(MetadataError) -> String? {
        guard let child = child(key) else { return nil }
        guard case .value(.string(let text)) = child.content else {
            throw child.error("'\(key)' is not a text")
        }
        return text
    }

    /// The texts of `key` in this section; none without the key.
    func strings(_ key: String) throws(MetadataError) -> [String] {
        guard let child = child(key) else { return [] }
        if child.isSection { throw child.error("'\(key)' is a section") }
        var texts: [String] = []
        for value in child.values {
            guard case .string(let text) = value else { throw child.error("'\(key)' holds more than texts") }
            texts.append(text)
        }
        return texts
    }

    /// The number of `key` in this section; `nil` without the key.
    func number<T: FixedWidthInteger>(_ key: String, as type: T.Type = T.self) throws(MetadataError) -> T? {
        guard let child = child(key) else { return nil }
        guard case .value(.integer(let value)) = child.content, let number = T(exactly: value) else {
            throw child.error("'\(key)' is not a number in range")
        }
        return number
    }

    /// The number of `key` in this section; an error without the key.
    func requiredNumber<T: FixedWidthInteger>(_ key: String, as type: T.Type = T.self) throws(MetadataError)
        -> T
    {
        guard let value = try number(key, as: type) else {
            throw error("'\(key)' is missing in '\(self.key)'")
        }
        return value
    }

    /// The text of `key` in this section; an error without the key.
    func requiredString(_ key: String) throws(MetadataError) -> String {
        guard let value = try string(key) else { throw error("'\(key)' is missing in '\(self.key)'") }
        return value
    }

    /// The identifier of `key` in this section; an error without the key.
    func requiredIdentifier(_ key: String) throws(MetadataError) -> LVMIdentifier {
        guard let id = LVMIdentifier(try requiredString(key)) else {
            throw error("'\(key)' of '\(self.key)' is not an identifier")
        }
        return id
    }
}
