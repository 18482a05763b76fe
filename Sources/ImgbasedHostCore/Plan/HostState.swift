public import ImgbasedCore

/// What the host looks like when a command starts: all that the planner knows.
public struct HostState: Hashable, Sendable {
    /// The volume groups.
    public var groups: [Group] = []
    /// The volumes of all groups.
    public var volumes: [Volume] = []
    /// The physical volumes.
    public var physicalVolumes: [PhysicalVolume] = []
    /// The devices a command named.
    public var disks: [Disk] = []
    /// The layer this system runs from.
    public var booted: VolumePath?
    /// What the boot loader has.
    public var boot = BootState()
    /// What the initramfs told of how this system was booted.
    public var earlyBoot: HostStatus.EarlyBoot?
    /// The programs that are run at events.
    public var hooks = Hooks()
    /// At how many places what was carried into the booted layer needs a look; `nil` where its report cannot be read.
    public var conflicts: Int? = 0
    /// Why the last attempt to complete a layer before its first boot failed.
    public var carryFailure: String?
    /// The layer of which the last changes were not carried into the booted one, as that keeps it.
    public var leftBehind: String?
    /// Where the booted system mounts `/config`.
    public var config = ConfigState()

    /// A host with nothing.
    public init() {}

    /// A volume group.
    public struct Group: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its identifier, as lvm2 prints it.
        public var uuid: String
        /// How large it is.
        public var size: Bytes
        /// What no volume has yet.
        public var free: Bytes
        /// How long an extent is.
        public var extentSize: Bytes
        /// Its tags.
        public var tags: Set<String>

        /// A group of these parts.
        public init(
            name: String, uuid: String, size: Bytes, free: Bytes, extentSize: Bytes, tags: Set<String>
        ) {
            self.name = name
            self.uuid = uuid
            self.size = size
            self.free = free
            self.extentSize = extentSize
            self.tags = tags
        }
    }

    /// A physical volume.
    public struct PhysicalVolume: Hashable, Sendable {
        /// Its device.
        public var path: String
        /// The group it is in, if any.
        public var group: String?

        /// The one on `path`.
        public init(path: String, group: String?) {
            self.path = path
            self.group = group
        }
    }

    /// A block device that a command named, and what is on it.
    public struct Disk: Hashable, Sendable {
        /// Its path, as given.
        public var path: String
        /// Its path, as the kernel has it.
        public var kernelPath: String
        /// How large it is.
        public var size: Bytes
        /// Whether writing to it is forbidden.
        public var isReadOnly: Bool
        /// What begins on it: partition tables, file systems, RAID members, by the names libblkid has.
        public var signatures: [String]
        /// The partitions on it and the devices made of it.
        public var holders: [String]
        /// Where it is mounted, or `[SWAP]`.
        public var mountPoints: [String]
        /// Whether it is a physical volume on which the first metadata of a group was begun and is not whole.
        public var isUnbegun = false

        /// A device of these parts.
        public init(
            path: String, kernelPath: String, size: Bytes, isReadOnly: Bool = false,
            signatures: [String] = [],
            holders: [String] = [], mountPoints: [String] = []
        ) {
            self.path = path
            self.kernelPath = kernelPath
            self.size = size
            self.isReadOnly = isReadOnly
            self.signatures = signatures
            self.holders = holders
            self.mountPoints = mountPoints
        }
    }
}

/// The boot loaders there are.
public enum BootLoader: Hashable, Sendable {
    /// GRUB, whose files are in `directory`.
    case grub(directory: String)
    /// systemd-boot, of which `/boot` is the ESP or an XBOOTLDR partition.
    case systemdBoot
}

/// What the boot loader has, as far as it concerns imgbased.
public struct BootState: Hashable, Sendable {
    /// Where what boot loaders read is mounted, or a directory.
    public static let mountPoint = "/boot"
    /// Where files are while they come or go: no boot loader looks there, and what is there when nothing runs is left over.
    public static let staging = mountPoint + "/imgbased/.staging"

