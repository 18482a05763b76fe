import ImgbasedCore

/// What imgbased needs in the file-system table of a layer: where `/`, `/boot` and `/config` come from. Everything else in
/// it is the image's and the administrator's.
public struct LayerTable: Hashable, Sendable {
    /// The device of the layer.
    public var root: String
    /// The lines that are added where nothing is mounted at their place.
    public var added: [FSTab.Entry]

    /// What the layer at `path` needs on the host in `state`.
    init(_ path: VolumePath, _ state: HostState) {
        root = path.device
        added = []
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

    /// The table in `contents` as the layer needs it, whose file system is of `type`.
    public func applied(to contents: [UInt8], type: FileSystemType) -> [UInt8] {
        var table = FSTab(contents)
        table.setRoot(source: root, type: type.rawValue)
        for entry in added { table.add(entry) }
        return table.contents
    }
}
