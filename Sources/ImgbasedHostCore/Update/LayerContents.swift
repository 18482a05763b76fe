import ImgbasedCore

/// The contents of a layer that its boot entry needs.
public struct LayerContents: Hashable, Sendable {
    /// The type of its file system.
    public var type: FileSystemType
    /// Its `/etc/fstab`; empty if missing.
    public var fstab: [UInt8]
    /// The name of its operating system.
    public var release: OSRelease
    /// The kernel arguments from its `/etc/kernel/cmdline` or `/usr/lib/kernel/cmdline`; `nil` if neither
    /// exists.
    public var arguments: BootArguments?
    /// Its kernel and initramfs.
    public var files: BootFiles
    /// Whether that initramfs has our helper.
    public var helper: HelperPresence

    /// Contents with these values.
    public init(
        type: FileSystemType, fstab: [UInt8], release: OSRelease, arguments: BootArguments?, files: BootFiles,
        helper: HelperPresence = .present
    ) {
        self.type = type
        self.fstab = fstab
        self.release = release
        self.arguments = arguments
        self.files = files
        self.helper = helper
    }

    /// The placeholders in the preview of a layer that does not exist yet.
    public static let unknown = LayerContents(
        type: .ext4, fstab: Array("<the other lines of the layer's /etc/fstab>\n".utf8),
        release: OSRelease("PRETTY_NAME=\"<its operating system>\""), arguments: nil,
        files: BootFiles(
            version: "<the newest in the layer>", linux: "<its kernel>", initrd: "<its initramfs>",
            digest: "<digest of both>", size: Bytes(0)))
}

extension LayerContents {
    /// Throws if these contents cannot boot `layer`.
    func check(_ layer: String) throws(HostReason) {
        if helper == .absent { throw .noHelper(layer: layer, initrd: files.initrd) }
    }

    /// The warning if it is unknown whether they can.
    func warnings(_ layer: String) -> [Step] {
        guard case .unknown(let reason) = helper else { return [] }
        let text =
            "the initramfs of layer '\(layer)' cannot be inspected, and may lack imgbase-initrd: \(reason)"
        return [.tell([JournalMessage(.warning, layer: layer, text)], motd: nil)]
    }
}

extension BootEntry {
    /// The entry of `layer` with `contents`, with the administrator's changes to the `previous` entry.
    /// `arguments` are used if the layer has none and no previous entry exists.
    init(
        _ contents: LayerContents, of layer: VolumePath, created: Int64, after previous: BootEntry?,
        _ arguments: BootArguments, _ boot: BootState
    ) {
        let before = previous.map { $0.original ?? $0.options.foreign }
        let original = contents.arguments?.foreign ?? before ?? arguments.foreign
        var options = original
        if let previous, let before { options = options.changed(as: previous.options.foreign, from: before) }
        options.words = BootArguments.own(layer: layer) + options.words
        let name = layer.name
        let directory = "\(boot.prefix)/imgbased/\(contents.files.digest)"
        self.init(
            layer: name, title: contents.release.prettyName.map { "\(name) (\($0))" } ?? name,
            version: contents.files.version, linux: directory + "/linux", initrd: directory + "/initrd",
            options: options, created: created)
        self.original = original
        others = previous?.others ?? []
    }

    /// The entry for the current contents of `layer`; it keeps the changes and the health of this one.
    func renewed(_ contents: LayerContents, of layer: VolumePath, _ boot: BootState) -> BootEntry {
        var entry = BootEntry(contents, of: layer, created: created, after: self, options, boot)
        (entry.health, entry.problem) = (health, problem)
        return entry
    }
}
