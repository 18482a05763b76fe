import ImgbasedCore

/// Everything that can be wrong with a host, as `imgbase check` tells it.
public struct HostCheck: Hashable, Sendable {
    /// The observations of the check alone, besides `HostState`.
    public struct Facts: Hashable, Sendable {
        /// The number of disks that a volume group lacks, by group.
        public var missingDisks: [String: Int] = [:]
        /// lvm2's words for what is wrong with a volume, by volume (lvs(8), `lv_health_status`).
        public var health: [VolumePath: String] = [:]
        /// The pools that dmeventd(8) watches.
        public var monitored: Set<VolumePath> = []
        /// From how many percent lvm2 lets a pool grow; 100 means never, `nil` that lvm2 does not say.
        public var growthThreshold: Int?
        /// Our units; `nil` if systemd does not answer.
        public var units: [UnitState]?
        /// The paths of conflicts that wait to be settled.
        public var unsettled: [String] = []
        /// Why the settings cannot be used; `nil` if they can.
        public var settingsProblem: String?

        /// The facts of a host without problems.
        public init() {}
    }

    /// The state of a unit.
    public struct UnitState: Hashable, Sendable {
        /// The name of the unit.
        public var name: String
        /// systemd's `LoadState`: `loaded`, `not-found`, `masked`…
        public var load: String
        /// systemd's `ActiveState`: `active`, `failed`…
        public var activity: String

        /// A unit with these states.
        public init(name: String, load: String, activity: String) {
            self.name = name
            self.load = load
            self.activity = activity
        }
    }

    /// The percentage of a pool from which its use is a warning.
    static let warningPercent = 80.0

    /// The units that `make install` installs.
    public static let units = [
        "imgbase-started.service", "imgbase-health.service", "imgbase-good.service", "imgbase-bad.service",
        "imgbase-complete.service", "imgbase-late.timer", "imgbase-late.service",
        "imgbase-emergency.service", "imgbase-failure.service",
    ]

    /// The findings, the most important first.
    public private(set) var findings: [Finding] = []

    /// The check of a host without a volume group that could be looked into, for `reason`.
    ///
    /// A host that never had a layer in `/boot` lacks nothing that it needs.
    public init(withoutGroup reason: HostReason, everHadLayers: Bool) {
        findings = [Finding(.group, everHadLayers ? .critical : .warning, "\(reason)")]
    }

    /// The check of the host in `state`.
    public init(
        _ state: HostState, names: HostNames, menu: BootAudit.Findings, _ facts: Facts
    ) {
        guard let group = state.groups.first(where: { $0.name == names.group }) else {
            findings =
                HostCheck(
                    withoutGroup: .noGroup(names.group), everHadLayers: !state.boot.entries.isEmpty
                ).findings
            return
        }
        checkGroup(group, facts)
        checkPool(state, names, facts, group)
        findings += BootAudit(state, names: names, menu).findings
        checkBoot(state, names)
        checkDebris(state, names)
        checkMounts(state, names)
        checkUpdate(state, facts)
        checkUnits(facts)
        let order = findings.indices.sorted {
            (findings[$1].weight, $0) < (findings[$0].weight, $1)
        }
        findings = order.map { findings[$0] }
    }

    /// The most important weight; `nil` if nothing is wrong. Notes do not count.
    public var worst: Finding.Weight? {
        findings.map(\.weight).filter { $0 != .note }.max()
    }

    /// The lines for the user.
    public var lines: [String] {
        let lines = findings.map(\.line)
        if worst != nil { return lines }
        return ["ok: " + Finding.Area.allCases.map(\.rawValue).joined(separator: ", ")] + lines
    }

    /// The exit status of a monitoring plugin: 0 OK, 1 warning, 2 critical.
    public var status: Int32 {
        switch worst {
        case nil, .note: 0
        case .warning: 1
        case .critical: 2
        }
    }

    private mutating func add(
        _ area: Finding.Area, _ weight: Finding.Weight, _ problem: String, _ remedy: String? = nil
    ) {
        findings.append(Finding(area, weight, problem, remedy: remedy))
    }

    private mutating func checkGroup(_ group: HostState.Group, _ facts: Facts) {
        if let count = facts.missingDisks[group.name], count > 0 {
            let disks = count == 1 ? "a disk" : "\(count) disks"
            add(
                .group, .critical, "volume group '\(group.name)' lacks \(disks)",
                "connect it again; 'pvs' lists the disks that are there")
        }
        if !group.tags.contains(Tag.volumeGroup) {
            add(
                .group, .warning, "volume group '\(group.name)' is not tagged imgbased:vg",
                "tag it with 'imgbase layout init'")
        }
    }

