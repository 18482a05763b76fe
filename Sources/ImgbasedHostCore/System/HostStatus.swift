public import ImgbasedCore

/// How this system was booted, and what the next boot will do, as shown by `imgbase status`.
public struct HostStatus: Hashable, Sendable {
    /// The initramfs's report, as far as the host uses it.
    public struct EarlyBoot: Hashable, Sendable {
        /// The mounted layer.
        public var layer: String
        /// The way it was mounted.
        public var mode: BootMode
        /// Why the mount keeps no writes although the request was to keep them; `nil` if as requested.
        public var degraded: String?
        /// The layers that were wanted first but skipped.
        public var fallbacks: [SkippedLayer]

        /// A report with these values.
        public init(layer: String, mode: BootMode, degraded: String?, fallbacks: [SkippedLayer]) {
            self.layer = layer
            self.mode = mode
            self.degraded = degraded
            self.fallbacks = fallbacks
        }
    }

    /// The booted layer; `nil` if the system runs from none.
    public var booted: String?
    /// Why the boot loader booted it; `nil` if not told.
    public var reason: BootReason?
    /// The initramfs's report; `nil` if there is none.
    public var early: EarlyBoot?
    /// The health of the booted layer.
    public var health: LayerHealth
    /// Why the booted layer is bad; `nil` if unknown or not bad.
    public var problem: String?
    /// The layer that boots unattended in the long run; `nil` if none.
    public var defaultLayer: String?
    /// Whether any layer has an entry.
    var hasEntries: Bool
    /// Whether the default is an entry besides layers, since no layer has come up healthy yet.
    public var leavesDefault: Bool
    /// The current or last trial; `nil` if none.
    public var trial: BootRecord.Trial?
    /// Why the layer on trial is bad; `nil` if it was not marked bad.
    public var trialProblem: String?
    /// The lost tries of the last successful trial; `nil` if none.
    public var lost: BootRecord.Lost?
    /// The layer of the next unattended boot; `nil` if the boot loader does not choose among layers.
    public var next: BootChoice?
    /// Why the boot loader does not choose among layers.
    private(set) var menuProblem: HostReason?
    /// The health of the layer that boots next.
    public var nextHealth: LayerHealth
    /// The pool and its usage; `nil` if it is not active.
    public var pool: (path: VolumePath, size: Bytes, usage: PoolUsage)? {
        poolVolume.flatMap(HostStatus.space)
    }
    /// The free space in `/boot`.
    public var bootFree: Bytes
    /// What the report on the carry into the booted layer counts; `nil` if it cannot be read.
    public var carried: CarryCounts?
    /// The layers with changes that updates left in them, and that nobody has acknowledged.
    public var leftIn: [String]
    /// What became of the packages added in the layer that was carried into the booted one.
    public var packages: PackageRecord
    /// The layer whose trial waits until it is complete; `nil` if none.
    public var staged: String?
    /// Why the last shutdown did not complete the waiting layer; `nil` if it did not fail.
    public var carryFailure: String?
    /// The layer that boots next, with the changes made until then.
    private var waiting: String?
    /// The layer whose last changes were not carried into the booted one; `nil` if none.
    public var leftBehind: String?

    /// The data volumes.
    public var volumes: [DataVolumeStatus]

    private var poolVolume: Volume?

    /// The status of the host in `state`.
    public init(_ state: HostState, names: HostNames) {
        let record = state.boot.record
        let entries = BootPlanner.entries(state.boot)
        func entry(_ layer: String?) -> BootEntry? { entries.first { $0.layer == layer } }
        booted = state.booted?.name
        reason = state.boot.reason
        early = state.earlyBoot
        health = entry(booted)?.health ?? .unknown
        problem = entry(booted)?.problem
        defaultLayer = BootChoice.defaultLayer(record, entries)
        hasEntries = !entries.isEmpty
        leavesDefault = record.leavesDefault
        trial = record.trial
        trialProblem = trial.flatMap { entry($0.layer) }.flatMap { entry in
            entry.health == .bad ? entry.problem ?? "it did not come up" : nil
        }
        lost = record.lost.flatMap { entry($0.layer) == nil ? nil : $0 }
        menuProblem = state.boot.offersLayers ? nil : state.boot.problem
        next = menuProblem == nil ? BootChoice.order(record, entries).first : nil
        nextHealth = entry(next?.layer)?.health ?? .unknown
        poolVolume = state.volume(names.poolPath)
        bootFree = state.boot.free
        volumes = DataVolumeStatus.all(state, group: names.group)
        carried = state.carried
        leftIn = Layout(state.volumes, group: names.group).layers.filter(\.isLeftWithChanges).map(\.name)
        packages = state.packages
        staged = record.staged
        carryFailure = state.carryFailure
        waiting = StagedLayer(state, names: names)?.path.name
        leftBehind =
            state.booted.flatMap(state.volume).flatMap { $0.isSettled ? nil : $0.carriedFrom }
            ?? state.leftBehind
    }

