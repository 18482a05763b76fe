/// The request that the kernel command line makes (imgbased.cmdline(7)).
public struct BootRequest: Hashable, Sendable {
    /// The seconds to wait for disks if the command line does not say.
    public static let defaultTimeout = 90

    /// Whether the helper has anything to do.
    public let isOurs: Bool
    /// The layer to boot.
    public let layer: LayerRequest
    /// The argument that names the layer, as it would be typed; `default` if none does.
    public let layerSource: String
    /// Whether a name means the volume itself, layer or not; true for arguments that are not our own.
    public let namesVolumes: Bool
    /// The volume group to use.
    public let groupSelector: GroupSelector
    /// How to mount the layer.
    public let mode: BootMode
    /// Whether to mount the layer read-write at once.
    ///
    /// `mode` decides or, if it is not given, the last of `ro` and `rw`, or of these in `rootflags=`. After
    /// `ro` the booted system checks the layer and then makes it writable.
    public let mountsWritable: Bool
    /// The layers to try instead of `layer`, in order.
    public let fallback: [LayerRequest]
    /// Why the boot loader booted this; `nil` if it does not say.
    public let reason: BootReason?
    /// The code that activates the volumes.
    public let activate: Activator
    /// The seconds to wait for disks, 0 to 86400.
    public let timeout: Int
    /// Whether the metadata of the pool is checked first.
    public let thinCheck: ThinCheckPolicy
    /// Whether the file system of the layer is checked first.
    public let fileSystemCheck: FileSystemCheck
    /// The mount options of `rootflags=`.
    public let rootFlags: MountOptions
    /// The program that the booted system starts, from `init=`; `nil` without the argument.
    public let initProgram: String?
    /// The value of `root=`, which may name something other than the layer; `nil` without one.
    public let rootArgument: String?
    /// Warnings about arguments not understood; each is one line that names the valid ones.
    public let warnings: [String]

    /// The limits for slow work other than disks.
    public var limits: BootLimits { BootLimits(timeout: timeout, isOnTrial: reason == .trial) }

    private static let prefix = "rd.imgbased."
    private static let known = [
        "activate", "fallback", "layer", "mode", "reason", "thincheck", "timeout", "vg",
    ]

    /// Reads `commandLine`; of repeated arguments the last one counts.
    public init(commandLine: KernelCommandLine) {
        var reader = BootArgumentReader(commandLine)
        reader.warnOfUnknown(prefix: BootRequest.prefix, known: BootRequest.known)
        let isOn = reader.isOn(true, "rd.imgbased")

        let root = commandLine.last("root")
        let rootVolume = root.flatMap { VolumeArgument(root: $0) }
        // One argument per volume; swap space is usually among them.
        let lvmVolumes = commandLine.arguments.compactMap { VolumeArgument(lvm: $0) }
        let lvmVolume = lvmVolumes.last { $0.hasNameOfLayer } ?? lvmVolumes.last
        let bootID = commandLine.last("img.bootid").flatMap { VolumeArgument(bootID: $0) }
        // The volume that an ordinary initramfs would mount comes first, so that both boot the same.
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
        // root= of our own entries also names the group. Beside another layer, rd.lvm.lv= does not count: it
        // often names swap space.
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
