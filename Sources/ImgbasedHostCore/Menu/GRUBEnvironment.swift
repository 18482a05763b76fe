import ImgbasedCore

/// Our environment block for GRUB: `/boot/grub/imgbased.env`, 1024 bytes that GRUB can write in place
/// (grub-core/lib/envblk.c).
public struct GRUBEnvironment: Hashable, Sendable {
    /// The size of the block in bytes; GRUB never changes it.
    public static let size = 1024

    /// The bytes that variables can use: one sector, half of the block. A disk writes a sector whole even if
    /// the power fails, so a change in place by GRUB or imgbased is complete or absent.
    public static let room = 512

    /// The variables that GRUB sets before it starts a kernel, and their longest values then (`GRUBScript`).
    private static let setByGRUB = [("imgbased_once", ""), ("imgbased_tries", "9")]

    /// The variable that names the default.
    public static let defaultKey = "imgbased_default"

    static let header = "# GRUB Environment Block\n"

    /// Variables and their values, in file order.
    public private(set) var variables: [(name: String, value: String)] = []

    /// An environment without variables.
    public init() {}

    /// Reads a block and leaves out damaged parts. An unreadable block has no variables; they are set anew.
    public init(_ block: [UInt8]) {
        guard block.starts(with: GRUBEnvironment.header.utf8) else { return }
        var rest = block.prefix(GRUBEnvironment.size).dropFirst(GRUBEnvironment.header.utf8.count)
        while let end = GRUBEnvironment.lineEnd(rest) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            rest = rest[(end + 1)...]
            let scalars = line.unicodeScalars
            guard let equals = scalars.firstIndex(of: "="), scalars.first != "#" else { continue }
            self[String(scalars[..<equals])] = GRUBEnvironment.unescaped(scalars[equals...].dropFirst())
        }
    }

    /// The value of a variable, `nil` if not set; setting `nil` removes it.
    public subscript(name: String) -> String? {
        get { variables.first { $0.name == name }?.value }
        set {
            let index = variables.firstIndex { $0.name == name }
            switch (index, newValue) {
            case (let index?, let value?): variables[index].value = value
            case (let index?, nil): variables.remove(at: index)
            case (nil, let value?): variables.append((name, value))
            case (nil, nil): break
            }
        }
    }

    /// The block, or `nil` if the variables and those that GRUB may add do not fit.
    public var block: [UInt8]? {
        var bytes = Array(GRUBEnvironment.header.utf8)
        for (name, value) in variables { bytes += GRUBEnvironment.line(name, value) }
        guard bytes.count + spare <= GRUBEnvironment.room else { return nil }
        return bytes + Array(repeating: UInt8(ascii: "#"), count: GRUBEnvironment.size - bytes.count)
    }

    /// How many bytes GRUB's own writes can add.
    private var spare: Int {
        GRUBEnvironment.setByGRUB.reduce(0) { sum, variable in
            let (name, value) = variable
            let now = self[name].map { GRUBEnvironment.line(name, $0).count } ?? 0
            return sum + max(0, GRUBEnvironment.line(name, value).count - now)
        }
    }

    /// The bytes that each variable takes, largest first.
    public var sizes: [(name: String, size: Int)] {
        variables.map { ($0.name, GRUBEnvironment.line($0.name, $0.value).count) }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    private static func line(_ name: String, _ value: String) -> [UInt8] {
        Array("\(name)=\(escaped(value))\n".utf8)
    }

    /// Whether GRUB can read `bytes` as a block and write its variables there.
    static func isBlock(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == size, bytes.starts(with: header.utf8) else { return false }
        var block = bytes
        for (name, value) in setByGRUB {
            guard let changed = setting(name, value, in: block) else { return false }
            block = changed
        }
        // GRUB must find its variables again; behind an unterminated line it cannot.
        let environment = GRUBEnvironment(block)
        return setByGRUB.allSatisfy { environment[$0.0] == $0.1 }
    }

    /// The block after GRUB sets a variable; `nil` if GRUB refuses. The used part must end with a line, and
    /// the free part must have room (grub-core/lib/envblk.c, `grub_envblk_set`).
    private static func setting(_ name: String, _ value: String, in block: [UInt8]) -> [UInt8]? {
        let padding = UInt8(ascii: "#")
        guard let last = block.lastIndex(where: { $0 != padding }), block[last] == UInt8(ascii: "\n") else {
            return nil
        }
        let end = last + 1
        let start = Array("\(name)=".utf8)
        var place = header.utf8.count
        while place + start.count < end {
            guard let stop = lineEnd(block[place...]) else { return nil }
            if block[place...].starts(with: start) {
                let used = Array(block[..<(place + start.count)]) + escaped(value).utf8 + block[stop..<end]
                guard used.count <= block.count else { return nil }
                return used + Array(repeating: padding, count: block.count - used.count)
            }
            place = stop + 1
        }
        let used = block[..<end] + line(name, value)
        guard used.count <= block.count else { return nil }
        return used + Array(repeating: padding, count: block.count - used.count)
    }

    /// The end of the first line without a backslash before its line feed.
    private static func lineEnd(_ bytes: ArraySlice<UInt8>) -> Int? {
        var isEscaped = false
        for (index, byte) in zip(bytes.indices, bytes) {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\n") {
                return index
            }
        }
        return nil
    }

    private static func escaped(_ value: String) -> String {
        value.unicodeScalars.reduce(into: "") { text, scalar in
            if scalar == "\\" || scalar == "\n" { text += "\\" }
            text.unicodeScalars.append(scalar)
        }
    }

    private static func unescaped(_ text: Substring.UnicodeScalarView) -> String {
        var isEscaped = false
        return text.reduce(into: "") { value, scalar in
            if !isEscaped, scalar == "\\" {
                isEscaped = true
            } else {
                value.unicodeScalars.append(scalar)
                isEscaped = false
            }
        }
    }

    /// Whether both have the same variables in the same order.
    public static func == (a: GRUBEnvironment, b: GRUBEnvironment) -> Bool {
        a.variables.elementsEqual(b.variables, by: ==)
    }

    /// Hashes names and values, in file order.
    public func hash(into hasher: inout Hasher) {
        for (name, value) in variables {
            hasher.combine(name)
            hasher.combine(value)
        }
    }
}
