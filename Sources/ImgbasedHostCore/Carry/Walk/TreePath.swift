import ImgbasedCore

/// A place in a tree: the path from its root, as bytes.
///
/// A name may hold any byte but zero and `/`.
public struct TreePath: Hashable, Comparable, Sendable {
    /// The whole path: `/`, or each name with a `/` in front. No name is empty, `.` or `..`.
    public let bytes: [UInt8]

    /// The root of the tree.
    public static let root = TreePath(bytes: [slash])

    static let slash = UInt8(ascii: "/")
    private static let dot = UInt8(ascii: ".")

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads an absolute path; `nil` if it is relative or empty, or has a zero byte.
    ///
    /// `.`, `..` and empty names are resolved by their spelling alone: no link is known here, and nothing is
    /// above the root.
    public init?(parsing path: some Sequence<UInt8>) {
        let path = Array(path)
        guard path.first == TreePath.slash, let place = TreePath.root.resolving(path) else { return nil }
        self = place
    }

    /// Reads an absolute path, as above.
    public init?(parsing path: String) {
        self.init(parsing: path.utf8)
    }

    /// Reads a path that `description` wrote.
    public init?(escaped text: String) {
        guard let bytes = EscapedText.bytes(text), let path = TreePath(parsing: bytes), path.bytes == bytes
        else { return nil }
        self = path
    }

    /// The names from the root down.
    public var components: [[UInt8]] {
        bytes.split(separator: TreePath.slash).map(Array.init)
    }

    /// The last name; `nil` for the root.
    public var name: [UInt8]? {
        bytes.split(separator: TreePath.slash).last.map(Array.init)
    }

    /// The path that contains this one; `nil` for the root.
    public var parent: TreePath? {
        guard self != .root, let index = bytes.lastIndex(of: TreePath.slash) else { return nil }
        return index == 0 ? .root : TreePath(bytes: Array(bytes[..<index]))
    }

    /// The path of `name` in this one; `nil` if it cannot be a name.
    ///
    /// Such a name is empty, `.` or `..`, or has a slash or a zero byte.
    public func appending(_ name: some Sequence<UInt8>) -> TreePath? {
        let name = Array(name)
        guard TreePath.isName(name) else { return nil }
        return TreePath(bytes: (self == .root ? [] : bytes) + [TreePath.slash] + name)
    }

    /// The path of `name` in this one, as above.
    public func appending(_ name: String) -> TreePath? {
        appending(name.utf8)
    }

    /// The place that `path` means from here; `nil` if it is empty or has a zero byte.
    ///
    /// It is resolved by its spelling alone; an absolute path starts at the root.
    public func resolving(_ path: some Sequence<UInt8>) -> TreePath? {
        let path = Array(path)
        guard !path.isEmpty, !path.contains(0) else { return nil }
        var names = path.first == TreePath.slash ? [] : bytes.split(separator: TreePath.slash)
        for name in path.split(separator: TreePath.slash) where !TreePath.isDot(name) {
            if TreePath.isDoubleDot(name) {
                _ = names.popLast()
            } else {
                names.append(name)
            }
        }
        guard !names.isEmpty else { return .root }
        return TreePath(bytes: names.flatMap { [TreePath.slash] + $0 })
    }

    /// Whether `other` is this path or in it.
    public func covers(_ other: TreePath) -> Bool {
        guard self != .root else { return true }
        return other.bytes.starts(with: bytes)
            && (other.bytes.count == bytes.count || other.bytes[bytes.count] == TreePath.slash)
    }

    /// Orders by bytes. The content of a directory comes after it.
    public static func < (a: TreePath, b: TreePath) -> Bool {
        a.bytes.lexicographicallyPrecedes(b.bytes)
    }

    static func isName(_ name: [UInt8]) -> Bool {
        !name.isEmpty && !isDot(name[...]) && !isDoubleDot(name[...]) && !name.contains(slash)
            && !name.contains(0)
    }

    private static func isDot(_ name: ArraySlice<UInt8>) -> Bool {
        name.count == 1 && name.first == dot
    }

    private static func isDoubleDot(_ name: ArraySlice<UInt8>) -> Bool {
        name.count == 2 && name.first == dot && name.last == dot
    }
}

extension TreePath: CustomStringConvertible {
    /// The path on one line, for messages between single quotes and for JSON.
    ///
    /// Each path has its own text, and `init(escaped:)` reads it. Readable characters stand for themselves;
    /// `\` and `'` have a `\` in front; line feed, tab and carriage return are `\n`, `\t`, `\r`; each byte of
    /// anything else is `\xHH`.
    public var description: String {
        EscapedText.escaped(bytes)
    }
}