    private mutating func checkPool(
        _ state: HostState, _ names: HostNames, _ facts: Facts, _ group: HostState.Group
    ) {
        for (path, health) in facts.health.sorted(by: { NaturalOrder.precedes($0.key.name, $1.key.name) })
        where path.group == names.group {
            let isPool = path == names.poolPath
            add(
                .pool, isPool || path == state.booted ? .critical : .warning,
                "lvm2 says of '\(path)': \(health)", HostCheck.remedy(of: health, path))
        }
        let pool: Volume
        do throws(HostReason) { pool = try state.pool(names) } catch {
            add(.pool, .critical, "\(error)")
            return
        }
        guard let usage = pool.usage else {
            add(.pool, .critical, "\(HostReason.poolInactive(pool.path))")
            return
        }
        for (used, what) in [(usage.data, ""), (usage.metadata, " of metadata")]
        where used >= HostCheck.warningPercent {
            add(
                .pool, used >= BasePlanner.fullPercent ? .critical : .warning,
                "\(HostReason.poolFull(pool.path, percent: Int(used), of: what))")
        }
        guard let threshold = facts.growthThreshold else { return }
        if threshold >= 100 {
            add(
                .autoextend, .note, "pool '\(pool.path)' does not grow by itself",
                "to let it, set thin_pool_autoextend_threshold in /etc/lvm/lvm.conf, to 80 for example")
            return
        }
        if !facts.monitored.contains(pool.path) {
            add(
                .autoextend, .warning,
                "pool '\(pool.path)' is to grow by itself at \(threshold)%, but dmeventd does not watch it",
                "let it with 'lvchange --monitor y \(pool.path)'")
        }
        if group.free < group.extentSize {
            add(
                .autoextend, .warning,
                "pool '\(pool.path)' is to grow by itself at \(threshold)%, but volume group '\(group.name)' has "
                    + "nothing free", "add a disk with vgextend")
        }
    }

    /// The remedy if lvm2 reports `health` for a volume.
    private static func remedy(of health: String, _ path: VolumePath) -> String {
        switch health {
        case "partial": "connect the missing disk again"
        case "failed", "metadata_read_only":
            "if it is a pool, repair it with 'lvconvert --repair \(path)' while nothing uses it"
        case "out_of_data": "extend it with 'lvextend', or remove a layer or base"
        default: "lvs(8) explains it at lv_health_status"
        }
    }

    private mutating func checkBoot(_ state: HostState, _ names: HostNames) {
        for warning in HostStatus(state, names: names).warnings {
            add(.boot, .warning, warning, "'journalctl -b -t imgbase' has the story")
        }
        let boot = state.boot
        if !boot.isMissing, boot.free < boot.largestPair {
            add(
                .kernels, .warning,
                "'/boot' has \(boot.free.formatted) free, too little for another kernel and initramfs of "
                    + "\(boot.largestPair.formatted)", "remove a layer")
        }
    }

    /// Debris that the audit of the menu does not find.
    private mutating func checkDebris(_ state: HostState, _ names: HostNames) {
        // A `/boot` that cannot be read is found elsewhere.
        guard let debris = try? Debris(state, names: names) else { return }
        for item in debris.items {
            switch item {
            case .renamed, .unlisted, .orphan, .menu: break
            case .incomplete, .removal, .removalOfBooted, .taken:
                add(.debris, .warning, "\(item)", "finish or remove it with 'imgbase recover'")
            case .recorded: add(.record, .warning, "\(item)", "forget it with 'imgbase recover'")
            case .bootFiles, .leftover:
                add(.debris, .note, "\(item)", "'imgbase recover' removes it")
            }
        }
    }

    private mutating func checkMounts(_ state: HostState, _ names: HostNames) {
        if state.boot.isMissing {
            add(.mounts, .critical, "\(HostReason.bootNotMounted)")
        } else if !state.boot.prefix.isEmpty {
            add(.mounts, .critical, "\(HostReason.bootOnRoot)")
        }
        let config = VolumePath(group: names.group, name: HostNames.config)
        guard state.volume(config)?.isBuilding == false else {
            add(
                .mounts, .warning, "there is no complete volume '\(config)' for '/config'",
                "make it with 'imgbase layout init'")
            return
        }
        if !state.config.isMounted {
            add(
                .mounts, .warning, "'/config' is not mounted, so its lists are not carried",
                FSTab(state.config.fstab).entry(at: "/config") == nil
                    ? "add it to /etc/fstab with 'imgbase layout init'"
                    : "mount it with 'imgbase layout init', which repairs its file system if need be")
        }
    }

    private mutating func checkUpdate(_ state: HostState, _ facts: Facts) {
        for path in facts.unsettled {
            add(
                .conflicts, .warning,
                "the new base's version of '\(path)' waits: this host has changed the file too",
                "see 'imgbase conflicts diff \(path)', and settle it with 'imgbase conflicts take' or 'done'")
        }
        if let problem = facts.settingsProblem { add(.settings, .warning, problem) }
    }

    private mutating func checkUnits(_ facts: Facts) {
        guard let units = facts.units else {
            add(.units, .warning, "systemd does not answer, so the outcome of a boot is not recorded")
            return
        }
        for unit in units {
            switch unit.load {
            case "loaded": break
            case "masked":
                add(
                    .units, .warning, "unit '\(unit.name)' is masked",
                    "let it run with 'systemctl unmask \(unit.name)'")
            case "not-found":
                add(.units, .warning, "unit '\(unit.name)' is missing", "install imgbased again")
            default:
                add(
                    .units, .warning, "unit '\(unit.name)' is not usable: \(unit.load)",
                    "'systemctl status \(unit.name)' says why")
            }
            if unit.activity == "failed" {
                add(
                    .units, .warning, "unit '\(unit.name)' has failed",
                    "'journalctl -b -u \(unit.name)' says why")
            }
        }
    }
}
