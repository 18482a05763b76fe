/// What the kernel's command line asks of us (imgbased.cmdline(7)).
public struct BootRequest: Hashable, Sendable {
    /// How long to wait for disks where nobody says, in seconds.
    public static let defaultTimeout = 90

    /// Whether there is anything for us to do.
    public let isOurs: Bool
    /// Which layer.
    public let layer: LayerRequest
    /// Where that is said, as the argument would be typed; `default` where nowhere.
    public let layerSource: String
    /// Whether a name means the volume itself, layer or not: so with arguments that are not our own.
    public let namesVolumes: Bool
    /// Which volume group.
    public let groupSelector: GroupSelector
    /// How to mount the layer.
    public let mode: BootMode
    /// Whether to mount it read-write at once: by `mode` or, where no mode is given, by the last of `ro` and `rw`, or of
    /// these in `rootflags=`. After `ro` the booted system makes it writable when it has checked it.
    public let mountsWritable: Bool
    /// What to try, in that order, instead of `layer`.
    public let fallback: [LayerRequest]
    /// Why the boot loader booted this, where it says so.
    public let reason: BootReason?
    /// Who activates.
    public let activate: Activator
    /// How long to wait for disks, in seconds.
    public let timeout: Int
    /// Whether the metadata of the pool is checked first.
    public let thinCheck: ThinCheckPolicy
    /// Whether the file system of the layer is checked first.
    public let fileSystemCheck: FileSystemCheck
    /// Options to mount it with, `rootflags=`.
    public let rootFlags: MountOptions
    /// The program the booted system is to begin with, where `init=` names one.
    public let initProgram: String?
    /// The value of `root=`, which may name something else than the layer.
    public let rootArgument: String?
    /// What was not understood, each one line that names what would have been.
    public let warnings: [String]

    /// How long to wait for what else is slow.
    public var limits: BootLimits { BootLimits(timeout: timeout, isOnTrial: reason == .trial) }

    private static let prefix = "rd.imgbased."
    private static let known = [
        "activate", "fallback", "layer", "mode", "reason", "thincheck", "timeout", "vg",
    ]

    /// Reads `commandLine`. Of an argument that is there more than once the last one counts.
    public init(commandLine: KernelCommandLine) {
        var reader = BootArgumentReader(commandLine)
        reader.warnOfUnknown(prefix: BootRequest.prefix, known: BootRequest.known)
        let isOn = reader.isOn(true, "rd.imgbased")

        let root = commandLine.last("root")
        let rootVolume = root.flatMap { VolumeArgument(root: $0) }
        // One argument a volume: swap space is among them as a rule.
        let lvmVolumes = commandLine.arguments.compactMap { VolumeArgument(lvm: $0) }
        let lvmVolume = lvmVolumes.last { $0.hasNameOfLayer } ?? lvmVolumes.last
        let bootID = commandLine.last("img.bootid").flatMap { VolumeArgument(bootID: $0) }
        // What an ordinary initramfs would mount comes first, so that both boot the same.
        let older = rootVolume ?? (root == nil ? bootID ?? lvmVolume : nil)

        let own = reader.read(
            "rd.imgbased.layer", valid: "the name of a layer or a base, latest, previous", LayerRequest.init)
        layer = own ?? older.map { .named($0.volume) } ?? .latest
        layerSource =
            own.map { "rd.imgbased.layer=\($0)" } ?? older?.text ?? "default"
        namesVolumes = own == nil && older != nil
        isOurs = isOn && (older != nil || commandLine.last("rd.imgbased.layer") != nil)

        let group = reader.read("rd.imgbased.vg", valid: "the name of a volume group") { name in
            (try? VolumeName.checkGroup(name, limit: VolumeName.readLimit)).map { name }
        }
        // root= of our own entries names the group as well. Beside another layer, rd.lvm.lv= does not count: it often is
        // there for swap space.
        let olderGroup = rootVolume?.group ?? (namesVolumes ? older?.group ?? lvmVolume?.group : nil)
        groupSelector = (group ?? olderGroup).map(GroupSelector.named) ?? .default

        let mode = reader.read("rd.imgbased.mode", valid: BootMode.words, BootMode.init)
        self.mode = mode ?? .readWrite
        let lastOfBoth = commandLine.arguments.last {
            $0.value == nil && ($0.name == "ro" || $0.name == "rw")
        }
        rootFlags = MountOptions(commandLine.value("rootflags") ?? "")
        mountsWritable =
            mode.map { $0 == .readWrite } ?? lastOfBoth.map { $0.name == "rw" }
            ?? (rootFlags.isReadOnly != true)
        activate = reader.read("rd.imgbased.activate", valid: Activator.words, Activator.init) ?? .auto
        timeout =
            reader.read("rd.imgbased.timeout", valid: "seconds, 0 to 86400") { text in
                Int(text).flatMap { (0...86400).contains($0) ? $0 : nil }
            } ?? BootRequest.defaultTimeout
        thinCheck =
            reader.read("rd.imgbased.thincheck", valid: ThinCheckPolicy.words, ThinCheckPolicy.init) ?? .auto
        fileSystemCheck = FileSystemCheck(commandLine)
        fallback = reader.list(
            "rd.imgbased.fallback", valid: "names of layers or bases, latest, previous, with commas between",
            LayerRequest.init)
        reason = reader.read("rd.imgbased.reason", valid: BootReason.words, BootReason.init)
        for word in rootFlags.leftOut {
            reader.warn("'\(word)' in 'rootflags=' cannot be done for a root, ignoring")
        }
        initProgram = commandLine.value("init")
        rootArgument = root?.value
        warnings = reader.warnings
    }
}
