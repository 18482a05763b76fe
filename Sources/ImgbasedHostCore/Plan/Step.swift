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
    /// Brings the kept archives of the layer's added packages along, and, unless the change is late, installs
    /// the packages.
    case carryPackages(CarryOrder, isLate: Bool)
    /// Has programs check what was carried, and make what depends on it. If the change is late, nothing runs: what
    /// they would not have seen is told.
    case reviewCarry(CarryOrder, isLate: Bool)
    /// Keeps the archive of a package, found at a path of the running system.
    case keepArchive(from: String, as: PackageArchive)
    /// Installs packages in the running system from their kept archives.
    case installArchives([PackageArchive], by: PackageManager)
    /// Installs packages in the running system from the repositories that it knows.
    case installFromRepositories([PackageName], by: PackageManager)
    /// Records what became of the running layer's added packages.
    case recordPackages(PackageRecord)
    /// Declares a layer complete, and records the layer carried into it.
    case sealLayer(VolumePath, base: String, carriedFrom: String?)
    /// Records the progress of the carry from another layer.
    case recordCarry(VolumePath, from: String, CarryProgress)
    /// Records that changes were left in the layer.
    case recordLeft(VolumePath)
    /// Records that the administrator knows of the changes that were left in the layer.
    case acknowledgeLeft(VolumePath)
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
    /// Ends the conflict at a path of the running system, and takes the new base's version if so decided.
    case settleConflict(TreePath, takesNew: Bool)
    /// Makes an empty thin volume for data, not yet complete.
    case createDataVolume(VolumePath, pool: String, size: Bytes, DataPlace)
    /// Makes the file system of a data volume.
    case makeDataFileSystem(VolumePath, FileSystemDraft)
    /// Mounts a data volume over its place in the running system, for reading alone, with the files that are
    /// there, if so ordered; throws if a program has something open below.
    case coverPlace(DataMove)
    /// Unmounts a data volume from its place, if it is mounted there.
    case uncoverPlace(DataPlace, VolumePath)
    /// Lets programs write to the data volume at its place.
    case openPlace(DataPlace, VolumePath)
    /// Declares a data volume complete, and records the layer whose files it has.
    case sealDataVolume(VolumePath, movedFrom: String)
    /// Records that every layer mounts a data volume, and drops tags that this ends.
    case attachVolume(VolumePath, DataPlace, dropping: [String] = [])
    /// Declares a data volume complete that has no files yet; every layer mounts it.
    case attachFreshVolume(VolumePath)
    /// Copies what a new layer has at its place to a fresh data volume.
    case fillVolume(DataFill)
    /// Records that a data volume has files.
    case recordFilled(VolumePath)
    /// Records that no layer mounts a data volume.
    case detachVolume(VolumePath, dropping: [String])
    /// Lets systemd read the file-system table again.
    case reloadUnits
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

extension Step {
    /// Whether the step only checks if the rest may be done.
    public var isCheck: Bool {
        switch self {
        case .checkScript, .runHooks: true
        default: false
        }
    }
}
