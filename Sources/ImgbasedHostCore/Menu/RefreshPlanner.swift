import ImgbasedCore

/// `imgbase boot refresh`: a package manager has changed the booted layer's kernel.
public enum RefreshPlanner {
    /// The goal for messages: `cannot …`.
    public static let goal = "refresh the entry of the booted layer"

    /// The plan that makes the entry of the booted layer boot `files`, the newest kernel of the running
    /// system. A layer of oVirt's imgbased gets its first entry of ours.
    ///
    /// If the layer is the default, it goes on trial with its new kernel, so that a kernel that does not come
    /// up gives way to another layer. If the boot loader cannot count tries, there is no trial: the boot
    /// loader would refuse to load the layer.
    public static func plan(
        _ files: BootFiles, from source: BootFileSource, _ state: HostState, names: HostNames
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            try state.boot.check()
            guard let booted = state.booted else { throw .notOnALayer }
            if state.earlyBoot?.mode == .volatile {
                let text =
                    "the entry of layer '\(booted.name)' stays as it is: nothing installed in it now is kept"
                plan.commit = [.tell([JournalMessage(.warning, layer: booted.name, text)], motd: nil)]
                return plan
            }
            let old = BootPlanner.entry(of: booted.name, state.boot)
            guard var entry = old ?? first(of: booted, files, state) else { throw .noEntry(booted.name) }
            let stored = "\(state.boot.prefix)/imgbased/\(files.digest)"
            entry.version = files.version
            entry.linux = stored + "/linux"
            entry.initrd = stored + "/initrd"
            if !state.boot.digests.contains(files.digest) {
                plan.prepare.append(try BootPlanner.install(files, from: source, state.boot))
            }
            var after = state.boot
            var record = state.boot.record
            if entry != old {
                after.entries[entry.layer] = entry.text
                // A layer that waits for its trial comes first.
                let isFree =
                    record.staged == nil
                    && record.trial.map { $0.layer == entry.layer || $0.triesLeft == 0 } ?? true
                if record.defaultLayer == entry.layer, isFree, state.boot.problem == nil {
                    record.trial = BootRecord.Trial(layer: entry.layer, tries: BootRecord.Trial.defaultTries)
                }
                // Its other entry, which booted it, stays the default.
                if old == nil, record.defaultLayer == nil, state.canGoBackBesides {
                    record.leavesDefault = true
                }
                // Recorded before the entry: a trial of the current kernel does no harm.
                plan.prepare += try BootPlanner.steps(state.boot, record)
            }
            let steps = try BootPlanner.steps(state.boot, changing: entry, record)
                .filter { !plan.prepare.contains($0) }
            plan.commit = Array(steps.prefix(1))
            plan.cleanup = Array(steps.dropFirst())
            after.digests.insert(files.digest)
            plan.cleanup += BootPlanner.removalOfUnreferenced(after) + state.boot.removalOfLeftovers
            plan.checkScripts()
        } catch {
            throw HostRefusal(goal, error)
        }
        return plan
    }

    /// The first entry of ours for `layer`, which another program has made; `nil` for other layers.
    private static func first(of layer: VolumePath, _ files: BootFiles, _ state: HostState) -> BootEntry? {
        guard let volume = state.volume(layer), volume.isForeignLayer else { return nil }
        let contents = LayerContents(
            type: .ext4, fstab: [], release: OSRelease(""), arguments: nil, files: files)
        var arguments = BootArguments(state.boot.runningArguments)
        arguments.dropTrial()
        return BootEntry(contents, of: layer, created: volume.created, after: nil, arguments, state.boot)
    }
}
