public import ImgbasedCore

/// A step of a plan in the words of this domain; each is idempotent or atomic.
public enum Step: Hashable, Sendable {
    /// Clears a disk on which the creation of a volume group was interrupted.
    case clearPhysicalVolume(disk: String)
    /// Makes a disk a physical volume.
    case createPhysicalVolume(disk: String)
    /// Makes a volume group of physical volumes.
    case createGroup(String, disks: [String])
    /// Restores the newest whole metadata with lvm2.
    case repairGroup(GroupRepair)
    /// Tags an existing volume group as ours.
    case adoptGroup(String)
    /// Makes a thin pool, not yet complete.
    case createPool(VolumePath, size: Bytes, metadataSize: Bytes)
    /// Declares the pool complete.
    case sealPool(VolumePath)
    /// Makes an ordinary volume, not yet complete.
    case createVolume(VolumePath, size: Bytes)
    /// Makes an ext4 file system.
    case makeFileSystem(VolumePath, label: String, uuid: String)
    /// Replays the journal of an ext4 file system that is not mounted, and repairs the file system if it is
    /// damaged.
    case repairFileSystem(VolumePath)
    /// Declares an ordinary volume complete.
    case sealVolume(VolumePath)
    /// Makes a directory of the running system.
    case makeDirectory(String)
    /// Replaces or makes a file of the running system.
    case replaceFile(path: String, contents: [UInt8], isOnBoot: Bool)
    /// Makes or replaces a symbolic link of the running system.
    case link(path: String, target: String)
    /// Removes a file of the running system.
    case removeFile(String)
    /// Throws unless GRUB can read a script.
    case checkScript(name: String, String)
    /// Mounts a directory as in `/etc/fstab`.
    case mount(String)
    /// Makes an empty thin volume for a base, not yet complete.
    case createBase(VolumePath, pool: String, size: Bytes)
    /// Makes a writable snapshot of the thin volume of the running root for a base, not yet complete.
    case createBaseSnapshot(VolumePath, of: VolumePath)
    /// Writes an image to a base, and takes its digest.
    case writeImage(String, to: VolumePath, ImageAllowance)
    /// Makes the file system of a base that is filled file by file.
    case makeBaseFileSystem(VolumePath, FileSystemDraft)
    /// Writes the files of an image to a base, and takes the digest of the file system.
    case fillBase(String, ImageTree.Format, to: VolumePath, FileSystemType)
    /// Makes a base read-only, now that its digest is known: even a mount could change it.
    case protectBase(VolumePath)
    /// Declares a read-only base complete, records its digest, and for an update marks it as not complete.
    case sealBase(VolumePath, isUpdate: Bool)
    /// Records that the update that wrote a base is complete.
    case completeUpdate(VolumePath)
    /// Makes a writable snapshot for a layer, not yet complete.
    case createLayer(VolumePath, from: VolumePath)
    /// Checks the file system of a layer, gives it its own UUID, and grows it to its volume.
    case renewFileSystem(VolumePath, type: FileSystemType, uuid: String)
    /// Makes a directory in a layer that is not mounted.
    case makeLayerDirectory(VolumePath, type: FileSystemType, path: String)
    /// Replaces a file in a layer that is not mounted.
    case replaceLayerFile(VolumePath, type: FileSystemType, path: String, contents: [UInt8])
    /// Stores a kernel and its initramfs in `/boot`, by content.
    case installBootFiles(BootFiles, from: BootFileSource, directory: String)
    /// Removes kernels and initramfs from `/boot` that no entry names.
    case removeBootFiles([String], directory: String)
    /// Carries the configuration of one layer into another.
    case carry(CarryOrder)
    /// Declares a layer complete, and records the layer carried into it.
    case sealLayer(VolumePath, base: String, carriedFrom: String?)
    /// Records the progress of the carry from another layer.
    case recordCarry(VolumePath, from: String, CarryProgress)
    /// Sets systemd-boot's one-time entry; an empty name clears it.
    case bootOnce(String)
    /// Records that the boot menu has the layer.
    case listLayer(VolumePath)
    /// Writes the boot record into the boot loader's environment.
    case recordBoot(BootRecord, path: String, environment: [UInt8])
    /// Makes the device of a complete volume.
    case activateVolume(VolumePath)
    /// Removes the device of a volume.
    case deactivateVolume(VolumePath)
    /// Runs the programs of administrators and packages for an event.
    case runHooks(HookRun)
    /// Keeps a base from being removed to make room.
    case pin(VolumePath)
    /// Lets a base be removed to make room again.
    case unpin(VolumePath)
    /// Marks a base or layer as being removed: its removal will be finished.
    case beginRemoval(VolumePath)
    /// Takes that mark away: the base or layer stays.
    case cancelRemoval(VolumePath)
    /// Removes an entry file, before the files that it names.
    case removeEntry(path: String)
    /// Removes a volume.
    case removeVolume(VolumePath)
    /// Writes to the journal and the login message; `nil` keeps the current login message.
    case tell([JournalMessage], motd: [String]?)
    /// Removes the devices of a group's volumes.
    case deactivateGroup(String)
    /// Clears a disk and its partitions of all signatures.
    case clearDisk(String, parts: [String])
    /// Writes a partition table.
    case partition(PartitionTable)
    /// Makes the ext4 file system of a new `/boot`.
    case makeBootFileSystem(String, uuid: String)
    /// Makes the file system of a new ESP, in a part of the device if one is given; its id has eight
    /// hexadecimal digits.
    case makeESP(String, id: String, in: DeviceWindow?)
    /// Mounts a device, or a part of it, for the rest of the command.
    case mountDevice(String, type: String, at: String, in: DeviceWindow? = nil)
    /// Unmounts a device, with everything written to it on the disk.
    case unmountDevice(String, at: String)
    /// Gives a layer that is not mounted the settings of an installation.
    case setUpLayer(LayerSetup)
    /// Installs GRUB with its modules on a disk, whose file systems are mounted.
    case installGRUB(GRUBPlatform, disk: String)
    /// Installs systemd-boot on the ESP mounted at `/boot`.
    case installSystemdBoot
    /// Flushes all disks, then changes the first partition of the first in one write: an installation is
    /// complete.
    case declareInstalled(disks: [String], PartitionTable.Partition)
    /// Starts a unit of ours, which does its work at shutdown.
    case startUnit(String)
    /// Restarts the system.
    case restart
}