    private static func space(_ pool: Volume) -> (path: VolumePath, size: Bytes, usage: PoolUsage)? {
        pool.usage.map { (pool.path, pool.size, $0) }
    }
}

extension HostStatus {
    /// What the administrator should know although the system works, most urgent first.
    public var warnings: [String] {
        var warnings: [String] = []
        if let early { warnings += HostStatus.warnings(early) }
        if let booted, health == .bad {
            let cause = problem.map { ": \($0)" } ?? ""
            let outlook = next?.layer == booted ? "; nothing better is known" : ""
            warnings.append("layer '\(booted)' is bad\(cause)\(outlook)")
        }
        if let leftBehind {
            warnings.append(
                "changes made in layer '\(leftBehind)' after the update were not carried: the booted layer was not the next to "
                    + "boot, or '\(leftBehind)' did not shut down in order, or its journal says why; remove "
                    + "'\(StagedLayer.leftBehindPath)' when the changes are settled")
        }
        if let staged {
            let cause = carryFailure.map { ": \($0)" } ?? ""
            warnings.append("layer '\(staged)' is not complete, and is not booted until it is\(cause)")
        } else if let carryFailure, let waiting {
            warnings.append("layer '\(waiting)' was not completed: \(carryFailure)")
        }
        if let trial, let story = story(of: trial) { warnings.append(story) }
        warnings += volumes.compactMap(\.warning)
        if let lost {
            warnings.append(
                "layer '\(lost.layer)' came up at last: \(HostStatus.lost(lost.count, of: lost.tries))")
        }
        if let problem = packages.problem {
            warnings.append("packages added in the layer before were not installed again: \(problem)")
        }
        if carried == nil {
            warnings.append(
                "'\(CarryReport.path)' cannot be read: look there for conflicts of the last update")
        }
        return warnings
    }

    /// The warnings that the initramfs's report gives.
    static func warnings(_ early: EarlyBoot) -> [String] {
        early.fallbacks.map { "layer '\($0.layer)' was not booted: \($0.reason)" }
            + (early.degraded.map { ["nothing that is written will be kept: \($0)"] } ?? [])
    }

    /// The report on the tries of a trial; `nil` if there is nothing to report.
    private func story(of trial: BootRecord.Trial) -> String? {
        let isRunning = trial.layer == booted && reason == .trial
        let fates = trial.fates(isRunning: isRunning, isBad: trialProblem != nil)
        if let trialProblem {
            // The health of the booted layer is reported already.
            let lost = fates.lost > 0 ? HostStatus.lost(fates.lost, of: trial.tries) : nil
            if trial.layer == booted { return lost.map { "layer '\(trial.layer)' was on trial: \($0)" } }
            return "layer '\(trial.layer)' was tried and is bad: "
                + [trialProblem, lost].compactMap { $0 }.joined(separator: "; ")
        }
        let parts = [
            fates.lost > 0 ? "\(fates.lost) ended in the boot loader, the kernel or the initramfs" : nil,
            fates.unhealthy > 0 ? "\(fates.unhealthy) came up and did not become healthy" : nil,
        ].compactMap { $0 }
        if parts.isEmpty { return nil }
        let used = "\(fates.lost + fates.unhealthy) of \(trial.tries) tries"
        return "layer '\(trial.layer)' did not come up in \(used): " + parts.joined(separator: ", ")
    }

