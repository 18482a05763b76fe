/// The words of a command line in the order in which the parser reads them: command, verb, the rest.
///
/// A verb, such as `list` of `imgbase boot`, may be typed as a word or as an option, `--list`, anywhere after
/// the command. As an option it wins over a word, so that an image or a layer may have the name of a verb.
public struct CommandWords: Hashable, Sendable {
    /// A command of the program.
    public struct Command: Hashable, Sendable {
        /// The name of the command.
        public var name: String
        /// Its verbs.
        public var verbs: [Verb]
        /// Whether the command does nothing without a verb.
        public var needsVerb: Bool

        /// A command with these verbs.
        public init(name: String, verbs: [Verb], needsVerb: Bool) {
            self.name = name
            self.verbs = verbs
            self.needsVerb = needsVerb
        }
    }

    /// A verb of a command.
    public struct Verb: Hashable, Sendable {
        /// The name of the verb.
        public var name: String
        /// Whether help shows the verb; the system's units call the others.
        public var isShown: Bool

        /// A verb, which help shows or not.
        public init(_ name: String, isShown: Bool = true) {
            self.name = name
            self.isShown = isShown
        }
    }

    /// The commands of a program, and the options that may stand before a command or after it.
    public struct Grammar: Hashable, Sendable {
        /// The name of the program.
        public var program: String
        /// The commands.
        public var commands: [Command]
        /// The options of every command that have no value, with their dashes.
        public var flags: Set<String>
        /// The options of every command that have a value, with their dashes.
        public var options: Set<String>

        /// A grammar of these commands and options.
        public init(program: String, commands: [Command], flags: Set<String>, options: Set<String>) {
            self.program = program
            self.commands = commands
            self.flags = flags
            self.options = options
        }
    }

    /// The words for the parser.
    public private(set) var words: [String]
    /// The program, the command and the verb, as far as they are known: whose help is meant.
    public private(set) var path: [String]

    /// Orders `arguments`, which come after the name of the program.
    public init(_ arguments: [String], _ grammar: Grammar) throws(UsageError) {
        path = [grammar.program]
        var (common, rest) = CommandWords.split(arguments[...], grammar)
        guard let name = rest.first, !name.hasPrefix("-") else {
            words = rest + common
            return
        }
        rest = rest.dropFirst()
        guard let command = grammar.commands.first(where: { $0.name == name }) else {
            words = [name] + common + rest
            // The parser has this command, and says nothing of a word that it does not know.
            if name == "help" {
                try CommandWords.checkHelp(rest.filter { !$0.hasPrefix("-") }, grammar)
                return
            }
            throw CommandWords.unknown(name, grammar)
        }
        path.append(name)
        if command.verbs.isEmpty {
            words = [name] + common + rest
            return
        }
        let (more, others) = CommandWords.split(rest, grammar)
        common += more
        let verb = try CommandWords.verb(in: others, command, path)
        if let verb { path.append(verb.name) }
        words = [name] + (verb.map { [$0.name] } ?? []) + common + (verb?.rest ?? Array(others))
    }

    private static func unknown(_ name: String, _ grammar: Grammar) -> UsageError {
        let nearest =
            name == "version"
            ? "--version" : NearestWord.meant(by: name, among: grammar.commands.map(\.name))
        return .unknownCommand(name, nearest: nearest, path: [grammar.program])
    }

    /// Throws if the command or its verb, whose help is asked for, does not exist.
    private static func checkHelp(_ words: [String], _ grammar: Grammar) throws(UsageError) {
        guard let name = words.first else { return }
        guard let command = grammar.commands.first(where: { $0.name == name }) else {
            throw unknown(name, grammar)
        }
        guard let word = words.dropFirst().first else { return }
        if command.verbs.contains(where: { $0.name == word }) { return }
        let shown = command.verbs.filter(\.isShown).map(\.name)
        throw .unknownVerb(
            word, nearest: NearestWord.meant(by: word, among: shown), path: [grammar.program, name])
    }