/// The file systems that a base can have.
public enum FileSystemType: String, Hashable, Sendable, Encodable {
    case ext4, xfs
}

/// The progress of carrying a layer's configuration into another.
public enum CarryProgress: Hashable, Sendable {
    /// Later changes there are still to be carried.
    case open
    /// All changes were carried at shutdown.
    case settled
    /// The other layer has its own configuration.
    case over
}

/// The origin of a kernel and its initramfs.
public enum BootFileSource: Hashable, Sendable {
    /// The running system, with all its mounts.
    case running
    /// The running layer alone: a mounted `/boot` would hide its files.
    case runningAlone
    /// A layer, which is mounted privately.
    case layer(VolumePath, FileSystemType)
}

/// The kernel and initramfs of a layer.
public struct BootFiles: Hashable, Sendable {
    /// The version of the kernel.
    public var version: String
    /// The path of the kernel in the layer.
    public var linux: String
    /// The path of the initramfs in the layer.
    public var initrd: String
    /// The name of the stored pair: the output of `sha256sum linux initrd | sha256sum`.
    public var digest: String
    /// The space that both need.
    public var size: Bytes

    /// Files with these values.
    public init(version: String, linux: String, initrd: String, digest: String, size: Bytes) {
        self.version = version
        self.linux = linux
        self.initrd = initrd
        self.digest = digest
        self.size = size
    }
}

extension BootFileSource: CustomStringConvertible {
    /// The origin, as part of a sentence.
    public var description: String {
        switch self {
        case .running: "the running system"
        case .runningAlone: "the running layer"
        case .layer(let path, _): "layer '\(path.name)'"
        }
    }
}

extension Step {
    /// Whether the step only checks if the rest may be done.
    public var isCheck: Bool {
        switch self {
        case .checkScript, .runHooks: true
        default: false
        }
    }
}

