import ImgbasedCore

/// What is in a layer, as far as its boot entry needs it.
public struct LayerContents: Hashable, Sendable {
    /// The type of its file system.
    public var type: FileSystemType
    /// Its `/etc/fstab`, empty where there is none.
    public var fstab: [UInt8]
    /// What its operating system is called.
    public var release: OSRelease
    /// The kernel's arguments its `/etc/kernel/cmdline` or `/usr/lib/kernel/cmdline` has.
    public var arguments: BootArguments?
    /// Its kernel and initramfs.
    public var files: BootFiles
    /// Whether that initramfs has our helper.
    public var helper: HelperPresence

    /// Contents of these parts.
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

    /// What a plan shows where the layer cannot be looked at before it is there.
    public static let unknown = LayerContents(
        type: .ext4, fstab: Array("<the other lines of the layer's /etc/fstab>\n".utf8),
        release: OSRelease("PRETTY_NAME=\"<its operating system>\""), arguments: nil,
        files: BootFiles(
            version: "<the newest in the layer>", linux: "<its kernel>", initrd: "<its initramfs>",
            digest: "<digest of both>", size: Bytes(0)))
}

extension LayerContents {
    /// Throws where `layer` cannot be booted with what is in it.
    func check(_ layer: String) throws(HostReason) {
        if helper == .absent { throw .noHelper(layer: layer, initrd: files.initrd) }
    }

    /// What is told where it cannot be said whether it can.
    func warnings(_ layer: String) -> [Step] {
        guard case .unknown(let reason) = helper else { return [] }
        let text =
            "the initramfs of layer '\(layer)' cannot be looked into, and may be without imgbase-initrd: \(reason)"
        return [.tell([JournalMessage(.warning, layer: layer, text)], motd: nil)]
    }
}

extension BootEntry {
    /// The entry of `layer`, in which `contents` are. What an administrator has done to the `previous` entry is done to this
    /// one; `arguments` are those of a layer that has none of its own and no such entry.
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

    /// Throws where the kernel would not take all of its arguments.
    func checkLength() throws(HostReason) {
        try options.checkLength(of: layer, linux: linux)
    }

    /// The same entry with what is in `layer` now, and what was changed in it or is known of the layer.
    func renewed(_ contents: LayerContents, of layer: VolumePath, _ boot: BootState) -> BootEntry {
        var entry = BootEntry(contents, of: layer, created: created, after: self, options, boot)
        (entry.health, entry.problem) = (health, problem)
        return entry
    }
}