    /// The number of tries of the trial that ended in the boot loader, the kernel or the initramfs.
    public var triesLost: Int {
        trial.map {
            $0.fates(isRunning: $0.layer == booted && reason == .trial, isBad: trialProblem != nil).lost
        } ?? 0
    }

    private static func lost(_ count: Int, of tries: Int) -> String {
        "\(count) of \(tries) tries ended in the boot loader, the kernel or the initramfs"
    }

    /// Why the booted layer was booted, in words.
    private var why: String {
        if let early, !early.fallbacks.isEmpty { return "in place of another" }
        switch reason {
        case nil: return "not told by the boot loader"
        case .menu: return "picked in the menu"
        case .default: return "the default"
        case .once: return "asked for once"
        case .trial: return trial?.layer == booted ? "on trial" : "was on trial"
        case .good: return "the last good one"
        case .best: return "the newest that is not bad"
        case .fallback: return "in place of one that could not be loaded"
        case .rescue: return "for rescue"
        }
    }

    /// The journal entries when the system has come up.
    var messages: [JournalMessage] {
        guard let booted else { return [] }
        let isFallback = early?.fallbacks.isEmpty == false || [.good, .best, .fallback].contains(reason)
        return [
            JournalMessage(
                isFallback ? .fallback : .booted, layer: booted, "layer '\(booted)' is booted: \(why)")
        ]
            + warnings.map { JournalMessage(.warning, layer: booted, $0) }
    }

    /// The text for the system that boots if no layer does.
    static let besides = "what the boot loader has besides layers"

    /// The whole status for people, one line each.
    public var lines: [String] {
        var lines: [(String, String)] = []
        if let booted {
            let mode = early.flatMap { $0.mode == .readWrite ? nil : $0.mode.rawValue }
            let marks = [why, mode, health == .unknown ? nil : health.rawValue].compactMap { $0 }
            lines.append(("booted", "\(booted) (\(marks.joined(separator: ", ")))"))
        } else {
            lines.append(("booted", "not from a layer"))
        }
        let besides = HostStatus.besides
        let other = leavesDefault ? besides + ", until one has come up healthy" : "none"
        lines.append(("default", defaultLayer ?? other))
        if let next { lines.append(("next boot", next.layer + nextWhy(next))) }
        if let menuProblem {
            lines.append(("next boot", "\(besides); \(menuProblem)"))
        } else if next == nil, leavesDefault {
            lines.append(("next boot", besides))
        }
        if let pool {
            let usage = pool.usage
            lines.append(
                (
                    "pool",
                    "\(usage.free(of: pool.size).formatted) of \(pool.size.formatted) free, "
                        + "\(Int(usage.metadata.rounded()))% of the metadata used"
                ))
        }
        lines.append(("/boot", "\(bootFree.formatted) free"))
        let attached = volumes.filter(\.isAttached).map(\.data.place.text)
        if !attached.isEmpty { lines.append(("volumes", attached.joined(separator: ", "))) }
        if let carried {
            if carried.conflicts > 0 {
                let places = carried.conflicts == 1 ? "1 place" : "\(carried.conflicts) places"
                lines.append(("carried", "\(places) in conflict, listed in \(CarryReport.path)"))
            }
        }
        if !leftIn.isEmpty {
            let list = carried?.left == 0 ? "" : ", listed in \(CarryReport.path)"
            lines.append(
                (
                    "left",
                    "changes in \(leftIn.joined(separator: ", ")) that were not carried\(list); "
                        + "'imgbase status --acknowledge' when nothing is wanted from there"
                ))
        }
        if !packages.missing.isEmpty {
            let names = packages.missing.map(\.name).joined(separator: ", ")
            lines.append(("packages", "not installed again: \(names); 'imgbase packages' says why"))
        }
        lines += warnings.map { ("warning", $0) }
        return lines.map { name, value in name + ":" + String(repeating: " ", count: 11 - name.count) + value
        }
    }

    private func nextWhy(_ next: BootChoice) -> String {
        switch next.reason {
        case .trial: " (trial, \(trial?.triesLeft ?? 0) tries left)"
        case .once: " (once)"
        case .default: ""
        default: " (\(next.reason == .good ? "the last good one" : "the newest that is not bad"))"
        }
    }
}
