import ImgbasedCore

/// The order to give a new layer the settings of an installation.
///
/// Everything is put over the base, so a later update takes it for the administrator's own changes.
public struct LayerSetup: Hashable, Sendable {
    /// The layer, which is not mounted.
    public var layer: VolumePath
    /// The type of its file system.
    public var type: FileSystemType
    /// The settings of the layer.
    public var settings: InstallSettings
    /// The lines that the layer needs in its `/etc/fstab`.
    public var table: LayerFSTab

    /// The parts of the order, in words.
    public var words: [String] {
        var words: [String] = []
        if let overlay = settings.overlay { words.append("the files of '\(overlay.path)'") }
        if let name = settings.hostname { words.append("host name '\(name.text)'") }
        if settings.password != nil { words.append("root's password") }
        if !settings.keys.isEmpty { words.append("root's SSH keys") }
        return words + ["its file-system table"]
    }
}
