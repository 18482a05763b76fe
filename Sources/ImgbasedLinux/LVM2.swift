public import ImgbasedCore

/// lvm2's own tool, for volumes that our own code does not activate.
public enum LVM2 {
    private static let tool = "/usr/sbin/lvm"

    /// Whether the initramfs has lvm2.
    public static var isThere: Bool { ChildProcess.isExecutable(tool) }

    /// Has lvm2 activate `volume` of `group`.
    public static func activate(
        _ volume: String, of group: String, readOnly: Bool, _ patience: Patience
    ) throws(BootError) {
        try run(LVM2Command.activate(volume, of: group, readOnly: readOnly), patience)
    }

    /// Has lvm2 deactivate `volume` of `group`.
    public static func deactivate(
        _ volume: String, of group: String, _ patience: Patience
    ) throws(BootError) {
        try run(LVM2Command.deactivate(volume, of: group), patience)
    }

    /// lvm2's metadata of the group that `selector` names, from any devices.
    ///
    /// The result is `nil` if lvm2 finds no such group, or if our own code cannot read the metadata either.
    static func metadata(_ selector: GroupSelector, _ patience: Patience) -> VolumeGroup? {
        let file = "/run/imgbased/metadata"
        guard (try? SmallFile.makeDirectory("/run/imgbased")) != nil else { return nil }
        let limit = Int(MetadataAreaHeader.textLimit)
        for arguments in LVM2Command.metadata(selector, to: file) {
            guard (try? run(arguments, patience)) != nil, let text = try? SmallFile.read(file, limit: limit)
            else {
                continue
            }
            guard let metadata = try? MetadataText(Array(text.utf8)) else { return nil }
            return try? VolumeGroup(metadata)
        }
        return nil
    }

    private static func run(_ arguments: [String], _ patience: Patience) throws(BootError) {
        let result = try BootError.call(ChildProcess.run(tool, arguments, patience))
        guard result.status == 0 else {
            throw .failed("lvm2 failed (status \(result.status)): \(result.lastLine)")
        }
    }
}
