/// The kernel command line, split as the kernel splits it (linux: lib/cmdline.c, next_arg).
///
/// White space outside quotation marks separates arguments. Marks around a value or a whole argument are
/// dropped. Arguments after `--` are only for the init program. Names are compared letter by letter, as in
/// dracut; only the kernel itself treats `-` and `_` as equal.
public struct KernelCommandLine: Hashable, Sendable {
    /// A word of the command line.
    public struct Argument: Hashable, Sendable {
        /// The text before the first equals sign.
        public let name: String
        /// The text after the first equals sign; `nil` without one.
        public let value: String?

        /// Creates an argument of these parts.
        package init(name: String, value: String?) {
            self.name = name
            self.value = value
        }

        /// The argument as it would be typed.
        public var text: String {
            value.map { "\(name)=\($0)" } ?? name
        }

        /// Whether it is `--`: the rest is for the init program (linux: kernel/params.c, parse_args).
        var endsKernelArguments: Bool { name == "--" && value == nil }
    }

    /// The arguments in their order.
    public let arguments: [Argument]

    /// Splits `text`, for example the content of `/proc/cmdline`.
    public init(_ text: String) {
        let bytes = Array(text.utf8)
        var arguments: [Argument] = []
        var index = 0
        while let next = KernelCommandLine.next(in: bytes, from: &index), !next.argument.endsKernelArguments {
            arguments.append(next.argument)
        }
        self.arguments = arguments
    }

    /// The words of `text` as written, with their quotation marks; `--` and all after it are included.
    public static func words(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        var words: [String] = []
        var index = 0
        while let next = next(in: bytes, from: &index) {
            words.append(String(decoding: bytes[next.place], as: UTF8.self))
        }
        return words
    }

    /// The argument in `word`; `nil` if it holds none.
    public static func argument(_ word: String) -> Argument? {
        let bytes = Array(word.utf8)
        var index = 0
        return next(in: bytes, from: &index)?.argument
    }

    /// The last argument called `name`, which is the one that counts; `nil` without one.
    ///
    /// Not inlined: the helper would hold a copy for each argument.
    @inline(never) public func last(_ name: String) -> Argument? {
        arguments.last { $0.name == name }
    }

    /// The value of the last argument called `name`; `nil` without one, or if it has no equals sign.
    public func value(_ name: String) -> String? {
        last(name)?.value
    }

    /// The next argument from `index` on, and its place.
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
            // An equals sign at the start separates nothing.
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

    /// Whether the kernel's `isspace` accepts `byte`; 0xA0 is white space too (linux: lib/ctype.c).
    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || (9...13).contains(byte) || byte == 0xA0
    }
}
