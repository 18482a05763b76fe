import ImgbasedCore

/// The debris of interrupted runs, which `imgbase recover` shows, and removes or finishes.
public struct Debris: Hashable, Sendable {
    /// One piece of debris.
    public enum Item: Hashable, Sendable {
        /// Entries that still have the old name of the volume group.
        case renamed(GroupRename)
        /// A volume that was never completed.
        case incomplete(VolumePath)
        /// A base or layer whose removal was interrupted.
        case removal(VolumePath)
        /// The same, but this system runs from it.
        case removalOfBooted(VolumePath)
        /// A data volume that has taken the place of files in the booted layer, and is not mounted by each
        /// layer.
        case taken(VolumePath, DataPlace)
        /// A complete layer that is not in the boot menu.
        case unlisted(layer: String)
        /// An entry of ours without its layer.
        case orphan(layer: String)
        /// A removed layer that is still in the boot record.
        case recorded(layer: String, as: [String])
        /// The menu does not match the entries.
        case menu
        /// A kernel and initramfs that no entry names.
        case bootFiles(directory: String, digest: String)
        /// A temporary file of an interrupted replacement.
        case leftover(path: String)
    }

    /// The debris, in the order in which it is handled.
    public private(set) var items: [Item] = []
    /// Interrupted removals that can be finished.
    private var removals: [Removal] = []
    /// Layers that must leave the menu and the record.
    private var gone: Set<String> = []
    /// Kernels and initramfs that nothing names already now: neither an entry to be removed nor an outdated
    /// menu.
    private var unused: [String] = []
    /// Kernels and initramfs that nothing names once the entries and menus are updated.
    private var digests: [String] = []

    /// The goal for messages: `cannot …`.
    public static let goal = "recover from what interrupted runs left"

    /// The debris on the host in `state`. Foreign or possibly useful things are not included.
    public init(_ state: HostState, names: HostNames) throws(HostRefusal) {
        do throws(HostReason) { try state.boot.check() } catch { throw HostRefusal(Debris.goal, error) }
        // Without its volumes, every entry would seem to lack its layer.
        guard state.groups.contains(where: { $0.name == names.group }) else {
            throw HostRefusal(Debris.goal, .noGroup(names.group))
        }
        items = GroupRename(state, names: names).map { [.renamed($0)] } ?? []
        items += state.debris(names).map { .incomplete($0.path) }
        items += state.dataVolumes(names.group).filter { state.hasTaken($0) == true }.map {
            .taken($0.path, $0.place)
        }
        let layout = Layout(state.volumes, group: names.group)
        findRemovals(layout, state)
        findUnlisted(state, names)
        findGone(layout, state.boot, names)
        findBootFiles(state.boot)
        items += state.boot.leftovers.sorted().map { .leftover(path: $0) }
    }

