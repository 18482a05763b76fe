import ImgbasedCore

/// A data volume: a thin volume with data that layers of any age share, mounted by each at the same path.
public struct DataVolume: Hashable, Sendable {
    /// The volume.
    public var volume: Volume
    /// The place where layers mount it.
    public var place: DataPlace

    /// The data volume that `volume` is; `nil` if it is none, or not complete.
    public init?(_ volume: Volume) {
        guard volume.tags.contains(Tag.dataVolume), !volume.isBuilding, let place = volume.place else {
            return nil
        }
        (self.volume, self.place) = (volume, place)
    }

    /// The path of the volume.
    public var path: VolumePath { volume.path }

    /// Whether every layer mounts it.
    public var isAttached: Bool { volume.tags.contains(Tag.attached) }

    /// The layer whose files it has, until it is attached; `nil` if that is over.
    public var movedFrom: String? { isAttached ? nil : volume.value(of: Tag.movedPrefix) }

    /// Whether a tag has its place. The lines for volumes of oVirt's imgbased are not ours.
    var isOurs: Bool { volume.value(of: Tag.pathPrefix) != nil }

    /// Whether the files of the next new layer are copied to it.
    var isFresh: Bool { volume.tags.contains(Tag.fresh) }

    /// The tags that it has only for a time.
    var passingTags: [String] {
        volume.tags.filter { $0.hasPrefix(Tag.movedPrefix) || $0 == Tag.fresh }.sorted()
    }
}

extension Volume {
    /// The place of a data volume, complete or not; `nil` if it is none or has none.
    var place: DataPlace? {
        guard tags.contains(Tag.dataVolume) else { return nil }
        return value(of: Tag.pathPrefix).map(DataPlace.init(tag:)) ?? DataPlace(ovirtName: name)
    }
}

extension HostState {
    /// The complete data volumes of `group`, in the order of their places.
    public func dataVolumes(_ group: String) -> [DataVolume] {
        volumes.lazy.filter { $0.path.group == group }.compactMap(DataVolume.init).sorted {
            $0.place != $1.place
                ? $0.place < $1.place : NaturalOrder.precedes($0.path.name, $1.path.name)
        }
    }

    /// The data volumes of `group` that every layer mounts, in the order of their places.
    ///
    /// A volume counts as soon as the table of the layer whose files it has mounts it.
    public func attachedVolumes(_ group: String) -> [DataVolume] {
        dataVolumes(group).filter { $0.isAttached || hasTaken($0) == true }
    }

    /// Whether a new data volume has taken the place of the files it was filled with; `nil` for other
    /// volumes, and if that is unknown: the layer that had the files is not booted, or its table mounts
    /// something else there.
    func hasTaken(_ data: DataVolume) -> Bool? {
        guard let layer = data.movedFrom, booted == VolumePath(group: data.path.group, name: layer),
            keepsChanges, !config.fstab.isEmpty
        else { return nil }
        let table = FSTab(config.fstab)
        if table.mounts(data) { return true }
        // The group may have another name now: the volume is only removed if the layer surely has the files.
        return table.entry(at: data.place.field) == nil ? false : nil
    }

    /// Whether changes to the files of the running system are kept.
    var keepsChanges: Bool { earlyBoot.map { $0.mode == .readWrite } ?? true }
}

extension FSTab {
    /// Whether a line mounts `data` at its place.
    func mounts(_ data: DataVolume) -> Bool {
        entries.contains { $0.target == data.place.field && $0.names(data.path) }
    }

    /// Whether a line mounts the volume at `path`, anywhere.
    func mentions(_ path: VolumePath) -> Bool {
        entries.contains { $0.names(path) }
    }
}

extension FSTab.Entry {
    /// Whether the line names the device of the volume at `path`.
    func names(_ path: VolumePath) -> Bool {
        let argument = VolumeArgument(root: KernelCommandLine.Argument(name: "root", value: source))
        return argument?.group == path.group && argument?.volume == path.name
    }
}
