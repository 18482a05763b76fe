public import ImgbasedCore

/// `imgbase volume create`, `attach`, `detach` and `remove`.
///
/// A new volume takes the place of the files it was filled with in one write: that of the booted layer's
/// `/etc/fstab`. Until then the layer has its files, and the volume is debris; from then on the volume has
/// them. Meanwhile nothing can be written there. The tags follow, and then the tables of the other layers,
/// which are derived from the tags (`DataTable`).
public struct DataPlanner: Sendable {
    /// The changes.
    public enum Change: Hashable, Sendable {
        /// Makes a volume of this size, with the files that are at the place.
        case create(Bytes)
        /// Mounts a volume, the one for this place or the named one.
        case attach(volume: String?)
        /// Mounts the volume no more.
        case detach
        /// Removes a volume with its data.
        case remove
    }

    /// The change.
    public var change: Change
    /// The place.
    public var place: DataPlace
    /// The UUID of a new file system.
    public var uuid: String

    /// The smallest volume: ext4 with its journal needs about that.
    public static let leastSize = Bytes(16 << 20)

    /// A change at `place`. A new file system gets `uuid`.
    public init(_ change: Change, at place: DataPlace, uuid: String = "") {
        (self.change, self.place, self.uuid) = (change, place, uuid)
    }

    /// The goal for messages: `cannot …`.
    public var goal: String {
        switch change {
        case .create: "create a volume for '\(place)'"
        case .attach: "attach a volume at '\(place)'"
        case .detach: "detach the volume at '\(place)'"
        case .remove: "remove the volume for '\(place)'"
        }
    }

    /// Whether the change concerns what is at the place in the running system.
    var looksAtPlace: Bool {
        switch change {
        case .create, .attach: true
        case .detach, .remove: false
        }
    }

    /// The results of a change.
    public struct Outcome: Hashable, Sendable {
        /// The path of the volume.
        public var volume: VolumePath
        /// Whether the change was already made, so that at most the layers' tables are left.
        public var isDone = false

        /// A result with this volume.
        public init(_ volume: VolumePath, isDone: Bool = false) {
            (self.volume, self.isDone) = (volume, isDone)
        }
    }

