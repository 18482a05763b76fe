/// The kernel's command line, taken apart as the kernel does (linux: lib/cmdline.c, next_arg).
///
/// Arguments are separated by white space that is not between quotation marks. Marks around a value or around a whole
/// argument fall away. `--` ends what is not meant for the init program. Names are compared letter by letter, as
/// dracut does; only the kernel itself takes `-` and `_` for the same.
public struct KernelCommandLine: Hashable, Sendable {
    /// A word of the command line.
    public struct Argument: Hashable, Sendable {
        /// What stands before the first equals sign.
        public let name: String
        /// What stands after it; `nil` where there is none.
        public let value: String?

        /// An argument of these parts.
        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }

        /// As it would be typed.
        public var text: String {
            value.map { "\(name)=\($0)" } ?? name
        }

        /// Whether it is `--`: what follows is for the init program (linux: kernel/params.c, parse_args).
        var endsKernelArguments: Bool { name == "--" && value == nil }
    }

    /// The arguments in their order.
    public let arguments: [Argument]

    /// Takes `text` apart, for example the content of `/proc/cmdline`.
    public init(_ text: String) {
        let bytes = Array(text.utf8)
        var arguments: [Argument] = []
        var index = 0
        while let next = KernelCommandLine.next(in: bytes, from: &index), !next.argument.endsKernelArguments {
            arguments.append(next.argument)
        }
        self.arguments = arguments
    }

    /// The words of `text` as they stand there, with their quotation marks; `--` and what follows among them.
    public static func words(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var words: [String] = []
        var index = 0
        while let next = next(in: bytes, from: &index) {
            words.append(String(decoding: bytes[next.place], as: UTF8.self))
        }
        return words
    }

    /// The argument that `word` is; `nil` where it is none.
    public static func argument(_ word: String) -> Argument? {
        let bytes = Array(word.utf8)
        var index = 0
        return next(in: bytes, from: &index)?.argument
    }

    /// The last argument called `name`, which is the one that counts.
    public func last(_ name: String) -> Argument? {
        arguments.last { $0.name == name }
    }

    /// The last value given for `name`; `nil` also where the last one has no equals sign.
    public func value(_ name: String) -> String? {
        last(name)?.value
    }

    /// The next argument from `index` on, and where it stands.
    private static func next(
        in bytes: [UInt8], from index: inout Int
    ) -> (argument: Argument, place: Range<Int>)? {
        while index < bytes.count, isSpace(bytes[index]) { index += 1 }
        guard index < bytes.count, bytes[index] != 0 else { return nil }
        let start = index
        let argument = argument(in: bytes, from: &index)
        return (argument, start..<index)
    }

    private static func argument(in bytes: [UInt8], from index: inout Int) -> Argument {
        let mark = UInt8(ascii: "\"")
        let isQuoted = bytes[index] == mark
        if isQuoted { index += 1 }
        let start = index
        var inMarks = isQuoted
        var equals: Int?
        while index < bytes.count, bytes[index] != 0, inMarks || !isSpace(bytes[index]) {
            // An equals sign in the first place divides nothing.
            if bytes[index] == UInt8(ascii: "="), equals == nil, index > start { equals = index }
            if bytes[index] == mark { inMarks.toggle() }
            index += 1
        }
        var end = index
        var valueStart = equals.map { $0 + 1 }
        if let first = valueStart, first < end, bytes[first] == mark {
            valueStart = first + 1
            if bytes[end - 1] == mark { end -= 1 }
        }
        if isQuoted, end == index, end > start, bytes[end - 1] == mark { end -= 1 }
        func text(_ from: Int, _ to: Int) -> String {
            String(decoding: bytes[min(from, to)..<to], as: UTF8.self)
        }
        guard let equals, let valueStart else { return Argument(name: text(start, end), value: nil) }
        return Argument(name: text(start, equals), value: text(valueStart, end))
    }

    /// What the kernel's `isspace` takes for white space, of which 0xA0 is one (lib/ctype.c).
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (9...13).contains(byte) || byte == 0xA0
    }
}