    /// The options of every command that `words` begin with, and the other words.
    private static func split(
        _ words: ArraySlice<String>, _ grammar: Grammar
    ) -> (common: [String], rest: ArraySlice<String>) {
        var common: [String] = []
        var rest = words
        while let first = rest.first {
            if grammar.flags.contains(first) || grammar.options.contains(where: { first.hasPrefix($0 + "=") })
            {
                common.append(first)
                rest = rest.dropFirst()
            } else if grammar.options.contains(first), rest.count > 1 {
                common += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        return (common, rest)
    }

    /// The verb in `words`, and the words without it; `nil` if there is none and none is needed.
    private static func verb(
        in words: ArraySlice<String>, _ command: Command, _ path: [String]
    ) throws(UsageError) -> (name: String, rest: [String])? {
        let names = command.verbs.map(\.name)
        let end = words.firstIndex(of: "--") ?? words.endIndex
        let options = words[..<end].indices.filter { index in
            optionName(words[index]).map(names.contains) == true
        }
        if let index = options.first, let name = optionName(words[index]) {
            if let other = options.lazy.compactMap({ optionName(words[$0]) }).first(where: { $0 != name }) {
                throw .combined("--" + name, "--" + other)
            }
            return (name, withoutOption(at: index, in: words))
        }
        if let index = words[..<end].firstIndex(where: names.contains) {
            return (words[index], Array(words[..<index]) + words[(index + 1)...])
        }
        if words[..<end].contains(where: ["-h", "--help", "--help-hidden", "help"].contains) { return nil }
        let shown = command.verbs.filter(\.isShown).map(\.name)
        for word in words[..<end] {
            let name = optionName(word)
            if let nearest = NearestWord.meant(by: name ?? word, among: shown) {
                throw .unknownVerb(word, nearest: (name == nil ? "" : "--") + nearest, path: path)
            }
            if name == nil, !word.hasPrefix("-") { throw .unknownVerb(word, nearest: nil, path: path) }
        }
        if command.needsVerb { throw .noVerb(path: path) }
        return nil
    }

    /// The name in `--NAME` or `--NAME=VALUE`; `nil` for any other word.
    private static func optionName(_ word: String) -> String? {
        guard word.hasPrefix("--"), word.utf8.count > 2 else { return nil }
        return String(word.dropFirst(2).prefix { $0 != "=" })
    }

    /// `words` without the verb at `index`. The verb's value comes first, as its object.
    private static func withoutOption(at index: Int, in words: ArraySlice<String>) -> [String] {
        let before = words[..<index]
        let after = words[(index + 1)...]
        if let equals = words[index].firstIndex(of: "=") {
            return [String(words[index][equals...].dropFirst())] + before + after
        }
        guard let next = after.first, next == "-" || !next.hasPrefix("-") else {
            return Array(before + after)
        }
        return [next] + before + after.dropFirst()
    }
}

/// A command line that the program does not understand.
public enum UsageError: Error, Hashable, Sendable {
    /// There is no such command; `nearest` is the one that was probably meant.
    case unknownCommand(String, nearest: String?, path: [String])
    /// The command has no such verb; `nearest`, with dashes if the word has some, was probably meant.
    case unknownVerb(String, nearest: String?, path: [String])
    /// The command needs a verb.
    case noVerb(path: [String])
    /// Two verbs of one command.
    case combined(String, String)
}

extension UsageError: CustomStringConvertible {
    /// The problem and the remedy.
    public var description: String {
        func suggestion(_ nearest: String?, _ path: [String]) -> String {
            let words = path.joined(separator: " ")
            return nearest.map { "did you mean '\(words) \($0)'?" } ?? "'\(words) --help' lists what there is"
        }
        switch self {
        case .unknownCommand(let word, let nearest, let path):
            return "there is no command '\(word)'; \(suggestion(nearest, path))"
        case .unknownVerb(let word, let nearest, let path):
            return "'\(path.joined(separator: " "))' does not know '\(word)'; \(suggestion(nearest, path))"
        case .noVerb(let path): return "say what to do; '\(path.joined(separator: " ")) --help' lists it"
        case .combined(let a, let b): return "\(a) and \(b) cannot be combined"
        }
    }
}
