public import ImgbasedCore

/// The host when a command starts: everything the planner knows.
public struct HostState: Hashable, Sendable {
    /// The volume groups.
    public var groups: [Group] = []
    /// The volumes of all groups.
    public var volumes: [Volume] = []
    /// The physical volumes of all groups, and those without a group.
    public var physicalVolumes: [PhysicalVolume] = []
    /// The devices named on the command line.
    public var disks: [Disk] = []
    /// The layer this system runs from; `nil` if it runs from none.
    public var booted: VolumePath?
    /// The volume mounted at `/`, a layer or not; `nil` if `/` is none of `volumes`.
    public var root: VolumePath?
    /// The state of `/boot` and the boot loader.
    public var boot = BootState()
    /// The initramfs's report of this boot; `nil` if there is none.
    public var earlyBoot: HostStatus.EarlyBoot?
    /// The programs that run at events.
    public var hooks = Hooks()
    /// What the report on the carry into the booted layer counts; `nil` if it cannot be read.
    public var carried: CarryCounts? = CarryCounts()
    /// What became of the packages added in the layer that was carried into the booted one.
    public var packages = PackageRecord()
    /// Why the last attempt to complete a layer before its first boot failed; `nil` if it did not fail.
    public var carryFailure: String?
    /// The layer whose last changes were not carried into the booted one, as recorded there; `nil` if none.
    public var leftBehind: String?
    /// The state of `/config` on the booted system.
    public var config = ConfigState()

    /// A host without anything.
    public init() {}

    /// A volume group.
    public struct Group: Hashable, Sendable {
        /// The name of the group.
        public var name: String
        /// The identifier, as lvm2 prints it.
        public var uuid: String
        /// The total size.
        public var size: Bytes
        /// The space that no volume uses.
        public var free: Bytes
        /// The size of an extent, the unit of allocation.
        public var extentSize: Bytes
        /// The LVM tags, ours and others.
        public var tags: Set<String>

        /// A group with these values.
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
        /// The path of its device.
        public var path: String
        /// Its volume group; `nil` if none.
        public var group: String?

        /// The physical volume on `path`.
        public init(path: String, group: String?) {
            self.path = path
            self.group = group
        }
    }

    /// A block device named on the command line, with its contents.
    public struct Disk: Hashable, Sendable {
        /// The path, as given.
        public var path: String
        /// The path that the kernel uses.
        public var kernelPath: String
        /// The size of the device.
        public var size: Bytes
        /// Whether the device forbids writes.
        public var isReadOnly: Bool
        /// The signatures on it, by libblkid's names: partition tables, file systems, RAID members.
        public var signatures: [String]
        /// The partitions on it, and the devices made of it.
        public var holders: [String]
        /// The directories where it is mounted, or `[SWAP]`.
        public var mountPoints: [String]
        /// Whether it is a physical volume with unfinished first metadata of a group.
        public var isUnbegun = false

        /// A device with these values.
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

extension HostState {
    /// The volume at `path`; `nil` if it does not exist.
    func volume(_ path: VolumePath) -> Volume? {
        volumes.first { $0.path == path }
    }

    /// The group `name`; throws if it does not exist.
    func group(_ name: String) throws(HostReason) -> Group {
        guard let group = groups.first(where: { $0.name == name }) else { throw .noGroup(name) }
        return group
    }

    /// The thin pool for new volumes; throws unless it is complete.
    func pool(_ names: HostNames) throws(HostReason) -> Volume {
        _ = try group(names.group)
        guard let pool = volume(names.poolPath), !pool.isBuilding else { throw .noPool(names.poolPath) }
        guard pool.segmentType == "thin-pool" else {
            throw .wrongKind(pool.path, is: pool.segmentType, wanted: "thin pool")
        }
        return pool
    }

    /// Whether an entry besides ours booted this system: it runs from no layer, or from one of oVirt's
    /// imgbased.
    var runsBesides: Bool {
        guard let booted else { return true }
        return volume(booted)?.isForeignLayer == true && boot.reason == nil
    }

    /// Whether a layer must come up healthy before it becomes the default: an entry besides ours booted this
    /// system, and no layer has come up healthy yet. The system booted now is the way back, so GRUB must
    /// count tries.
    var canGoBackBesides: Bool {
        // A new installation has nothing besides.
        guard boot.loader != nil, boot.newMounts.isEmpty, runsBesides, boot.record.good == nil else {
            return false
        }
        if case .triesNotCounted = boot.problem { return false }
        return !BootPlanner.entries(boot).contains { $0.health == .good }
    }
}

/// The supported boot loaders.
public enum BootLoader: Hashable, Sendable {
    /// GRUB, with its files in `directory`.
    case grub(directory: String)
    /// systemd-boot; `/boot` is the ESP or an XBOOTLDR partition.
    case systemdBoot
}

/// The state of `/boot` and the boot loader, for imgbased.
public struct BootState: Hashable, Sendable {
    /// The mount point or directory of the boot loader's files.
    public static let mountPoint = "/boot"
    /// The directory for files in transit: no boot loader reads it, and its contents are debris when nothing
    /// runs.
    public static let staging = mountPoint + "/imgbased/.staging"