    /// The plan of the change in the running system; the tables of the layers follow. Without steps if that
    /// part is done.
    func begin(
        _ state: HostState, names: HostNames, _ survey: PlaceSurvey?
    ) throws(HostRefusal) -> (Plan, Outcome) {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            _ = try state.pool(names)
            if !state.keepsChanges { throw .data(.notKept) }
            let outcome: Outcome
            switch change {
            case .create(let size): outcome = try create(size, state, names, survey, &plan)
            case .attach(let volume): outcome = try attach(volume, state, names, survey, &plan)
            case .detach: outcome = try detach(state, names, &plan)
            case .remove: outcome = Outcome(try removable(state, names).path)
            }
            return (plan, outcome)
        } catch {
            throw HostRefusal(goal, error)
        }
    }

    /// The refusal of a change that was made before, with nothing left to do; `nil` if it counts as done.
    func refusal(ofDone done: Outcome) -> HostRefusal? {
        switch change {
        case .create: HostRefusal(goal, .data(.exists(place, done.volume)))
        case .detach: HostRefusal(goal, .data(.notAttached(place)))
        case .attach, .remove: nil
        }
    }

    // MARK: Creating

    private func create(
        _ size: Bytes, _ state: HostState, _ names: HostNames, _ survey: PlaceSurvey?, _ plan: inout Plan
    ) throws(HostReason) -> Outcome {
        try place.check()
        guard let booted = state.booted else { throw .notOnALayer }
        if let data = state.attachedVolumes(names.group).first(where: { $0.place == place }) {
            // The layer that had the files mounts it: an interrupted run came so far.
            if survey?.mountedVolume == data.path, survey?.isReadOnly == true {
                plan.cleanup = [.openPlace(place, data.path)]
            }
            return Outcome(data.path, isDone: true)
        }
        if let data = state.dataVolumes(names.group).first(where: { $0.place == place }) {
            throw .data(.taken(place, by: data.path))
        }
        try checkTable(state)
        try survey?.check(place)
        let pool = try state.pool(names)
        let extent = try state.group(names.group).extentSize
        guard size >= DataPlanner.leastSize else {
            throw .tooSmall(what: "a volume", size: size, needed: DataPlanner.leastSize)
        }
        try state.checkFull(pool)
        let path = VolumePath(group: names.group, name: place.freeName(in: state, names.group))
        let move = DataMove(path, at: place, copies: true, room: pool.room)
        let draft = FileSystemDraft(type: .ext4, uuid: uuid, isZeroed: pool.usage?.zeroes ?? false)
        if survey?.kind == .nothing { plan.prepare.append(.makeDirectory(place.text)) }
        plan.prepare += [
            .createDataVolume(path, pool: names.pool, size: size.roundedUp(to: extent), place),
            .makeDataFileSystem(path, draft), .coverPlace(move),
            .sealDataVolume(path, movedFrom: booted.name),
        ]
        plan.undo = [.uncoverPlace(place, path), .removeVolume(path)]
        var after = state
        after.volumes.append(
            Volume(
                path: path, size: size, tags: [Tag.dataVolume, Tag.pathPrefix + place.tag, Tag.attached],
                segmentType: "thin", pool: names.pool))
        plan.commit = [table(after, names)]
        let moved = Tag.movedPrefix + booted.name
        plan.cleanup = [.openPlace(place, path), .attachVolume(path, place, dropping: [moved]), .reloadUnits]
        return Outcome(path)
    }

    // MARK: Attaching

    private func attach(
        _ name: String?, _ state: HostState, _ names: HostNames, _ survey: PlaceSurvey?, _ plan: inout Plan
    ) throws(HostReason) -> Outcome {
        try place.check()
        let volume = try attachable(name, state, names)
        let path = volume.path
        var after = state
        after.volumes.removeAll { $0.path == path }
        var attached = volume
        attached.tags = attached.tags.filter {
            !$0.hasPrefix(Tag.pathPrefix) && !$0.hasPrefix(Tag.movedPrefix)
        }
        attached.tags.formUnion([Tag.dataVolume, Tag.pathPrefix + place.tag, Tag.attached])
        after.volumes.append(attached)
        let isTagged = volume.tags == attached.tags
        let old = volume.tags.subtracting(attached.tags)
        let tagging: [Step] = isTagged ? [] : [.attachVolume(path, place, dropping: old.sorted())]
        guard state.booted != nil else {
            plan.commit = tagging
            return Outcome(path, isDone: isTagged)
        }
        let isMounted = survey?.mountedVolume == path
        if isTagged, DataVolume(volume).map(FSTab(state.config.fstab).mounts) == true {
            plan.cleanup = isMounted && survey?.isReadOnly == true ? [.openPlace(place, path)] : []
            return Outcome(path, isDone: true)
        }
        try checkTable(state, besides: path)
        if !isMounted {
            try survey?.check(place)
            let move = DataMove(path, at: place, copies: false)
            if survey?.kind == .nothing { plan.prepare.append(.makeDirectory(place.text)) }
            if !volume.isActive { plan.prepare.append(.activateVolume(path)) }
            plan.prepare.append(.coverPlace(move))
            plan.undo = [.uncoverPlace(place, path)]
        }
        plan.commit = tagging
        plan.cleanup = [table(after, names), .openPlace(place, path), .reloadUnits]
        return Outcome(path, isDone: isTagged)
    }

    /// The volume to attach: the named one, or the one for the place.
    private func attachable(
        _ name: String?, _ state: HostState, _ names: HostNames
    ) throws(HostReason) -> Volume {
        let data = state.dataVolumes(names.group)
        let attached = state.attachedVolumes(names.group)
        if let other = attached.first(where: { $0.place == place && $0.path.name != name ?? $0.path.name }) {
            throw .data(.taken(place, by: other.path))
        }
        guard let name else {
            if let one = attached.first(where: { $0.place == place }) { return one.volume }
            let found = data.filter { $0.place == place }
            guard let one = found.first else { throw .data(.noVolume(place)) }
            if found.count > 1 { throw .data(.severalVolumes(place, found.map(\.path.name))) }
            return one.volume
        }
        guard let volume = state.volume(VolumePath(group: names.group, name: name)),
            volume.segmentType == "thin", !volume.isBuilding
        else { throw .data(.noThinVolume(name)) }
        if volume.role != nil || volume.path == state.root { throw .data(.hasRole(name)) }
        if let other = attached.first(where: { $0.path == volume.path && $0.place != place }) {
            throw .data(.attachedElsewhere(name, at: other.place))
        }
        return volume
    }

    // MARK: Detaching and removing

    private func detach(
        _ state: HostState, _ names: HostNames, _ plan: inout Plan
    ) throws(HostReason) -> Outcome {
        let data = state.dataVolumes(names.group).filter { $0.place == place }
        if let one = data.first(where: { $0.isAttached || state.hasTaken($0) == true }) {
            plan.commit = [.detachVolume(one.path, dropping: [Tag.attached] + one.passingTags)]
            return Outcome(one.path)
        }
        guard let one = data.first else { throw .data(.noVolume(place)) }
        return Outcome(one.path, isDone: true)
    }

    /// The volume to remove.
    private func removable(_ state: HostState, _ names: HostNames) throws(HostReason) -> DataVolume {
        let data = state.dataVolumes(names.group).filter { $0.place == place }
        guard let one = data.first else { throw .data(.noVolume(place)) }
        if data.count > 1 { throw .data(.severalVolumes(place, data.map(\.path.name))) }
        if one.isAttached || state.hasTaken(one) == true { throw .data(.isAttached(place)) }
        if one.volume.isOpen { throw .isOpen(one.path) }
        return one
    }

    /// The plan that removes the volume, unless one of `tables` mounts it.
    func removal(_ state: HostState, names: HostNames, _ tables: LayerTables) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: goal)
        do throws(HostReason) {
            let data = try removable(state, names)
            var users = tables.read.filter { FSTab($0.contents).mentions(data.path) }.map(\.layer.name)
            if FSTab(state.config.fstab).mentions(data.path) {
                users.append(state.booted?.name ?? "this system")
            }
            if !users.isEmpty { throw .data(.isUsed(data.path, by: users)) }
            plan.commit = [.removeVolume(data.path)]
        } catch {
            throw HostRefusal(goal, error)
        }
        return plan
    }

    // MARK: The table

    /// Throws if the running system's table mounts something else at the place.
    private func checkTable(_ state: HostState, besides path: VolumePath? = nil) throws(HostReason) {
        let other = FSTab(state.config.fstab).entries.last {
            $0.target == place.field && (path.map($0.names) != true)
        }
        if let other { throw .data(.isInTable(place, source: other.source)) }
    }

    /// The step that writes the running system's table as it is after the change.
    private func table(_ after: HostState, _ names: HostNames) -> Step {
        let contents = DataTable(after, group: names.group).applied(to: after.config.fstab)
        return .replaceFile(path: "/etc/fstab", contents: contents, isOnBoot: false)
    }
}