extension Step: CustomStringConvertible {
    /// The step in one line for people.
    public var description: String {
        switch self {
        case .clearPhysicalVolume(let disk):
            "clear '\(disk)', on which the creation of a volume group was interrupted"
        case .createPhysicalVolume(let disk): "make '\(disk)' a physical volume"
        case .createGroup(let name, let disks):
            "make volume group '\(name)' of \(disks.joined(separator: ", "))"
        case .repairGroup(let repair):
            "bring back change \(repair.sequenceNumber) of the metadata of volume group '\(repair.group)'"
        case .adoptGroup(let name): "tag volume group '\(name)'"
        case .createPool(let path, let size, let metadata):
            "make pool '\(path)' of \(size.formatted), with \(metadata.formatted) of metadata"
        case .sealPool(let path): "declare pool '\(path)' complete"
        case .createVolume(let path, let size): "make volume '\(path)' of \(size.formatted)"
        case .makeFileSystem(let path, _, let uuid): "make an ext4 file system with UUID \(uuid) on '\(path)'"
        case .sealVolume(let path): "declare volume '\(path)' complete"
        case .makeDirectory(let path): "make directory '\(path)'"
        case .replaceFile(let path, let contents, _): "write '\(path)' (\(contents.count) bytes)"
        case .link(let path, let target): "make '\(path)' a link to '\(target)'"
        case .removeFile(let path): "remove '\(path)'"
        case .checkScript(let name, _): "check that GRUB can read the new '\(name)'"
        case .repairFileSystem(let path): "check and repair the file system in '\(path)'"
        case .mount(let path): "mount '\(path)'"
        case .createBase(let path, let pool, let size):
            "make base '\(path.name)' of \(size.formatted) in pool '\(path.group)/\(pool)'"
        case .writeImage(let image, let path, let allowance):
            "write image '\(image)' to base '\(path.name)'\(allowance.isSparse ? ", without its zero blocks" : "")"
        case .makeBaseFileSystem(let path, let draft):
            "make a file system of type \(draft.type.rawValue) with UUID \(draft.uuid) on base '\(path.name)'"
        case .createBaseSnapshot(let path, let origin):
            "make base '\(path.name)' as a snapshot of '\(origin)'"
        case .fillBase(_, .system, let path, _): "write the running system to base '\(path.name)'"
        case .fillBase(let image, let format, let path, _):
            "write the files of \(format.rawValue) image '\(image)' to base '\(path.name)'"
        case .protectBase(let path): "make base '\(path.name)' read-only"
        case .sealBase(let path, _): "declare base '\(path.name)' complete"
        case .completeUpdate(let path): "record that the update to base '\(path.name)' is complete"
        case .createLayer(let path, let source): "make layer '\(path.name)' on '\(source.name)'"
        case .renewFileSystem(let path, let type, let uuid):
            "check the \(type.rawValue) file system of '\(path.name)', give it UUID \(uuid) and its full size"
        case .makeLayerDirectory(let path, _, let directory):
            "make directory '\(directory)' in layer '\(path.name)'"
        case .replaceLayerFile(let path, _, let file, let contents):
            "write '\(file)' in layer '\(path.name)' (\(contents.count) bytes)"
        case .installBootFiles(let files, let source, let directory):
            "copy kernel \(files.version) and its initramfs from \(source) to '\(directory)/\(files.digest)'"
        case .removeBootFiles(let digests, let directory):
            "remove the files that no entry refers to from '\(directory)': \(digests.joined(separator: ", "))"
        case .carry(let order):
            "carry the configuration of layer '\(order.from.name)' into '\(order.to.name)'"
        case .sealLayer(let path, let base, _): "declare layer '\(path.name)' of base '\(base)' complete"
        case .recordCarry(let path, let from, .open):
            "record that changes in '\(from)' are to be carried into layer '\(path.name)'"
        case .recordCarry(let path, let from, .settled):
            "record that nothing is left in '\(from)' to be carried into layer '\(path.name)'"
        case .recordCarry(let path, let from, .over):
            "carry nothing more of '\(from)' into layer '\(path.name)'"
        case .bootOnce(let name): name.isEmpty ? "boot nothing once" : "boot entry '\(name)' once"
        case .listLayer(let path): "record that the boot menu has layer '\(path.name)'"
        case .recordBoot(let record, _, _): "record for the boot loader: \(record)"
        case .activateVolume(let path): "activate volume '\(path)'"
        case .deactivateVolume(let path): "deactivate volume '\(path)'"
        case .runHooks(let run): "\(run)"
        case .pin(let path): "pin base '\(path.name)'"
        case .unpin(let path): "unpin base '\(path.name)'"
        case .beginRemoval(let path): "mark '\(path)' as being removed"
        case .cancelRemoval(let path): "keep '\(path)' after all"
        case .removeEntry(let path): "remove entry '\(path)'"
        case .removeVolume(let path): "remove volume '\(path)'"
        case .tell(let messages, _):
            "show at login, and write to the journal: \(messages.map(\.text).joined(separator: "; "))"
        case .deactivateGroup(let group): "deactivate volume group '\(group)'"
        case .clearDisk(let disk, _): "clear '\(disk)'"
        case .partition(let table):
            "make partitions on '\(table.disk)': \(table.partitions.map(\.name).joined(separator: ", "))"
        case .makeBootFileSystem(let device, let uuid):
            "make an ext4 file system with UUID \(uuid) on '\(device)'"
        case .makeESP(let device, let id, _): "make a FAT file system with ID \(id) on '\(device)'"
        case .mountDevice(let device, _, let path, _): "mount '\(device)' at '\(path)' for this command alone"
        case .unmountDevice(let device, let path): "unmount '\(device)' from '\(path)'"
        case .setUpLayer(let setup):
            "give layer '\(setup.layer.name)' \(setup.words.joined(separator: ", "))"
        case .installGRUB(let platform, let disk): "install GRUB for \(platform.firmware) on '\(disk)'"
        case .installSystemdBoot: "install systemd-boot in '\(BootState.mountPoint)'"
        case .declareInstalled(let disks, _):
            "declare the installation on '\(disks.first ?? "")' complete"
        case .startUnit(let name): "start unit '\(name)'"
        case .restart: "restart the system"
        }
    }

