/// Our environment block for GRUB: `/boot/grub/imgbased.env`, 1024 bytes that GRUB can write in place
/// (grub-core/lib/envblk.c).
public struct GRUBEnvironment: Hashable, Sendable {
    /// How many bytes the block has; GRUB never changes that.
    public static let size = 1024

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

    /// The block, or `nil` where the variables do not fit it.
    public var block: [UInt8]? {
        var bytes = Array(GRUBEnvironment.header.utf8)
        for (name, value) in variables {
            bytes += "\(name)=\(GRUBEnvironment.escaped(value))\n".utf8
        }
        guard bytes.count <= GRUBEnvironment.size else { return nil }
        return bytes + Array(repeating: UInt8(ascii: "#"), count: GRUBEnvironment.size - bytes.count)
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