    /// `/boot`.
    public var directory = BootState.mountPoint
    /// The path of `/boot` within its own file system: empty where it is a partition of its own, else `/boot`.
    public var prefix = ""
    /// The UUID of the file system `/boot` is, where it is one of its own.
    public var uuid: String?
    /// The type of the file system `/boot` is on.
    public var fileSystem = "ext4"
    /// The device of that file system.
    public var device: String?
    /// The UUID of that device, where device-mapper makes it: what is mapped makes it, and says so first.
    public var mapping: String?
    /// Whether that file system journals what is in files as well, not their places alone.
    public var isDataJournaled = false
    /// Whether the system's `/etc/fstab` has a `/boot` that is not mounted now.
    public var isMissing = false
    /// What can still be written there.
    public var free = Bytes(UInt64.max)
    /// Who boots, or `nil` where there is nobody we know.
    public var loader: BootLoader?
    /// What systemd-boot is told to boot once, by the name of the entry's file.
    public var oneShot: String?
    /// What systemd-boot is told to boot before what `loader.conf` says, by the name of an entry's file or a pattern of it.
    public var loaderDefault: String?
    /// The names of the files of each of our entries, by layer: more than one, where a change was cut short.
    public var entryFiles: [String: [String]] = [:]
    /// Those of them that do not say what `entries` has: of more than one, others do.
    public var damagedEntryFiles: Set<String> = []
    /// GRUB's configuration, as it is now.
    public var grubConfig: String?
    /// Our piece of it, as delivered.
    public var grubScript: GRUBSnippet?
    /// Whether grub-mkconfig finds it.
    public var isGRUBScriptLinked = false
    /// The text of each of our entries, by layer.
    public var entries: [String: String] = [:]
    /// GRUB's menu of them, as it is now.
    public var menu: String?
    /// The one that has all of them, as it is now.
    public var fullMenu: String?
    /// What GRUB loads a layer by in another's place, as it is now.
    public var loaderScript: String?
    /// What we recorded, as it is now: GRUB's environment block, or one in its form.
    public var environment: [UInt8]?
    /// The path where that is recorded, if a symbolic link is there: a boot loader knows one file system, in which that leads elsewhere
    /// or nowhere. What it leads to is not read.
    public var recordLink: String?
    /// What is recorded in it.
    public var record: BootRecord {
        let record = BootRecord(GRUBEnvironment(environment ?? []))
        return loader == .systemdBoot ? SystemdBoot.record(record, self) : record
    }
    /// The digests of the kernels and initramfs stored, complete and true to their name.
    public var digests: Set<String> = []
    /// Those of them that others refer to: they stay, whatever our entries say.
    public var foreignDigests: Set<String> = []
    /// The paths of new files that never took the place of the old, as an interrupted run left them.
    public var leftovers: [String] = []
    /// How much the largest kernel that is stored takes with its initramfs.
    public var largestPair = Bytes(0)
    /// The initramfs that were looked into and have no helper of ours, as entries name them.
    public var withoutHelper: Set<String> = []
    /// systemd-boot's configuration, as it is now.
    public var loaderConfig: String?
    /// The arguments the running kernel was given.
    public var runningArguments = ""
    /// Why the boot loader booted the running system, as it told the kernel.
    public var reason: BootReason? {
        KernelCommandLine(runningArguments).value("rd.imgbased.reason").flatMap(BootReason.init)
    }

    /// `/boot` as a partition of its own, with nothing of ours.
    public init() {}

    /// The layer whose entry a file named `name` is for `loader`; `nil` where it is somebody else's.
    public static func layer(ofEntryFile name: String, _ loader: BootLoader?) -> String? {
        loader == .systemdBoot ? SystemdBoot.FileName(name)?.layer : BootEntry.layer(ofFile: name)
    }
}

/// Where and how `/config` is.
public struct ConfigState: Hashable, Sendable {
    /// Whether something is mounted there.
    public var isMounted = false
    /// The running system's `/etc/fstab`.
    public var fstab: [UInt8] = []

    /// Not mounted.
    public init() {}
}
