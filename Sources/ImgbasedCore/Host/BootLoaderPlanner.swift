/// `imgbase boot --install` and `--uninstall`: our piece in the configuration of GRUB. Nothing else in it changes.
public enum BootLoaderPlanner {
    /// The plan that puts our piece there, and derives the menu from the entries there are.
    public static func install(_ state: HostState) throws(HostRefusal) -> Plan {
        try plan("put the layers into GRUB's menu", state) { config, directory, plan throws(HostReason) in
            guard let script = state.boot.grubScript else { throw .noGRUBScript }
            plan.prepare += BootPlanner.menu(state.boot, with: [], in: directory)
            config.put(script.lines)
            if !state.boot.isGRUBScriptLinked {
                plan.cleanup.append(.link(path: GRUBConfig.script, target: script.path))
            }
        }
    }

    /// The plan that takes it away again. Entries, kernels and what is recorded stay: layers are not lost with it.
    public static func uninstall(_ state: HostState) throws(HostRefusal) -> Plan {
        try plan("take the layers out of GRUB's menu", state) { config, _, plan in
            if state.boot.isGRUBScriptLinked { plan.prepare.append(.removeFile(GRUBConfig.script)) }
            config.takeAway()
        }
    }

    private static func plan(
        _ goal: String, _ state: HostState,
        _ change: (inout GRUBConfig, String, inout Plan) throws(HostReason) -> Void
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            if state.boot.isMissing { throw .bootNotMounted }
            guard let directory = state.boot.grubDirectory else { throw .noBootLoader }
            guard let text = state.boot.grubConfig else { throw .noGRUBConfig(directory) }
            var config = GRUBConfig(text)
            try change(&config, directory, &plan)
            if config.text != text {
                plan.commit = [
                    .replaceFile(
                        path: directory + "/grub.cfg", contents: Array(config.text.utf8), isOnBoot: true)
                ]
            }
            plan.checkScripts()
        } catch {
            throw HostRefusal(goal, error)
        }
        return plan
    }
}

/// What GRUB is to run, as this imgbase was delivered with it.
public struct GRUBSnippet: Hashable, Sendable {
    /// Where it is: a program for grub-mkconfig that prints it.
    public var path: String
    /// What it prints.
    public var lines: String

    /// The program at `path` with the text `program`: three lines for the shell, and the rest for GRUB.
    public init(path: String, program: String) {
        self.path = path
        let lines = program.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
        self.lines = lines.count > 3 ? String(lines[3]) : ""
    }
}
