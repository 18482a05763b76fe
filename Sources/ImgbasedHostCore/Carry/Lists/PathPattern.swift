import ImgbasedCore

/// A pattern for paths of a tree, from the root.
///
/// `*` stands for any bytes but a slash, `?` for one, `[a-z]` and `[!a-z]` for one in a set or outside it,
/// and `**` as a whole name for any number of names, even none. `\` makes the next byte literal. A
/// leading dot is like any other byte. A pattern that matches a directory covers everything in it.
public struct PathPattern: Hashable, Sendable, CustomStringConvertible {
    /// The problem of a pattern.
    public enum Problem: Error, Hashable, Sendable {
        /// The pattern has no bytes.
        case empty
        /// The pattern does not start with a slash.
        case relative
        /// A name is `.` or `..`.
        case dots
        /// A zero byte.
        case zeroByte
        /// A `[` has no `]`, or its set has no meaning here.
        case set
        /// A `\` has nothing after it.
        case backslash
    }

    /// The pattern as written.
    public let bytes: [UInt8]

    private enum Name: Hashable {
        case anyNames
        case tokens([Token])
    }

    private enum Token: Hashable {
        case byte(UInt8)
        case anyByte
        case anyBytes
        case set([ClosedRange<UInt8>], isNegated: Bool)
    }

    private let names: [Name]

    /// The pattern written as `bytes`.
    public init(_ bytes: some Sequence<UInt8>) throws(Problem) {
        let bytes = Array(bytes)
        guard let first = bytes.first else { throw .empty }
        guard first == TreePath.slash else { throw .relative }
        guard !bytes.contains(0) else { throw .zeroByte }
        self.bytes = bytes
        var names: [Name] = []
        for part in bytes.split(separator: TreePath.slash) {
            let name = try PathPattern.parse(part)
            // Two in a row mean the same as one.
            if name == .anyNames, names.last == .anyNames { continue }
            names.append(name)
        }
        self.names = names
    }

    /// The pattern that means `path` and everything in it.
    init(literal path: TreePath) {
        names = path.components.map { .tokens($0.map(Token.byte)) }
        bytes = path.bytes.flatMap { "*?[\\".utf8.contains($0) ? [UInt8(ascii: "\\"), $0] : [$0] }
    }

    /// The pattern written as `text`.
    public init(_ text: String) throws(Problem) {
        try self.init(text.utf8)
    }

    /// Whether the pattern matches `path` or something that contains it.
    ///
    /// At worst, the time is proportional to the product of both lengths.
    public func matches(_ path: TreePath) -> Bool {
        let components = path.bytes.split(separator: TreePath.slash)
        var name = 0
        var component = 0
        var retry: (name: Int, component: Int)?
        // The pattern covers the rest of the path.
        while name < names.count {
            if names[name] == .anyNames {
                name += 1
                retry = (name, component)
            } else if component < components.count, matches(names[name], components[component]) {
                name += 1
                component += 1
            } else if let last = retry, last.component < components.count {
                // Only the last `**` has to take more: names before it matched as early as they could.
                retry = (last.name, last.component + 1)
                (name, component) = (last.name, last.component + 1)
            } else {
                return false
            }
        }
        return true
    }

    /// Whether a name other than `**` matches the last name of `path`, with more to follow.
    ///
    /// Then something in `path` would match.
    func goesThrough(_ path: TreePath) -> Bool {
        var places: Set = [0]
        var named: Set<Int> = []
        for component in path.bytes.split(separator: TreePath.slash) {
            // A `**` may end before this name.
            places.formUnion(places.filter { $0 < names.count && names[$0] == .anyNames }.map { $0 + 1 })
            named = Set(places.filter { $0 < names.count && matches(names[$0], component) }.map { $0 + 1 })
            places = named.union(places.filter { $0 < names.count && names[$0] == .anyNames })
        }
        return named.contains { $0 < names.count }
    }

    /// The deepest path that is or contains every match: the plain names at the start of the pattern.
    public var literalPrefix: TreePath {
        var path = TreePath.root
        for name in names {
            guard let bytes = literal(name), let next = path.appending(bytes) else { break }
            path = next
        }
        return path
    }

    /// Whether the pattern means one path and everything in it.
    public var isLiteral: Bool {
        names.allSatisfy { literal($0) != nil }
    }

