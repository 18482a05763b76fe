import ImgbasedCore

/// A layer to be made, or one that an interrupted run left unfinished.
public struct LayerDraft: Hashable, Sendable {
    /// The path of the layer.
    public var path: VolumePath
    /// The volume it is a snapshot of.
    public var source: VolumePath
    /// The name of its base.
    public var base: String
    /// Whether it is complete and only lacks its menu entry.
    public var isSealed: Bool
    /// The layer whose configuration is carried into it; `nil` if none.
    public var carriedFrom: String?
    /// Whether all changes to its tree are done.
    public var isFurnished = false

    /// The goal for messages: `cannot …`.
    public var goal: String { isSealed ? "finish layer '\(path.name)'" : "add layer '\(path.name)'" }
}

/// `imgbase layer add`: a writable snapshot that boots.
///
/// Planning has parts, because the entry depends on the contents of the layer, which must exist first. The
/// first part makes the layer, the last is planned from its contents. If configuration is carried into the
/// layer or hooks change it, another part is in between.
public struct LayerPlanner: Sendable {
    /// The base or layer to make it on; `nil` means the newest.
    public var source: String?
    /// The UUID of its file system.
    public var uuid: String
    /// The layer whose configuration is carried into it, which puts it on trial; `nil` if none.
    public var carrying: VolumePath?
    /// The settings of an installation that the layer gets; `nil` for none.
    public var settings: InstallSettings?
    /// The number of tries of that trial.
    public var tries = BootRecord.Trial.defaultTries

    /// A request for a layer.
    public init(source: String?, uuid: String) {
        self.source = source
        self.uuid = uuid
    }

    /// The complete layers that an interrupted run did not add to the boot menu, oldest first.
    public static func unfinished(_ state: HostState, names: HostNames) -> [LayerDraft] {
        let layout = Layout(state.volumes, group: names.group)
        return layout.layers
            .filter { $0.tags.contains(Tag.unlisted) && !layout.isBeingRemoved($0) }
            .map {
                let base = $0.baseName ?? $0.name
                return LayerDraft(
                    path: $0.path, source: VolumePath(group: names.group, name: $0.origin ?? base),
                    base: base, isSealed: true, carriedFrom: $0.carriedFrom)
            }
    }

    /// Whether `draft` fulfils this request, so that finishing it is enough.
    public func isMet(by draft: LayerDraft) -> Bool {
        source.map { $0 == draft.source.name } ?? true
    }

    /// The first part for a complete layer: it is made readable.
    public static func resume(_ draft: LayerDraft, _ state: HostState) -> Plan {
        var plan = Plan(goal: draft.goal)
        if state.volume(draft.path)?.isActive != true { plan.prepare.append(.activateVolume(draft.path)) }
        plan.isContinued = true
        return plan
    }

    /// The first part, the snapshot, and the draft for the later parts.
    public func begin(_ state: HostState, names: HostNames) throws(HostRefusal) -> (Plan, LayerDraft) {
        var goal = "add a layer"
        do throws(HostReason) {
            let pool = try state.pool(names)
            let layout = Layout(state.volumes, group: names.group)
            let found: Volume
            if let source {
                goal = "add a layer on '\(source)'"
                guard let volume = layout[source] else { throw .unknown(source) }
                if layout.isBeingRemoved(volume) { throw .isBeingRemoved(source) }
                found = volume
            } else {
                guard let volume = layout.latest else { throw .noBase }
                found = volume
            }
            // The layer is in the pool of its source, which need not be the pool of new bases.
            let baseText = found.isBase ? found.name : found.baseName ?? found.name
            let base: BaseName
            do { base = try BaseName(baseText) } catch { throw HostReason.badName(baseText, error) }
            let draft = LayerDraft(
                path: VolumePath(group: names.group, name: nextName(base, state, names).description),
                source: found.path, base: base.description, isSealed: false,
                carriedFrom: carrying?.name)
            do { try VolumeName.check(draft.path.name) } catch {
                throw HostReason.badName(draft.path.name, error)
            }
            goal = draft.goal
            try state.checkFull(
                found.pool.flatMap { state.volume(VolumePath(group: names.group, name: $0)) } ?? pool)
            try checkBoot(state.boot)
            var plan = Plan(goal: draft.goal)
            plan.prepare = [.createLayer(draft.path, from: found.path)]
            plan.undo = undo(draft, state)
            plan.isContinued = true
            return (plan, draft)
        } catch {
            throw HostRefusal(goal, error)
        }
    }

