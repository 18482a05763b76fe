import ImgbasedCore

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
        case .carryPackages(let order, false):
            "install the packages added in layer '\(order.from.name)' in '\(order.to.name)'"
        case .carryPackages(let order, true):
            "bring the archives of packages added in layer '\(order.from.name)' into '\(order.to.name)'"
        case .reviewCarry(let order, _): "check the configuration of layer '\(order.to.name)'"
        case .keepArchive(_, let archive): "keep archive '\(archive.fileName)'"
        case .installArchives(let archives, _):
            "install \(archives.map { "'\($0.id.name)'" }.joined(separator: ", ")) from kept archives"
        case .installFromRepositories(let ids, let manager):
            "install \(ids.map { "'\(manager.name($0))'" }.joined(separator: ", ")) from repositories"
        case .recordPackages: "record what became of added packages"
        case .sealLayer(let path, let base, _): "declare layer '\(path.name)' of base '\(base)' complete"
        case .recordCarry(let path, let from, .open):
            "record that changes in '\(from)' are to be carried into layer '\(path.name)'"
        case .recordCarry(let path, let from, .settled):
            "record that nothing is left in '\(from)' to be carried into layer '\(path.name)'"
        case .recordCarry(let path, let from, .over):
            "carry nothing more of '\(from)' into layer '\(path.name)'"
        case .recordLeft(let path): "record that layer '\(path.name)' has changes that were not carried"
        case .acknowledgeLeft(let path):
            "let layer '\(path.name)' be removed with the changes that were not carried"
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
        case .settleConflict(let path, true):
            "replace '\(path)' by the new base's version, which then waits no more"
        case .settleConflict(let path, false): "remove the new base's version of '\(path)', which waits"
        case .createDataVolume(let path, let pool, let size, let place):
            "make volume '\(path.name)' of \(size.formatted) for '\(place)' in pool '\(path.group)/\(pool)'"
        case .makeDataFileSystem(let path, let draft):
            "make a file system of type \(draft.type.rawValue) with UUID \(draft.uuid) on volume '\(path.name)'"
        case .coverPlace(let move):
            (move.copies
                ? "copy what is in '\(move.place)' to volume '\(move.volume.name)', and mount it there"
                : "mount volume '\(move.volume.name)' at '\(move.place)'") + ", for reading alone"
        case .uncoverPlace(let place, let path): "unmount volume '\(path.name)' from '\(place)'"
        case .openPlace(let place, let path): "let programs write to volume '\(path.name)' at '\(place)'"
        case .sealDataVolume(let path, let layer):
            "declare volume '\(path.name)' complete, with files of layer '\(layer)'"
        case .attachVolume(let path, let place, _):
            "record that every layer mounts volume '\(path.name)' at '\(place)'"
        case .attachFreshVolume(let path):
            "declare volume '\(path.name)' complete, for files of the next new layer"
        case .fillVolume(let fill):
            "copy what is in '\(fill.place)' of layer '\(fill.layer.name)' to volume '\(fill.volume.name)'"
        case .recordFilled(let path): "record that volume '\(path.name)' has its files"
        case .detachVolume(let path, _): "record that no layer mounts volume '\(path.name)'"
        case .reloadUnits: "let systemd read /etc/fstab again"
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
        case .carryPackages: "carryPackages"
        case .reviewCarry: "reviewCarry"
        case .keepArchive: "keepArchive"
        case .installArchives: "installArchives"
        case .installFromRepositories: "installFromRepositories"
        case .recordPackages: "recordPackages"
        case .sealLayer: "sealLayer"
        case .recordCarry: "recordCarry"
        case .recordLeft: "recordLeft"
        case .acknowledgeLeft: "acknowledgeLeft"
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
        case .settleConflict: "settleConflict"
        case .createDataVolume: "createDataVolume"
        case .makeDataFileSystem: "makeDataFileSystem"
        case .coverPlace: "coverPlace"
        case .uncoverPlace: "uncoverPlace"
        case .openPlace: "openPlace"
        case .sealDataVolume: "sealDataVolume"
        case .attachVolume: "attachVolume"
        case .attachFreshVolume: "attachFreshVolume"
        case .fillVolume: "fillVolume"
        case .recordFilled: "recordFilled"
        case .detachVolume: "detachVolume"
        case .reloadUnits: "reloadUnits"
        case .restart: "restart"
        }
    }
}
