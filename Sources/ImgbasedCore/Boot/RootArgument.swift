/// A volume named by an argument that is not our own.
public struct VolumeArgument: Hashable, Sendable {
    /// The volume group; `nil` if the argument does not name it.
    public let group: String?
    /// The name of the volume.
    public let volume: String
    /// The argument as it would be typed.
    public let text: String
}

extension VolumeArgument {
    // Directories X for which /dev/X/Y is not a volume.
    private static let otherDirectories: Set<String> = [
        "block", "bsg", "bus", "cciss", "char", "cpu", "disk", "dm", "dri", "fd", "ida", "input", "loop",
        "mapper",
        "md", "mqueue", "mtd", "nbd", "net", "pts", "rd", "shm", "snd", "ubi", "usb", "vfio", "zvol",
    ]

    /// The volume of `argument`, a `root=`: `/dev/GROUP/VOLUME` or `/dev/mapper/GROUP-VOLUME`.
    package init?(root argument: KernelCommandLine.Argument) {
        guard let value = argument.value, value.hasPrefix("/dev/") else { return nil }
        let parts = value.dropFirst(5).split(separator: "/", omittingEmptySubsequences: false).map(
            String.init)
        guard parts.count == 2 else { return nil }
        if parts[0] == "mapper" {
            guard let name = DeviceMapperName(parts[1]), name.layer == nil else { return nil }
            self.init(group: name.group, volume: name.volume, argument)
        } else if !VolumeArgument.otherDirectories.contains(parts[0]) {
            self.init(group: parts[0], volume: parts[1], argument)
        } else {
            return nil
        }
    }

    /// The volume of `argument` if it is an `rd.lvm.lv=GROUP/VOLUME`.
    init?(lvm argument: KernelCommandLine.Argument) {
        guard argument.name == "rd.lvm.lv" else { return nil }
        let parts = (argument.value ?? "").split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        self.init(group: String(parts[0]), volume: String(parts[1]), argument)
    }

    /// The volume of `argument`, an `img.bootid=VOLUME`.
    init?(bootID argument: KernelCommandLine.Argument) {
        self.init(group: nil, volume: argument.value ?? "", argument)
    }

    /// Whether the name of the volume has the form of a layer's.
    var hasNameOfLayer: Bool { (try? LayerName(volume, limit: VolumeName.readLimit)) != nil }

    private init?(group: String?, volume: String, _ argument: KernelCommandLine.Argument) {
        let limit = VolumeName.readLimit
        guard (try? VolumeName.check(volume, limit: limit)) != nil else { return nil }
        if let group, (try? VolumeName.checkGroup(group, limit: limit)) == nil { return nil }
        self.group = group
        self.volume = volume
        text = argument.text
    }
}
