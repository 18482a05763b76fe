import ArgumentParser

/// The options of every command, before its name or after it.
struct GlobalOptions: ParsableArguments {
    @Flag(help: "Show each external command as it is run.")
    var debug = false

    @Flag(help: "Show the commands and file changes, and change nothing.")
    var dry = false

    @Flag(help: "Print the result, or with --dry the plan, as JSON.")
    var json = false

    @Option(
        help: ArgumentHelp(
            "The volume group. (default: the one tagged imgbased:vg, or HostVG)", valueName: "name"))
    var vg: String?

    @Option(
        help: ArgumentHelp(
            "The thin pool. (default: the one tagged imgbased:pool, or ImagePool)", valueName: "name"))
    var thinpool: String?

    private static let flags: Set<String> = ["--debug", "--dry", "--json"]
    private static let options: Set<String> = ["--vg", "--thinpool"]

    /// The arguments, with these options moved behind the name of the command for the parser.
    static func hoisted(_ arguments: [String]) -> [String] {
        // Our options before the name of the command.
        var global: [String] = []
        var rest = arguments[...]
        while let first = rest.first {
            if flags.contains(first) || options.contains(where: { first.hasPrefix($0 + "=") }) {
                global.append(first)
                rest = rest.dropFirst()
            } else if options.contains(first), rest.count > 1 {
                global += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else {
                break
            }
        }
        guard let command = rest.first, !command.hasPrefix("-") else { return Array(rest) + global }
        return [command] + global + rest.dropFirst()
    }
}
