public import ImgbasedCore

/// How this system came to be booted, and what the next boot will do: what `imgbase status` tells.
public struct HostStatus: Hashable, Sendable {
    /// What the initramfs told, as far as a host looks at it.
    public struct EarlyBoot: Hashable, Sendable {
        /// The layer.
        public var layer: String
        /// How it was mounted.
        public var mode: BootMode
        /// Why nothing that is written to it will be kept, though that was asked for.
        public var degraded: String?
        /// What was wanted before it and not taken.
        public var fallbacks: [SkippedLayer]

        /// What was told.
        public init(layer: String, mode: BootMode, degraded: String?, fallbacks: [SkippedLayer]) {
            self.layer = layer
            self.mode = mode
            self.degraded = degraded
            self.fallbacks = fallbacks
        }
    }

    /// The booted layer.
    public var booted: String?
    /// Why the boot loader booted it.
    public var reason: BootReason?
    /// What the initramfs told.
    public var early: EarlyBoot?
    /// What is known of the booted layer.
    public var health: LayerHealth
    /// Why it is bad.
    public var problem: String?
    /// The default.
    public var defaultLayer: String?
    /// Whether that is what the boot loader has besides layers, since none has come up healthy yet.
    public var leavesDefault: Bool
    /// The trial that is under way, or the last.
    public var trial: BootRecord.Trial?
    /// Why the layer of the trial is bad, where it came so far as to be found so.
    public var trialAilment: String?
    /// What became of the last trial that succeeded, and not at once.
    public var lost: BootRecord.Lost?
    /// What the next boot without a person is of; `nil` where the boot loader does not choose among layers.
    public var next: BootChoice?
    /// Why it does not.
    private var menuProblem: HostReason?
    /// What is known of that layer.
    public var nextHealth: LayerHealth
    /// How full the pool is, where it is active.
    public var pool: (path: VolumePath, size: Bytes, usage: PoolUsage)? {
        poolVolume.flatMap(HostStatus.space)
    }
    /// What is free in `/boot`.
    public var bootFree: Bytes
    /// At how many places what was carried into the booted layer needs a look; `nil` where its report cannot be read.
    public var conflicts: Int?
    /// The layer that was to be booted next, and is not before it is complete.
    public var staged: String?
    /// Why the layer that waits was not completed when the system shut down last.
    public var carryFailure: String?
    /// The layer that is booted next with what is changed until then.
    private var waiting: String?
    /// The layer of which the last changes were not carried into the booted one.
    public var leftBehind: String?

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
        leavesDefault = record.leavesDefault
        trial = record.trial
        trialAilment = trial.flatMap { entry($0.layer) }.flatMap { entry in
            entry.health == .bad ? entry.problem ?? "it did not come up" : nil
        }
        lost = record.lost.flatMap { entry($0.layer) == nil ? nil : $0 }
        menuProblem = state.boot.offersLayers ? nil : state.boot.problem
        next = menuProblem == nil ? BootChoice.order(record, entries).first : nil
        nextHealth = entry(next?.layer)?.health ?? .unknown
        poolVolume = state.volume(names.poolPath)
        bootFree = state.boot.free
        conflicts = state.conflicts
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
    /// What a person should know of who is responsible for the host, though the system works; the most urgent first.
    public var warnings: [String] {
        var warnings: [String] = []
        for fallback in early?.fallbacks ?? [] {
            warnings.append("layer '\(fallback.layer)' was not booted: \(fallback.reason)")
        }
        if let degraded = early?.degraded {
            warnings.append("nothing that is written will be kept: \(degraded)")
        }
        if let booted, health == .bad {
            let cause = problem.map { ": \($0)" } ?? ""
            let outlook = next?.layer == booted ? "; nothing better is known" : ""
            warnings.append("layer '\(booted)' is bad\(cause)\(outlook)")
        }
        if let leftBehind {
            warnings.append(
                "what was changed in layer '\(leftBehind)' after the update was not carried: this one was not to be booted "
                    + "next, or that one did not shut down in order, or says why in its journal; remove "
                    + "'\(StagedLayer.leftBehindPath)' when that is settled")
        }
        if let staged {
            let cause = carryFailure.map { ": \($0)" } ?? ""
            warnings.append("layer '\(staged)' is not complete and not booted before it is\(cause)")
        } else if let carryFailure, let waiting {
            warnings.append("layer '\(waiting)' was not completed: \(carryFailure)")
        }
        if let trial, let story = story(of: trial) { warnings.append(story) }
        if let lost {
            warnings.append(
                "layer '\(lost.layer)' came up at last: \(HostStatus.lost(lost.count, of: lost.tries))")
        }
        if conflicts == nil {
            warnings.append(
                "'\(CarryReport.path)' cannot be read: look there for conflicts of the last update")
        }
        return warnings
    }