    /// Whether the pattern restricts no name: it means the root, or everything in it.
    public var isEverything: Bool {
        names.allSatisfy { $0 == .anyNames || $0 == .tokens([.anyBytes]) }
    }

    /// The pattern on one line.
    public var description: String {
        EscapedText.escaped(bytes)
    }

    // MARK: Names

    private func literal(_ name: Name) -> [UInt8]? {
        guard case .tokens(let tokens) = name else { return nil }
        var bytes: [UInt8] = []
        for token in tokens {
            guard case .byte(let byte) = token else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private func matches(_ name: Name, _ bytes: ArraySlice<UInt8>) -> Bool {
        guard case .tokens(let tokens) = name else { return false }
        var token = 0
        var index = bytes.startIndex
        var retry: (token: Int, index: Int)?
        while token < tokens.count || index < bytes.endIndex {
            if token < tokens.count, tokens[token] == .anyBytes {
                token += 1
                retry = (token, index)
            } else if token < tokens.count, index < bytes.endIndex, matches(tokens[token], bytes[index]) {
                token += 1
                index += 1
            } else if let last = retry, last.index < bytes.endIndex {
                retry = (last.token, last.index + 1)
                (token, index) = (last.token, last.index + 1)
            } else {
                return false
            }
        }
        return true
    }

    private func matches(_ token: Token, _ byte: UInt8) -> Bool {
        switch token {
        case .byte(let wanted): byte == wanted
        case .anyByte, .anyBytes: true
        case .set(let ranges, let isNegated): ranges.contains { $0.contains(byte) } != isNegated
        }
    }

    // MARK: Reading

    private static func parse(_ part: ArraySlice<UInt8>) throws(Problem) -> Name {
        if part.elementsEqual("**".utf8) { return .anyNames }
        var tokens: [Token] = []
        var rest = part
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "*"):
                if tokens.last != .anyBytes { tokens.append(.anyBytes) }
            case UInt8(ascii: "?"):
                tokens.append(.anyByte)
            case UInt8(ascii: "["):
                tokens.append(try takeSet(&rest))
            case UInt8(ascii: "\\"):
                guard let next = rest.popFirst() else { throw .backslash }
                tokens.append(.byte(next))
            default:
                tokens.append(.byte(byte))
            }
        }
        let dot = Token.byte(UInt8(ascii: "."))
        if tokens == [dot] || tokens == [dot, dot] { throw .dots }
        return .tokens(tokens)
    }

    /// Takes the bytes after a `[`, up to its `]`. As in glob(7), a `]` in first place is in the set.
    private static func takeSet(_ rest: inout ArraySlice<UInt8>) throws(Problem) -> Token {
        let isNegated = rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^")
        if isNegated { rest = rest.dropFirst() }
        var ranges: [ClosedRange<UInt8>] = []
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "]"), !ranges.isEmpty { return .set(ranges, isNegated: isNegated) }
            // [:class:], [.symbol.] and [=equivalence=] depend on a language, and paths have none.
            if byte == UInt8(ascii: "["), let next = rest.first, ":.=".utf8.contains(next) { throw .set }
            let lower = try taken(byte, &rest)
            if rest.count >= 2, rest.first == UInt8(ascii: "-"), rest.dropFirst().first != UInt8(ascii: "]") {
                rest = rest.dropFirst()
                guard let end = rest.popFirst() else { throw .set }
                let upper = try taken(end, &rest)
                guard lower <= upper else { throw .set }
                ranges.append(lower...upper)
            } else {
                ranges.append(lower...lower)
            }
        }
        throw .set
    }

    private static func taken(_ byte: UInt8, _ rest: inout ArraySlice<UInt8>) throws(Problem) -> UInt8 {
        guard byte == UInt8(ascii: "\\") else { return byte }
        guard let next = rest.popFirst() else { throw .backslash }
        return next
    }
}

extension PathPattern.Problem: CustomStringConvertible {
    /// The cause, as the end of a sentence.
    public var description: String {
        switch self {
        case .empty: "there is no path"
        case .relative: "the path does not begin with '/'"
        case .dots: "'.' and '..' cannot be part of the path"
        case .zeroByte: "a path cannot have a zero byte"
        case .set: "a '[' begins a set of bytes that is not understood; write '\\[' for the character"
        case .backslash: "a '\\' has nothing after it; write '\\\\' for the character"
        }
    }
}
