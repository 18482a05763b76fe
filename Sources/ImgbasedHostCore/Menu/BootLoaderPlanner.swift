import ImgbasedCore

/// `imgbase boot install` and `uninstall`: our part of the boot loader's configuration. The rest stays
/// unchanged.
public enum BootLoaderPlanner {
    /// The goal of `install` for messages: `cannot …`.
    public static let installGoal = "put the layers into the boot menu"
    /// The goal of `uninstall`.
    public static let uninstallGoal = "take the layers out of the boot menu"

    /// The plan that adds our part, and derives the boot loader's files from the existing entries.
    public static func install(_ state: HostState) throws(HostRefusal) -> Plan {
        try plan(installGoal, state.boot) { boot, plan throws(HostReason) in
            try boot.check()
            if let problem = boot.recordProblem { throw problem }
            switch boot.loader {
            case nil: throw .noBootLoader
            case .grub(let directory):
                plan.prepare = try BootPlanner.steps(boot, boot.record)
                guard let script = boot.grubScript else { throw .noGRUBScript }
                var config = try config(boot, directory)
                config.put(script)
                if !boot.isGRUBScriptLinked {
                    plan.cleanup.append(.link(path: GRUBConfig.script, target: GRUBConfig.keeper))
                }
                plan.commit = write(config.text, over: boot.grubConfig, to: directory + "/grub.cfg")
            case .systemdBoot:
                if let name = boot.loaderDefault { throw .defaultInVariable(name) }
                var record = boot.record
                if record.defaultLayer == nil, state.canGoBackBesides { record.leavesDefault = true }
                let mode: LoaderConfig.Mode = record.leavesDefault ? .besides : .layers
                // Another entry may have become the default since.
                _ = try SystemdBoot.config(boot, mode)
                try fill(&plan, boot, record, mode)
            }
        }
    }

    /// The plan that removes our part. Entries, kernels and the record stay, so no layer is lost.
    public static func uninstall(_ state: HostState) throws(HostRefusal) -> Plan {
        try plan(uninstallGoal, state.boot) { boot, plan throws(HostReason) in
            switch boot.loader {
            case nil: throw .noBootLoader
            case .grub(let directory):
                var config = try config(boot, directory)
                config.takeAway()
                plan.commit = write(config.text, over: boot.grubConfig, to: directory + "/grub.cfg")
            case .systemdBoot:
                try fill(&plan, boot, boot.record, .absent)
            }
        }
    }

    private static func plan(
        _ goal: String, _ boot: BootState,
        _ fill: (BootState, inout Plan) throws(HostReason) -> Void
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            if boot.isMissing { throw .bootNotMounted }
            try fill(boot, &plan)
            plan.cleanup += boot.removalOfLeftovers
            plan.checkScripts()
        } catch {
            throw HostRefusal(goal, error)
        }
        return plan
    }

    private static func config(_ boot: BootState, _ directory: String) throws(HostReason) -> GRUBConfig {
        guard let text = boot.grubConfig else { throw .noGRUBConfig(directory) }
        return GRUBConfig(text)
    }

    /// Changes `loader.conf` and the entries to those of `mode`. The plan's commit is `loader.conf`.
    private static func fill(
        _ plan: inout Plan, _ boot: BootState, _ record: BootRecord, _ mode: LoaderConfig.Mode
    ) throws(HostReason) {
        // First the record: it gets the tries that are now in the names of files.
        let steps =
            try BootPlanner.write(record, boot, to: SystemdBoot.recordPath(boot))
            + SystemdBoot.steps(BootPlanner.entries(boot), record, boot, mode)
        let commit = steps.firstIndex { step in
            if case .replaceFile(SystemdBoot.configPath(boot), _, _) = step { true } else { false }
        }
        plan.prepare = Array(steps[..<(commit ?? steps.endIndex)])
        plan.commit = commit.map { [steps[$0]] } ?? []
        plan.cleanup = commit.map { Array(steps[($0 + 1)...]) } ?? []
    }

    private static func write(_ text: String, over old: String?, to path: String) -> [Step] {
        if text == old { return [] }
        return [.replaceFile(path: path, contents: Array(text.utf8), isOnBoot: true)]
    }
}
