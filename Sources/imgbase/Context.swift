import FoundationEssentials
import ImgbasedCore
import ImgbasedHost
import ImgbasedHostCore

/// What a command works with, as the global options have it.
struct Context {
    let session: Session
    let isJSON: Bool
    let isDry: Bool
    private let shown: ShownPlans

    init(_ global: GlobalOptions) {
        let isDebug = global.debug
        let isJSON = global.json
        let runner = CommandRunner { if isDebug { Terminal.error("+ \($0)") } }
        let shown = ShownPlans()
        let mode: Session.Mode =
            global.dry
            ? .show { isJSON ? shown.add($0) : Context.show($0) }
            : .execute { if isDebug { Terminal.error("imgbase: \($0)") } }
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
            // What is shown of files has tabs, and can come from an image.
            print(
                line.split(separator: "\t", omittingEmptySubsequences: false)
                    .map { String($0).withEscapedControls }.joined(separator: "\t"))
        }
    }

    /// Prints what only the end of a command shows: as JSON, all its plans as one array.
    func finish() {
        if isDry, isJSON, !shown.hasResult { Context.printJSON(shown.plans) }
    }

    /// Prints a result as JSON, or else as lines. A plan that was only shown has no result.
    func result(_ value: some Encodable, lines: [String]) {
        shown.hasResult = true
        if isJSON {
            Context.printJSON(value)
        } else {
            for line in lines { print(line.withEscapedControls) }
        }
    }

    /// What a command made or set, unless it was only shown how: `lines` for people, none where they need no answer.
    func done(_ value: some Encodable, lines: [String] = []) {
        if !isDry { result(value, lines: lines) }
    }

    /// The name of something made.
    func made(_ name: String) {
        done(["name": name], lines: [name])
    }

    /// What was removed.
    func removed(_ reports: [RemovalReport]) {
        for report in reports {
            done(RemovalResult(removed: report.names, freed: report.freed?.count), lines: [report.line])
        }
    }

    private static func printJSON(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(value) else { return }
        print(String(decoding: data, as: UTF8.self))
    }

    /// Looks at the volumes, for a command that only looks.
    func volumes(_ goal: String) async throws(CommandFailure) -> (
        state: HostState, names: HostNames, layout: Layout
    ) {
        try await looking(goal) { probe throws(HostFailure) in try await probe.volumes() }
    }

    /// The same, and at what the boot loader has.
    func boot(_ goal: String) async throws(CommandFailure) -> (
        state: HostState, names: HostNames, layout: Layout
    ) {
        try await looking(goal) { probe throws(HostFailure) in try await probe.boot() }
    }

    /// Names `goal` in what goes wrong while the host is looked at.
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

    /// The answer of a command that only looks, or why there is none.
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
