import Testing

@testable import ImgbasedHostCore

/// The forms in which people and scripts type a command.
@Suite struct CommandWordsTests {
    private static let grammar = CommandWords.Grammar(
        program: "imgbase",
        commands: [
            .init(name: "layout", verbs: verbs("init", "show", "bases", "free-space"), needsVerb: false),
            .init(name: "base", verbs: verbs("add", "remove", "verify", "latest"), needsVerb: true),
            .init(
                name: "boot",
                verbs: verbs("list", "get-default", "set-default", "try", "args-add") + [
                    .init("started", isShown: false)
                ], needsVerb: true),
            .init(name: "status", verbs: [], needsVerb: false),
            .init(name: "update", verbs: [], needsVerb: false),
            .init(name: "w", verbs: [], needsVerb: false),
        ], flags: ["--json", "--dry"], options: ["--vg"])

    private static func verbs(_ names: String...) -> [CommandWords.Verb] { names.map { .init($0) } }

    private static func words(_ line: String) throws -> [String] {
        try CommandWords(line.split(separator: " ").map(String.init), grammar).words
    }

    @Test(
        "The seed's options and the words lead to the same",
        arguments: [
            ("boot list", "boot list"), ("boot --list", "boot list"),
            ("--json boot --list", "boot list --json"), ("boot --json list", "boot list --json"),
            ("--vg=A --dry boot --vg B list", "boot list --vg=A --dry --vg B"),
            ("boot --list --json", "boot list --json"),
            ("boot --set-default Base-0.1", "boot set-default Base-0.1"),
            ("boot --set-default=Base-0.1", "boot set-default Base-0.1"),
            ("boot --tries 2 --try Base-0.1", "boot try Base-0.1 --tries 2"),
            ("boot a b --args-add Base-0.1 c", "boot args-add Base-0.1 a b c"),
            ("boot --args-add Base-0.1 -- --list", "boot args-add Base-0.1 -- --list"),
            ("boot --set-default", "boot set-default"),
            ("base --force --remove Base-0", "base remove Base-0 --force"),
            ("base --add --size 1G -", "base add --size 1G -"), ("base - --add", "base add -"),
            ("base --size 1G add image", "base add --size 1G image"),
            ("boot started", "boot started"), ("boot --started", "boot started"),
            ("layout", "layout"), ("layout --json", "layout --json"),
            ("layout /dev/sda --init /dev/sdb", "layout init /dev/sdb /dev/sda"),
            ("boot --help", "boot --help"), ("boot list --help", "boot list --help"),
            ("boot --list --help", "boot list --help"), ("help boot", "help boot"),
            ("--version", "--version"), ("--json", "--json"), ("status --json", "status --json"),
        ])
    func forms(typed: String, read: String) throws {
        #expect(try Self.words(typed) == read.split(separator: " ").map(String.init), "\(typed)")
    }

    @Test(
        "What has the name of a verb can be named",
        arguments: [
            ("base add add", "base add add"), ("base --add add", "base add add"),
            ("base verify --add", "base add verify"), ("base --add=add", "base add add"),
            ("base add -- --latest", "base add -- --latest"),
            ("boot set-default list", "boot set-default list"),
            ("boot --args-add list try", "boot args-add list try"),
        ])
    func names(typed: String, read: String) throws {
        #expect(try Self.words(typed) == read.split(separator: " ").map(String.init), "\(typed)")
    }

    @Test(
        "Whatever is not understood gets one hint, and the right one",
        arguments: [
            ("statsu", "there is no command 'statsu'; did you mean 'imgbase status'?"),
            ("upgrade", "there is no command 'upgrade'; did you mean 'imgbase update'?"),
            ("version", "there is no command 'version'; did you mean 'imgbase --version'?"),
            ("help statsu", "there is no command 'statsu'; did you mean 'imgbase status'?"),
            ("help boot lsit", "'imgbase boot' does not know 'lsit'; did you mean 'imgbase boot list'?"),
            (
                "help status x",
                "'imgbase status' does not know 'x'; 'imgbase status --help' lists what there is"
            ),
            ("stat", "there is no command 'stat'; did you mean 'imgbase status'?"),
            ("frobnicate", "there is no command 'frobnicate'; 'imgbase --help' lists what there is"),
            ("x", "there is no command 'x'; 'imgbase --help' lists what there is"),
            ("boot lsit", "'imgbase boot' does not know 'lsit'; did you mean 'imgbase boot list'?"),
            ("boot --json lst", "'imgbase boot' does not know 'lst'; did you mean 'imgbase boot list'?"),
            ("boot --lsit", "'imgbase boot' does not know '--lsit'; did you mean 'imgbase boot --list'?"),
            (
                "boot startd",
                "'imgbase boot' does not know 'startd'; 'imgbase boot --help' lists what there is"
            ),
            (
                "boot Base-0.1",
                "'imgbase boot' does not know 'Base-0.1'; 'imgbase boot --help' lists what there is"
            ),
            ("layout base", "'imgbase layout' does not know 'base'; did you mean 'imgbase layout bases'?"),
            ("base rm", "'imgbase base' does not know 'rm'; did you mean 'imgbase base remove'?"),
            ("boot", "say what to do; 'imgbase boot --help' lists it"),
            ("boot --json", "say what to do; 'imgbase boot --help' lists it"),
            ("boot --list --get-default", "--list and --get-default cannot be combined"),
        ])
    func refusals(typed: String, says: String) {
        #expect("\(Self.error(typed))" == says)
    }

    private static func error(_ line: String) -> String {
        do { return "\(try words(line))" } catch { return "\(error)" }
    }

    @Test func aLongOrOddWordIsNoTypingError() {
        #expect(NearestWord.nearest(to: String(repeating: "list", count: 100_000), among: ["list"]) == nil)
        #expect(NearestWord.nearest(to: "", among: ["list"]) == nil)
        #expect(NearestWord.nearest(to: "LIST", among: ["list"]) == "list")
        #expect(NearestWord.nearest(to: "rem", among: ["remove", "remote"]) == nil)
    }
}
