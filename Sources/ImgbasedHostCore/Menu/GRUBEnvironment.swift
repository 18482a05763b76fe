import ImgbasedCore

/// Our environment block for GRUB: `/boot/grub/imgbased.env`, 1024 bytes that GRUB can write in place
/// (grub-core/lib/envblk.c).
public struct GRUBEnvironment: Hashable, Sendable {
    /// How many bytes the block has; GRUB never changes that.
    public static let size = 1024

    /// How many of them have variables: those that a disk writes at once, whatever the power does (a sector, of which the block
    /// has two). So whoever changes the block in place, GRUB or we, changes all of it or nothing.
    public static let room = 512

    /// What GRUB sets before it starts a kernel, and the longest value it has then (`GRUBScript`).
    private static let setByGRUB = [("imgbased_once", ""), ("imgbased_tries", "9")]

    /// The name of the variable that names the layer booted unattended.
    public static let defaultKey = "imgbased_default"

    static let header = "# GRUB Environment Block\n"

    /// Variables and their values, in the order of the file.
    public private(set) var variables: [(name: String, value: String)] = []

    /// No variables.
    public init() {}

    /// Reads a block. What is damaged is left out: an environment that cannot be read says nothing, and what it
    /// said is set anew.
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

    /// The value of a variable; setting `nil` removes it.
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

    /// The block, or `nil` where the variables do not fit it, with those that GRUB may add.
    public var block: [UInt8]? {
        var bytes = Array(GRUBEnvironment.header.utf8)
        for (name, value) in variables { bytes += GRUBEnvironment.line(name, value) }
        guard bytes.count + spare <= GRUBEnvironment.room else { return nil }
        return bytes + Array(repeating: UInt8(ascii: "#"), count: GRUBEnvironment.size - bytes.count)
    }

    /// How many bytes longer the block can be when GRUB has written it.
    private var spare: Int {
        GRUBEnvironment.setByGRUB.reduce(0) { sum, variable in
            let (name, value) = variable
            let now = self[name].map { GRUBEnvironment.line(name, $0).count } ?? 0
            return sum + max(0, GRUBEnvironment.line(name, value).count - now)
        }
    }

    /// How many bytes of the room each variable takes, the largest first.
    public var sizes: [(name: String, size: Int)] {
        variables.map { ($0.name, GRUBEnvironment.line($0.name, $0.value).count) }
            .sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }

    private static func line(_ name: String, _ value: String) -> [UInt8] {
        Array("\(name)=\(escaped(value))\n".utf8)
    }

    /// Whether `bytes` are a block that GRUB can read, and that it can write what it has to.
    static func isBlock(_ bytes: [UInt8]) -> Bool {
        guard bytes.count == size, bytes.starts(with: header.utf8) else { return false }
        var block = bytes
        for (name, value) in setByGRUB {
            guard let changed = setting(name, value, in: block) else { return false }
            block = changed
        }
        // What is written must be found again: not so behind a line that nothing ends.
        let environment = GRUBEnvironment(block)
        return setByGRUB.allSatisfy { environment[$0.0] == $0.1 }
    }

    /// What GRUB makes of a block when it sets a variable; `nil` where it refuses: what is not free must end with a line, and
    /// the rest have room for what is added (grub-core/lib/envblk.c, `grub_envblk_set`).
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

    /// The end of the first line that no backslash continues.
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

    /// Hashes names and values.
    public func hash(into hasher: inout Hasher) {
        for (name, value) in variables {
            hasher.combine(name)
            hasher.combine(value)
        }
    }
}