    /// The plan that handles everything except unlisted layers, which are finished like any new layer.
    public func plan(_ state: HostState) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: Debris.goal)
        do throws(HostReason) {
            for removal in removals { try removal.check(state, isForced: true) }
            let store = state.boot.directory + "/imgbased"
            // A full /boot has no room for the menu until these are removed; no current menu names them.
            plan.cleanup += state.boot.removalOfLeftovers
            if !unused.isEmpty {
                plan.cleanup.append(.removeBootFiles(unused, directory: store))
            }
            if !gone.isEmpty || items.contains(.menu) {
                plan.cleanup += try BootPlanner.steps(state.boot, removing: gone)
            }
            for item in items {
                switch item {
                case .incomplete(let path): plan.cleanup += state.removal(ofDebris: path)
                case .removalOfBooted(let path): plan.cleanup.append(.cancelRemoval(path))
                case .renamed, .removal, .taken, .unlisted, .orphan, .recorded, .menu, .bootFiles, .leftover:
                    break
                }
            }
            if !digests.isEmpty {
                plan.cleanup.append(.removeBootFiles(digests, directory: store))
            }
            // The marked volume is removed last, after everything that leads to it.
            plan.cleanup += removals.flatMap(\.volumes).map { .removeVolume($0.path) }
            plan.cleanup += removals.flatMap { $0.hooks(.layerRemoved, state) }
            plan.checkScripts()
        } catch {
            throw HostRefusal(Debris.goal, error)
        }
        return plan
    }

    private mutating func findRemovals(_ layout: Layout, _ state: HostState) {
        for family in layout.families {
            let subjects: [Removal] =
                if let base = family.base, base.isMarkedForRemoval {
                    [Removal(base, with: family.layers)]
                } else {
                    family.layers.filter(\.isMarkedForRemoval).map { Removal($0, of: family.base) }
                }
            for removal in subjects {
                if removal.layers.contains(where: { $0.path == state.booted }) {
                    items.append(.removalOfBooted(removal.subject.path))
                } else {
                    items.append(.removal(removal.subject.path))
                    removals.append(removal)
                    gone.formUnion(removal.layers.map(\.name))
                }
            }
        }
    }

    private mutating func findUnlisted(_ state: HostState, _ names: HostNames) {
        items += LayerPlanner.unfinished(state, names: names).map { .unlisted(layer: $0.path.name) }
    }

    private mutating func findGone(_ layout: Layout, _ boot: BootState, _ names: HostNames) {
        let entries = BootPlanner.entries(boot)
        for entry in entries.sorted(by: { NaturalOrder.precedes($0.layer, $1.layer) }) {
            // An entry with other arguments is of another volume group or foreign.
            let path = VolumePath(group: names.group, name: entry.layer)
            let isOurs = BootArguments.own(layer: path).allSatisfy(entry.options.words.contains)
            guard isOurs, layout[entry.layer]?.isLayer != true else { continue }
            items.append(.orphan(layer: entry.layer))
            gone.insert(entry.layer)
        }
        let record = boot.record
        let recorded = [record.defaultLayer, record.once, record.trial?.layer, record.staged, record.good]
        for layer in Set(recorded.compactMap { $0 })
            .sorted(by: NaturalOrder.precedes)
        where layout[layer]?.isLayer != true && (boot.entries[layer] == nil || gone.contains(layer)) {
            items.append(.recorded(layer: layer, as: record.parts(for: layer)))
            gone.insert(layer)
        }
        if gone.isEmpty, !entries.isEmpty, (try? BootPlanner.steps(boot, boot.record))?.isEmpty == false {
            items.append(.menu)
        }
    }

    /// Finds unused boot files; none if a layer is unlisted, because its kernel is stored before its entry.
    private mutating func findBootFiles(_ boot: BootState) {
        let hasUnlisted = items.contains { if case .unlisted = $0 { true } else { false } }
        if hasUnlisted { return }
        let unreferenced = BootPlanner.unreferenced(boot)
        items += unreferenced.map { .bootFiles(directory: boot.directory + "/imgbased", digest: $0) }
        // If a layer has two entry files, the names in the other one are unknown.
        if boot.entryFiles.values.allSatisfy({ $0.count < 2 }) {
            let menus = [boot.menu, boot.fullMenu, boot.loaderScript].compactMap { $0 }
            let named = Set(menus.flatMap { $0.split(separator: "/").map(String.init) })
            unused = unreferenced.filter { !named.contains($0) }
        }
        var after = boot
        for layer in gone { after.entries[layer] = nil }
        digests = BootPlanner.unreferenced(after).filter { !unused.contains($0) }
    }
}

extension HostState {
    /// The incomplete volumes of earlier runs in the pool, never volumes of another kind. A base whose update
    /// was not completed counts too, unless it has a layer, and so does a data volume that has not taken the
    /// place of the booted layer's files.
    func debris(_ names: HostNames) -> [Volume] {
        let ours = volumes.filter {
            $0.path.group == names.group && $0.segmentType == "thin" && $0.pool == names.pool
        }
        let bases = Set(ours.filter(\.isLayer).compactMap(\.baseName))
        return ours.filter { volume in
            volume.isBuilding || (volume.isUpdating && !bases.contains(volume.name))
                || DataVolume(volume).map { hasTaken($0) == false } == true
        }
    }