    private func nextName(_ base: BaseName, _ state: HostState, _ names: HostNames) -> LayerName {
        let volumes = state.volumes.filter { $0.path.group == names.group }
        let taken = volumes.map(\.name) + Array(state.boot.entries.keys)
        let numbers = taken.compactMap { try? LayerName($0) }.filter { $0.base == base }.map(\.number)
        return LayerName(base: base, number: (numbers.max() ?? 0) + 1)
    }

    private func checkBoot(_ boot: BootState) throws(HostReason) {
        try boot.check()
        if boot.loader == nil { throw .noBootLoader }
        // A layer has its own root file system, and would see its own /boot.
        if !boot.prefix.isEmpty { throw .bootOnRoot }
    }

    /// The steps that remove the layer, and the base if an update just wrote it.
    private func undo(_ draft: LayerDraft, _ state: HostState) -> [Step] {
        let base = VolumePath(group: draft.path.group, name: draft.base)
        let isUpdating = state.volume(base)?.isUpdating == true
        return [.removeVolume(draft.path)] + (isUpdating ? [.removeVolume(base)] : [])
    }

    /// The last part: the file system, the kernel, the entry. `contents` are those of the layer.
    public func finish(
        _ draft: LayerDraft, _ state: HostState, names: HostNames, contents: LayerContents
    ) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: draft.goal)
        do throws(HostReason) {
            try checkBoot(state.boot)
            try contents.check(draft.path.name)
            let files = contents.files
            if !draft.isSealed {
                if !draft.isFurnished { plan.prepare = furnishing(draft, state, contents, nil) }
                // After hooks have changed the layer.
                plan.prepare += fresh(draft, state).flatMap { data -> [Step] in
                    let fill = DataFill(
                        volume: data.path, place: data.place, layer: draft.path, type: contents.type)
                    return (data.volume.isActive ? [] : [.activateVolume(data.path)]) + [.fillVolume(fill)]
                }
                plan.undo = undo(draft, state)
            }
            if !state.boot.digests.contains(files.digest) {
                plan.prepare.append(
                    try BootPlanner.install(files, from: .layer(draft.path, contents.type), state.boot))
            }
            if !draft.isSealed {
                plan.prepare.append(
                    .sealLayer(draft.path, base: draft.base, carriedFrom: draft.carriedFrom))
            }
            let entry = entry(draft, state, contents)
            try entry.checkLength()
            var record = state.boot.record
            // If the record was lost, the layer that boots without one stays the default.
            if record.defaultLayer == nil {
                record.defaultLayer = BootChoice.defaultLayer(
                    record, BootPlanner.entries(state.boot).filter { $0.layer != entry.layer })
            }
            if record.defaultLayer == nil {
                record.leavesDefault = state.canGoBackBesides
                if !record.leavesDefault { record.defaultLayer = entry.layer }
            }
            let isTried = record.leavesDefault && (record.trial?.triesLeft ?? 0) == 0
            if draft.carriedFrom != nil || isTried {
                record.trial = BootRecord.Trial(layer: entry.layer, tries: tries)
                record.staged = nil
            }
            let steps = try BootPlanner.steps(state.boot, changing: entry, record)
            plan.commit = Array(steps.prefix(1))
            plan.cleanup = Array(steps.dropFirst()) + conclusion(draft, state)
            plan.cleanup += contents.warnings(entry.layer)
            plan.checkScripts()
        } catch {
            throw HostRefusal(plan.goal, error)
        }
        return plan
    }

    /// The steps after the boot menu has the layer. The last marks it as listed: until then another run does
    /// the rest.
    private func conclusion(_ draft: LayerDraft, _ state: HostState) -> [Step] {
        let base = VolumePath(group: draft.path.group, name: draft.base)
        let isStaged = draft.carriedFrom != nil && draft.carriedFrom == state.booted?.name
        return (draft.carriedFrom == nil ? [] : StagedLayer.forgetting(state))
            + (isStaged ? [.startUnit(StagedLayer.unit)] : [])
            + fresh(draft, state).map { .recordFilled($0.path) }
            + (state.volume(base)?.isUpdating == true ? [.completeUpdate(base)] : []) + [
                .listLayer(draft.path)
            ]
    }

    /// The data volumes that get the files of the layer.
    private func fresh(_ draft: LayerDraft, _ state: HostState) -> [DataVolume] {
        state.attachedVolumes(draft.path.group).filter(\.isFresh)
    }

    /// The changes to the layer's tree as a plan of its own, if configuration is carried into it or hooks
    /// change it: the contents for ``finish(_:_:names:contents:)`` may depend on them. `nil` if one plan is
    /// enough.
    public func furnish(
        _ draft: LayerDraft, _ state: HostState, names: HostNames, contents: LayerContents
    ) throws(HostRefusal) -> Plan? {
        if draft.isSealed || draft.isFurnished { return nil }
        if carrying == nil, settings == nil, state.hooks[.newLayerAdded].isEmpty { return nil }
        var plan = Plan(goal: draft.goal)
        do throws(HostReason) {
            let order = try order(draft, state)
            plan.prepare = furnishing(draft, state, contents, order)
            let isLayer = state.volume(draft.source)?.isLayer == true
            plan.prepare += state.hooks.steps(
                .newLayerAdded, group: draft.path.group, base: draft.base, layer: draft.path.name,
                fromLayer: draft.carriedFrom ?? (isLayer ? draft.source.name : nil),
                tree: HookRun.Tree(draft.path, contents.type))
            plan.undo = (order?.inactive ?? []).map { .deactivateVolume($0) } + undo(draft, state)
        } catch {
            throw HostRefusal(draft.goal, error)
        }
        plan.isContinued = true
        return plan
    }

    /// The order to carry into the layer; `nil` if nothing is carried.
    private func order(_ draft: LayerDraft, _ state: HostState) throws(HostReason) -> CarryOrder? {
        guard let carrying else { return nil }
        guard let from = state.volume(carrying) else { throw .unknown(carrying.name) }
        let base = VolumePath(group: draft.path.group, name: draft.base)
        return try CarryOrder(from: from, into: draft.path, of: base, state)
    }

    /// The steps that give the layer its own file system, the carried configuration, and its mount points.
    private func furnishing(
        _ draft: LayerDraft, _ state: HostState, _ contents: LayerContents, _ order: CarryOrder?
    ) -> [Step] {
        var steps: [Step] = [.renewFileSystem(draft.path, type: contents.type, uuid: uuid)]
        steps += order?.steps(isLate: false) ?? []
        let table = LayerFSTab(draft.path, state).applied(to: contents.fstab, type: contents.type)
        // A layer that boots read-only cannot make them.
        for target in FSTab(table).entries.map(\.target) where ["/boot", "/config"].contains(target) {
            steps.append(.makeLayerDirectory(draft.path, type: contents.type, path: target))
        }
        for data in LayerFSTab(draft.path, state).data.attached {
            steps.append(.makeLayerDirectory(draft.path, type: contents.type, path: data.place.text))
        }
        // Settings and a carry come with the table that the layer needs.
        if let settings {
            let table = LayerFSTab(draft.path, state)
            steps.append(
                .setUpLayer(
                    LayerSetup(layer: draft.path, type: contents.type, settings: settings, table: table)))
            if let list = settings.persistList {
                let config = VolumePath(group: draft.path.group, name: HostNames.config)
                steps.append(
                    .replaceLayerFile(config, type: .ext4, path: "/files.d/install", contents: list))
            }
        } else if order == nil, table != contents.fstab {
            steps.append(
                .replaceLayerFile(draft.path, type: contents.type, path: "/etc/fstab", contents: table))
        }
        return steps
    }

    private func entry(_ draft: LayerDraft, _ state: HostState, _ contents: LayerContents) -> BootEntry {
        // The entry of an interrupted run may have booted and been changed.
        if draft.isSealed, let entry = BootPlanner.entry(of: draft.path.name, state.boot) {
            return entry.renewed(contents, of: draft.path, state.boot)
        }
        let layer =
            draft.carriedFrom ?? (state.volume(draft.source)?.isLayer == true ? draft.source.name : nil)
        // Arguments typed in the menu are for one boot, if an entry tells the permanent ones.
        var arguments = BootArguments(state.boot.runningArguments)
        arguments.dropTrial()
        if let entry = state.booted.flatMap({ BootPlanner.entry(of: $0.name, state.boot) }) {
            arguments = entry.options
        }
        return BootEntry(
            contents, of: draft.path, created: state.volume(draft.path)?.created ?? 0,
            after: layer.flatMap { BootPlanner.entry(of: $0, state.boot) }, arguments, state.boot)
    }
}
