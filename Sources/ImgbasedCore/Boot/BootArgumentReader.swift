extension CaseIterable where Self: RawRepresentable, RawValue == String {
    static var words: String {
        allCases.map { $0.rawValue }.joined(separator: ", ")
    }
}

/// Reads arguments, and collects a warning for each that it cannot understand.
struct BootArgumentReader {
    let commandLine: KernelCommandLine
    private(set) var warnings: [String] = []

    init(_ commandLine: KernelCommandLine) {
        self.commandLine = commandLine
    }

    mutating func warnOfUnknown(prefix: String, known: [String]) {
        for argument in commandLine.arguments where argument.name.hasPrefix(prefix) {
            if known.contains(String(argument.name.dropFirst(prefix.count))) { continue }
            let names = known.map { "\(prefix)\($0)=" }.joined(separator: ", ")
            warn("unknown argument '\(argument.name)', ignoring; valid are \(names)")
        }
    }

    /// Applies `parse` to the last argument `name`; `nil` if the argument is absent or `parse` fails.
    mutating func read<Value>(_ name: String, valid: String, _ parse: (String) -> Value?) -> Value? {
        guard let argument = commandLine.last(name) else { return nil }
        if let value = argument.value.flatMap(parse) { return value }
        warnOfValue(argument, valid)
        return nil
    }

    /// Like `read`, for values separated by commas; leaves out values that are not understood.
    mutating func list<Value>(_ name: String, valid: String, _ parse: (String) -> Value?) -> [Value] {
        guard let argument = commandLine.last(name) else { return [] }
        var values: [Value] = []
        for word in (argument.value ?? "").split(separator: ",") {
            if let value = parse(String(word)) {
                values.append(value)
            } else {
                warn("'\(word)' in '\(argument.text)' is not understood, ignoring; valid are \(valid)")
            }
        }
        return values
    }

    /// Reads a switch with the words of dracut's getargbool; `preset` if it is absent or not understood.
    mutating func isOn(_ preset: Bool, _ name: String) -> Bool {
        guard let argument = commandLine.last(name) else { return preset }
        switch argument.value {
        case "0", "no", "off": return false
        case nil, "1", "yes", "on": return true
        default:
            warnOfValue(argument, "0, 1")
            return preset
        }
    }

    // Not inlined: the helper would hold a copy for each argument.
    @inline(never) private mutating func warnOfValue(_ argument: KernelCommandLine.Argument, _ valid: String)
    {
        warn("'\(argument.text)' is not understood, using the default; valid are \(valid)")
    }

    /// Adds `text` to the warnings, as one line.
    @inline(never) mutating func warn(_ text: String) {
        warnings.append(text.asMessageLine)
    }
}