    /// The directory of the boot loader's files, `/boot`.
    public var directory = BootState.mountPoint
    /// The path of `/boot` within its file system: empty if it is its own partition, or else `/boot`.
    public var prefix = ""
    /// The UUID of the file system of `/boot`; `nil` if it is not its own.
    public var uuid: String?
    /// The type of the file system that `/boot` is on.
    public var fileSystem = "ext4"
    /// The device of that file system; `nil` if unknown.
    public var device: String?
    /// The device-mapper UUID of that device, which begins with the kind of mapping; `nil` for other devices.
    public var mapping: String?
    /// Whether that file system journals file contents, not only metadata.
    public var isDataJournaled = false
    /// Whether the system's `/etc/fstab` has a `/boot` that is not mounted now.
    public var isMissing = false
    /// The free space of that file system.
    public var free = Bytes(UInt64.max)
    /// The boot loader; `nil` if none is known.
    public var loader: BootLoader?
    /// The file name of the entry that systemd-boot boots once; `nil` if none.
    public var oneShot: String?
    /// The file name or pattern of the entry that systemd-boot prefers to the default in `loader.conf`; `nil`
    /// if none.
    public var loaderDefault: String?
    /// The files of our entries, by layer; more than one after an interrupted change.
    public var entryFiles: [String: [String]] = [:]
    /// The files among them that do not match `entries`; another file of the layer does.
    public var damagedEntryFiles: Set<String> = []
    /// The current GRUB configuration; `nil` if there is none.
    public var grubConfig: String?
    /// The script that `boot install` puts into it, as delivered; `nil` if missing.
    public var grubScript: String?
    /// Whether grub-mkconfig finds the program that keeps our part.
    public var isGRUBScriptLinked = false
    /// The texts of our entries, by layer.
    public var entries: [String: String] = [:]
    /// GRUB's current menu of them; `nil` if there is none.
    public var menu: String?
    /// The current menu with all layers; `nil` if there is none.
    public var fullMenu: String?
    /// The current script that loads a layer in another's place; `nil` if there is none.
    public var loaderScript: String?
    /// The current environment block: GRUB's, or a record in its format; `nil` if there is none.
    public var environment: [UInt8]?
    /// The path of the record if it is a symbolic link; `nil` otherwise. A boot loader knows one file system,
    /// in which the link leads elsewhere or nowhere. Its target is not read.
    public var recordLink: String?
    /// The current boot record.
    public var record: BootRecord {
        let record = BootRecord(GRUBEnvironment(environment ?? []))
        return loader == .systemdBoot ? SystemdBoot.record(record, self) : record
    }
    /// The digests of the stored kernels and initramfs that are complete and match their digest.
    public var digests: Set<String> = []
    /// The digests among them that foreign entries name: those stay in any case.
    public var foreignDigests: Set<String> = []
    /// The paths of new files that never replaced the old ones, left by an interrupted run.
    public var leftovers: [String] = []
    /// The size of the largest stored kernel with its initramfs.
    public var largestPair = Bytes(0)
    /// The initramfs in entries that were read and lack our helper, by path.
    public var withoutHelper: Set<String> = []
    /// systemd-boot's current configuration; `nil` if there is none.
    public var loaderConfig: String?
    /// The command line of the running kernel.
    public var runningArguments = ""
    /// The lines that a new installation needs in the layer's table, whatever the image has; empty on a host
    /// that is installed already.
    public var newMounts: [FSTab.Entry] = []
    /// Why the boot loader booted the running system, from the command line; `nil` if not told.
    public var reason: BootReason? {
        KernelCommandLine(runningArguments).value("rd.imgbased.reason").flatMap(BootReason.init)
    }

    /// `/boot` as a separate partition, with nothing of ours.
    public init() {}

    /// The layer of the entry file `name` for `loader`; `nil` if the file is not ours.
    public static func layer(ofEntryFile name: String, _ loader: BootLoader?) -> String? {
        loader == .systemdBoot ? SystemdBoot.FileName(name)?.layer : BootEntry.layer(ofFile: name)
    }
}

/// The state of `/config`.
public struct ConfigState: Hashable, Sendable {
    /// Whether something is mounted there.
    public var isMounted = false
    /// The running system's `/etc/fstab`.
    public var fstab: [UInt8] = []

    /// A `/config` that is not mounted.
    public init() {}
}