    /// What became of the tries of a trial; `nil` where there is nothing to tell.
    private func story(of trial: BootRecord.Trial) -> String? {
        let isRunning = trial.layer == booted && reason == .trial
        let fates = trial.fates(isRunning: isRunning, isBad: trialAilment != nil)
        if let trialAilment {
            // Of the booted layer, that is told already.
            let lost = fates.lost > 0 ? HostStatus.lost(fates.lost, of: trial.tries) : nil
            if trial.layer == booted { return lost.map { "layer '\(trial.layer)' was on trial: \($0)" } }
            return "layer '\(trial.layer)' was tried and is bad: "
                + [trialAilment, lost].compactMap { $0 }.joined(separator: "; ")
        }
        let parts = [
            fates.lost > 0 ? "\(fates.lost) ended in the boot loader, the kernel or the initramfs" : nil,
            fates.unhealthy > 0 ? "\(fates.unhealthy) came up and did not become healthy" : nil,
        ].compactMap { $0 }
        if parts.isEmpty { return nil }
        let used = "\(fates.lost + fates.unhealthy) of \(trial.tries) tries"
        return "layer '\(trial.layer)' did not come up in \(used): " + parts.joined(separator: ", ")
    }

    /// How many tries of the trial ended in the boot loader, the kernel or the initramfs.
    public var triesLost: Int {
        trial.map {
            $0.fates(isRunning: $0.layer == booted && reason == .trial, isBad: trialAilment != nil).lost
        } ?? 0
    }

    private static func lost(_ count: Int, of tries: Int) -> String {
        "\(count) of \(tries) tries ended in the boot loader, the kernel or the initramfs"
    }

    /// Why the booted layer is, as people say it.
    private var why: String {
        if let early, !early.fallbacks.isEmpty { return "in place of another" }
        switch reason {
        case nil: return "not told by the boot loader"
        case .menu: return "picked in the menu"
        case .default: return "the default"
        case .once: return "asked for once"
        case .trial: return "on trial"
        case .good: return "the last good one"
        case .best: return "the newest that is not bad"
        case .fallback: return "in place of one that could not be loaded"
        case .rescue: return "for rescue"
        }
    }

    /// What the journal is told of it when the system has come up.
    var messages: [JournalMessage] {
        guard let booted else { return [] }
        let isFallback = early?.fallbacks.isEmpty == false || [.good, .best, .fallback].contains(reason)
        return [
            JournalMessage(
                isFallback ? .fallback : .booted, layer: booted, "layer '\(booted)' is booted: \(why)")
        ]
            + warnings.map { JournalMessage(.warning, layer: booted, $0) }
    }

    /// All of it for people, a line each.
    public var lines: [String] {
        var lines: [(String, String)] = []
        if let booted {
            let mode = early.flatMap { $0.mode == .readWrite ? nil : $0.mode.rawValue }
            let marks = [why, mode, health == .unknown ? nil : health.rawValue].compactMap { $0 }
            lines.append(("booted", "\(booted) (\(marks.joined(separator: ", ")))"))
        } else {
            lines.append(("booted", "not from a layer"))
        }
        let besides = "what the boot loader has besides layers"
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
        if let conflicts, conflicts > 0 {
            let places = conflicts == 1 ? "1 place" : "\(conflicts) places"
            lines.append(("carried", "\(places) in conflict, listed in \(CarryReport.path)"))
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

extension BootRecord.Trial {
    /// What became of the tries that were used: how many ended in the boot loader, the kernel or the initramfs, and in how many
    /// the system came up and did not become healthy. One that `isRunning` is none of both yet. Where the layer `isBad`, the
    /// last try was the one in which that was found: what was left then was taken away, and not used.
    func fates(isRunning: Bool, isBad: Bool = false) -> (lost: Int, unhealthy: Int) {
        let left = isBad ? starts.min() ?? tries : triesLeft
        let hasStarted = starts.contains(left)
        let used = tries - left - (isRunning && !isBad ? 1 : 0)
        let unhealthy = starts.count - (isRunning && !isBad && hasStarted ? 1 : 0)
        return (max(0, used - unhealthy), unhealthy)
    }
}
