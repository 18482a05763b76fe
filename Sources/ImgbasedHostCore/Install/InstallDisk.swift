public import ImgbasedCore

/// A disk named for an installation, with everything on it.
public struct InstallDisk: Hashable, Sendable {
    /// A device on the disk: a partition, or a mapping of one.
    public struct Device: Hashable, Sendable {
        /// The path that the kernel uses.
        public var path: String
        /// The kind, with lsblk's names: `part`, `lvm`, `crypt`.
        public var kind: String
        /// The identifier in a GUID partition table, in lower case; `nil` if none.
        public var id: String?
        /// The directories where it is mounted, or `[SWAP]`.
        public var mountPoints: [String]
        /// The type of what it holds, by libblkid's names; `nil` if that is not known.
        public var signature: String?
        /// Whether other devices are on it.
        public var hasDevices: Bool
        /// Whether a program or the kernel holds it, and not for a device on it.
        public var isHeld = false

        /// A device with these values.
        public init(
            path: String, kind: String, id: String? = nil, mountPoints: [String] = [],
            signature: String? = nil, hasDevices: Bool = false
        ) {
            self.path = path
            self.kind = kind
            self.id = id
            self.mountPoints = mountPoints
            self.signature = signature
            self.hasDevices = hasDevices
        }
    }

    /// A host of imgbased, known by its volume group.
    public struct Host: Hashable, Sendable {
        /// The name of the group.
        public var group: String
        /// The identifier of the group.
        public var id: String

        /// A host with this group.
        public init(group: String, id: String) {
            self.group = group
            self.id = id
        }
    }

    /// The disk itself.
    public var disk: HostState.Disk
    /// The kind, with lsblk's names: `disk`, `loop`, `part`.
    public var kind: String
    /// The devices on the disk; each comes after the one it is on.
    public var devices: [Device]
    /// Whether a program or the kernel holds the disk or a partition of it.
    public var isHeld: Bool
    /// The host on it, as its physical volumes tell; `nil` if there is none.
    ///
    /// lvm2 does not show a group whose newest metadata was torn by a power cut.
    public var host: Host?
    /// The size of its logical sectors.
    public var sectorSize = Bytes(512)

    /// The identifier of the first partition until the installation is complete.
    ///
    /// A disk with this mark is this command's own. It does not boot, so it holds nothing yet.
    public static let mark = "1d6b05e1-1257-4a11-9f00-696d67626173"

    /// A disk with these values.
    public init(_ disk: HostState.Disk, kind: String, devices: [Device] = [], isHeld: Bool = false) {
        self.disk = disk
        self.kind = kind
        self.devices = devices
        self.isHeld = isHeld
    }

    /// The path, as given.
    public var path: String { disk.path }

    /// Whether an installation on it was begun and not completed.
    public var isUnfinished: Bool { partitions.contains { $0.id == InstallDisk.mark } }

    /// The partitions.
    var partitions: [Device] { devices.filter { $0.kind == "part" } }

    /// What can hide a host, by libblkid's names; `nil` if nothing does.
    var cover: String? {
        (disk.signatures + partitions.compactMap(\.signature)).first {
            $0 == "crypto_LUKS" || $0.hasSuffix("_raid_member")
        }
    }

    /// Whether nothing is on it.
    var isEmpty: Bool { disk.signatures.isEmpty && devices.isEmpty }

    /// The use that forbids any change; `nil` if there is none.
    ///
    /// An active volume is no use: systems activate all volumes they find, and lvm2 does not deactivate a
    /// volume in use.
    ///
    /// - Parameter isOurs: Whether it is an unfinished installation's.
    func use(isOurs: Bool) -> String? {
        if let place = disk.mountPoints.first ?? devices.lazy.compactMap(\.mountPoints.first).first {
            return place
        }
        if let holder = devices.first(where: { !["part", "lvm"].contains($0.kind) }) { return holder.path }
        // The disk is held with any of its partitions: the volume on one does not excuse another.
        if !isOurs, devices.contains(where: \.isHeld) { return "another program" }
        let isHeldByVolume = isOurs || devices.contains { $0.kind == "lvm" }
        return isHeld && !isHeldByVolume ? "another program" : nil
    }

    /// The paths by which lvm2 can know physical volumes on it.
    var physicalVolumePaths: Set<String> {
        Set([disk.path, disk.kernelPath] + devices.map(\.path))
    }

    /// The contents in words, for a refusal.
    var words: String {
        let partitions = partitions.count
        let counted = partitions == 1 ? "1 partition" : "\(partitions) partitions"
        let words = disk.signatures + (partitions == 0 ? [] : [counted])
        return words.isEmpty ? "something" : words.joined(separator: ", ")
    }
}
