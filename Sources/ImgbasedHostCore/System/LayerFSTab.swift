import ImgbasedCore

/// The lines imgbased needs in the file-system table of a layer: `/`, `/boot`, `/config` and those of the
/// data volumes. All other lines belong to the image and the administrator.
public struct LayerFSTab: Hashable, Sendable {
    /// The device of the layer, mounted at `/`.
    public var root: String
    /// The lines to add if the table mounts nothing at their target.
    public var added: [FSTab.Entry]
    /// The lines to put in the place of others with their target.
    public var set: [FSTab.Entry]
    /// The targets whose lines are removed.
    public var removed: [String] = []
    /// The lines of the data volumes.
    public var data: DataTable

    /// The lines for the layer at `path` on the host in `state`.
    init(_ path: VolumePath, _ state: HostState) {
        root = path.device
        set = state.boot.newMounts
        // With systemd-boot, the ESP is `/boot`. The image's disk with another one is not there.
        if !set.isEmpty, state.boot.loader == .systemdBoot { removed = ["/boot/efi"] }
        added = []
        data = DataTable(state, group: path.group)
        if let uuid = state.boot.uuid {
            added.append(
                FSTab.Entry(
                    source: "UUID=\(uuid)", target: "/boot", type: state.boot.fileSystem, options: "defaults",
                    rest: ["0", "2"]))
        }
        let config = VolumePath(group: path.group, name: HostNames.config)
        if let volume = state.volume(config), !volume.isBuilding {
            added.append(HostNames.configEntry(config))
        }
    }

    /// The table in `contents` with these lines; `type` is the layer's file system.
    public func applied(to contents: [UInt8], type: FileSystemType) -> [UInt8] {
        var table = FSTab(contents)
        table.setRoot(source: root, type: type.rawValue)
        for target in removed { table.remove(target) }
        for entry in set { table.set(entry) }
        for entry in added { table.add(entry) }
        return data.applied(to: table.contents)
    }
}
