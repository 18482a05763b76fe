import FoundationEssentials
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// The context of a command, from the global options.
struct Context {
    let session: Session
    let isJSON: Bool
    let isDry: Bool
    private let shown: ShownPlans

    /// The context for `global`. If it `tellsSteps`, each step is printed as it begins.
    init(_ global: GlobalOptions, tellsSteps: Bool = false) {
        let isDebug = global.debug
        let isJSON = global.json
        let runner = CommandRunner { if isDebug { Terminal.error("+ \($0)") } }
        let shown = ShownPlans()
        let mode: Session.Mode =
            global.dry
            ? .show { isJSON ? shown.add($0) : Context.show($0) }
            : .execute { if isDebug || tellsSteps { Terminal.error("imgbase: \($0)") } }
        self.shown = shown
        self.session = Session(
            mode: mode, runner: runner, group: global.vg, pool: global.thinpool,
            waiting: { Terminal.error("imgbase: waiting for another imgbase that is changing this host") },
            notice: { Terminal.error("imgbase: \($0)") })
        self.isJSON = isJSON
        self.isDry = global.dry
    }

    /// Prints a plan instead of carrying it out.
    private static func show(_ plan: Plan) {
        for line in plan.lines() {
            // Shown lines of files have tabs, and can come from an image.
            print(
                line.split(separator: "\t", omittingEmptySubsequences: false)
                    .map { String($0).withEscapedControls }.joined(separator: "\t"))
        }
    }

    /// Prints what a command shows at its end: as JSON, all its plans in one array.
    func finish() {
        if isDry, isJSON, !shown.hasResult { Context.printJSON(shown.plans) }
    }

    /// Prints a result as JSON or as lines. A plan that was only shown has no result.
    func result(_ value: some Encodable, lines: [String]) {
        shown.hasResult = true
        if isJSON {
            Context.printJSON(value)
        } else {
            for line in lines { print(line.withEscapedControls) }
        }
    }

    /// Prints the result of a change, unless the change was only shown.
    ///
    /// `lines` are for users, and empty if they need no answer.
    func done(_ value: some Encodable, lines: [String] = []) {
        if !isDry { result(value, lines: lines) }
    }

    /// Prints the name of something made.
    func made(_ name: String) {
        done(["name": name], lines: [name])
    }

    /// Prints what was removed.
    func removed(_ reports: [RemovalReport]) {
        for report in reports {
            done(RemovalResult(removed: report.names, freed: report.freed?.count), lines: [report.line])
        }
    }

    /// Tells a user at a terminal the state after a change, and the next step.
    ///
    /// It goes to standard error, and only to a terminal, as progress does: programs read what they read
    /// before.
    func close(_ line: ClosingLine) async {
        guard !isDry, !isJSON, Terminal.isTerminal else { return }
        let status = line.tellsNextBoot ? await session.nextBoot() : nil
        if let text = line.text(status) { Terminal.error("imgbase: \(text)") }
    }

    private static func printJSON(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return }
        print(String(decoding: data, as: UTF8.self))
    }

    /// The volumes, for a command that changes nothing.
    func volumes(_ goal: String) async throws(CommandFailure) -> (
        state: HostState, names: HostNames, layout: Layout
    ) {
        try await looking(goal) { probe throws(HostFailure) in try await probe.volumes() }
    }

    /// The same, with the state of the boot loader.
    func boot(_ goal: String) async throws(CommandFailure) -> (
        state: HostState, names: HostNames, layout: Layout
    ) {
        try await looking(goal) { probe throws(HostFailure) in try await probe.boot() }
    }

    /// Runs `look`, which looks at the host, and names `goal` in its failure.
    func looking<Value>(_ goal: String, _ look: () throws(HostFailure) -> Value) throws(CommandFailure)
        -> Value
    {
        do throws(HostFailure) { return try look() } catch { throw CommandFailure(goal, error) }
    }

    private func looking(
        _ goal: String, _ look: (HostProbe) async throws(HostFailure) -> HostState
    ) async throws(CommandFailure) -> (state: HostState, names: HostNames, layout: Layout) {
        do throws(HostFailure) {
            try Session.checkRoot()
            let state = try await look(session.probe)
            let names = session.names(in: state)
            guard state.groups.contains(where: { $0.name == names.group }) else {
                throw .contents(.noGroup(names.group))
            }
            return (state, names, Layout(state.volumes, group: names.group))
        } catch {
            throw CommandFailure(goal, error)
        }
    }

    /// The answer of a command that changes nothing, or the failure with `reason`.
    func answer<Value>(_ goal: String, _ value: Value?, or reason: HostReason) throws(CommandFailure) -> Value
    {
        guard let value else { throw CommandFailure(goal, .contents(reason)) }
        return value
    }
}

/// What was removed, as JSON.
private struct RemovalResult: Encodable {
    var removed: [String]
    var freed: UInt64?
}
