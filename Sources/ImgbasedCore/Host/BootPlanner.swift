/// What is done to the boot menu: entries, GRUB's menu of them, the default.
public enum BootPlanner {
    /// The step that writes an entry.
    static func write(_ entry: BootEntry, _ boot: BootState) -> Step {
        .replaceFile(
            path: "\(boot.directory)/loader/entries/\(BootEntry.fileName(for: entry.layer))",
            contents: Array(entry.text.utf8), isOnBoot: true)
    }

    /// The steps that follow from a new entry: the menu derived from all of them, and a default where none is
    /// recorded.
    static func follow(_ boot: BootState, adding entry: BootEntry) throws(HostReason) -> [Step] {
        guard let directory = boot.grubDirectory else { throw .noBootLoader }
        var texts = boot.entries
        texts[entry.layer] = entry.text
        // An entry that somebody damaged is left out of the menu, not in the way of this one.
        let entries = texts.compactMap { BootEntry(layer: $0.key, text: $0.value) }
        let menu = GRUBMenu.text(entries, prefix: boot.prefix)
        var steps: [Step] = []
        if menu != boot.menu {
            steps.append(
                .replaceFile(path: directory + "/imgbased.cfg", contents: Array(menu.utf8), isOnBoot: true))
        }
        if GRUBEnvironment(boot.environment ?? [])[GRUBEnvironment.defaultKey] == nil {
            steps.append(try setDefault(entry.layer, boot, in: directory))
        }
        return steps
    }

    private static func setDefault(_ layer: String, _ boot: BootState, in directory: String)
        throws(HostReason) -> Step
    {
        var environment = GRUBEnvironment(boot.environment ?? [])
        environment[GRUBEnvironment.defaultKey] = layer
        guard let block = environment.block else { throw .environmentFull }
        return .setDefault(layer, path: directory + "/imgbased.env", environment: block)
    }

    /// `imgbase boot --set-default`.
    public static func planDefault(_ layer: String, _ state: HostState, names: HostNames) throws(HostRefusal)
        -> Plan
    {
        var plan = Plan(goal: "set the default to '\(layer)'")
        do throws(HostReason) {
            if state.boot.isMissing { throw .bootNotMounted }
            guard let directory = state.boot.grubDirectory else { throw .noBootLoader }
            guard Layout(state.volumes, group: names.group)[layer]?.isLayer == true else {
                throw .notALayer(layer)
            }
            guard state.boot.entries[layer] != nil else { throw .noEntry(layer) }
            if defaultLayer(state.boot) != layer {
                plan.commit = [try setDefault(layer, state.boot, in: directory)]
            }
        } catch {
            throw HostRefusal(plan.goal, error)
        }
        return plan
    }

    /// The layer recorded as the default.
    public static func defaultLayer(_ boot: BootState) -> String? {
        GRUBEnvironment(boot.environment ?? [])[GRUBEnvironment.defaultKey]
    }

    /// The entries as the menu shows them, newest first.
    public static func entries(_ boot: BootState) -> [BootEntry] {
        boot.entries.compactMap { BootEntry(layer: $0.key, text: $0.value) }
            .sorted(by: BootEntry.isNewer(_:than:))
    }
}