    /// The steps that remove the debris at `path`.
    fileprivate func removal(ofDebris path: VolumePath) -> [Step] {
        let place = volume(path)?.place
        return (place.map { [.uncoverPlace($0, path)] } ?? []) + [.removeVolume(path)]
    }

    /// The plan that removes the debris of interrupted runs; without steps if there is none.
    public func cleaning(_ names: HostNames) -> Plan {
        var plan = Plan(goal: "remove what an interrupted run left")
        plan.prepare = debris(names).flatMap { removal(ofDebris: $0.path) }
        // The kernel of an unlisted layer is stored before its entry.
        if LayerPlanner.unfinished(self, names: names).isEmpty {
            plan.prepare += BootPlanner.removalOfUnreferenced(boot)
        }
        plan.isContinued = true
        return plan
    }

    /// The host after the removal of that debris.
    public func cleaned(_ names: HostNames) -> HostState {
        if cleaning(names).steps.isEmpty { return self }
        let debris = Set(debris(names).map(\.path))
        var state = self
        state.volumes.removeAll { debris.contains($0.path) }
        return state.afterRemoval(names)
    }
}

extension BootState {
    /// The steps that remove the leftovers of interrupted runs, in order of their paths.
    var removalOfLeftovers: [Step] { removal(of: leftovers) }

    /// The same of those in `/boot`, for a system whose root may be read-only.
    var removalOfBootLeftovers: [Step] { removal(of: leftovers.filter { $0.hasPrefix(directory + "/") }) }

    private func removal(of leftovers: [String]) -> [Step] {
        let store = directory + "/imgbased"
        return leftovers.sorted().map { path in
            path.hasPrefix(store + "/")
                ? .removeBootFiles([String(path.dropFirst(store.count + 1))], directory: store)
                : .removeFile(path)
        }
    }
}

extension BootRecord {
    /// The parts of the record that name `layer`, in the words of the command line.
    fileprivate func parts(for layer: String) -> [String] {
        [
            defaultLayer == layer ? "default" : nil, once == layer ? "once" : nil,
            trial?.layer == layer ? "trial" : nil, staged == layer ? "staged" : nil,
            good == layer ? "good" : nil,
        ].compactMap { $0 }
    }
}

extension Debris.Item: CustomStringConvertible {
    /// The debris, as a sentence without a full stop.
    public var description: String {
        let text =
            switch self {
            case .renamed(let rename): "\(rename)"
            case .incomplete(let path): "volume '\(path)' was never completed"
            case .removal(let path): "the removal of '\(path)' was not finished"
            case .removalOfBooted(let path): "the removal of '\(path)' was not finished, and it is booted"
            case .taken(let path, let place):
                "volume '\(path)' is mounted at '\(place)' in the booted layer, and not yet in each other"
            case .unlisted(let layer): "layer '\(layer)' is not in the boot menu yet"
            case .orphan(let layer): "there is an entry of '\(layer)', but no such layer"
            case .recorded(let layer, let parts):
                "'\(layer)' is recorded as \(parts.joined(separator: ", ")), but there is no such layer"
            case .menu: "the boot menu differs from the entries"
            case .bootFiles(let directory, let digest): "no entry refers to '\(directory)/\(digest)'"
            case .leftover(let path): "'\(path)' was never completed"
            }
        return text.asMessageLine
    }

    /// The treatment, as a past participle.
    public var remedy: String {
        switch self {
        case .incomplete, .orphan, .bootFiles, .leftover: "removed"
        case .removal, .taken, .unlisted: "finished"
        case .removalOfBooted: "kept"
        case .recorded: "forgotten"
        case .menu, .renamed: "renewed"
        }
    }

    /// The kind, for machines.
    public var kind: String {
        switch self {
        case .renamed: "renamed"
        case .incomplete: "incomplete"
        case .removal: "going"
        case .removalOfBooted: "goingButBooted"
        case .taken: "taken"
        case .unlisted: "unlisted"
        case .orphan: "orphan"
        case .recorded: "recorded"
        case .menu: "menu"
        case .bootFiles: "bootFiles"
        case .leftover: "leftover"
        }
    }
}
