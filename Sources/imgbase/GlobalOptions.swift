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

    /// These options without a value, and those with one.
    static let flags: Set<String> = ["--debug", "--dry", "--json"]
    static let options: Set<String> = ["--vg", "--thinpool"]
}