    /// The verb, for machines.
    public var verb: String {
        switch self {
        case .clearPhysicalVolume: "clearPhysicalVolume"
        case .createPhysicalVolume: "createPhysicalVolume"
        case .createGroup: "createGroup"
        case .repairGroup: "repairGroup"
        case .adoptGroup: "adoptGroup"
        case .createPool: "createPool"
        case .sealPool: "sealPool"
        case .createVolume: "createVolume"
        case .makeFileSystem: "makeFileSystem"
        case .sealVolume: "sealVolume"
        case .makeDirectory: "makeDirectory"
        case .replaceFile: "replaceFile"
        case .link: "link"
        case .removeFile: "removeFile"
        case .checkScript: "checkScript"
        case .repairFileSystem: "repairFileSystem"
        case .mount: "mount"
        case .createBase: "createBase"
        case .createBaseSnapshot: "createBaseSnapshot"
        case .writeImage: "writeImage"
        case .makeBaseFileSystem: "makeBaseFileSystem"
        case .fillBase: "fillBase"
        case .protectBase: "protectBase"
        case .sealBase: "sealBase"
        case .completeUpdate: "completeUpdate"
        case .createLayer: "createLayer"
        case .renewFileSystem: "renewFileSystem"
        case .makeLayerDirectory: "makeLayerDirectory"
        case .replaceLayerFile: "replaceLayerFile"
        case .installBootFiles: "installBootFiles"
        case .removeBootFiles: "removeBootFiles"
        case .carry: "carry"
        case .sealLayer: "sealLayer"
        case .recordCarry: "recordCarry"
        case .bootOnce: "bootOnce"
        case .listLayer: "listLayer"
        case .recordBoot: "recordBoot"
        case .activateVolume: "activateVolume"
        case .deactivateVolume: "deactivateVolume"
        case .runHooks: "runHooks"
        case .pin: "pin"
        case .unpin: "unpin"
        case .beginRemoval: "beginRemoval"
        case .cancelRemoval: "cancelRemoval"
        case .removeEntry: "removeEntry"
        case .removeVolume: "removeVolume"
        case .tell: "tell"
        case .deactivateGroup: "deactivateGroup"
        case .clearDisk: "clearDisk"
        case .partition: "partition"
        case .makeBootFileSystem: "makeBootFileSystem"
        case .makeESP: "makeESP"
        case .mountDevice: "mountDevice"
        case .unmountDevice: "unmountDevice"
        case .setUpLayer: "setUpLayer"
        case .installGRUB: "installGRUB"
        case .installSystemdBoot: "installSystemdBoot"
        case .declareInstalled: "declareInstalled"
        case .startUnit: "startUnit"
        case .restart: "restart"
        }
    }
}
