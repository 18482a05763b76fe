public import ImgbasedCore

/// The refusal of a command: it was not begun, and nothing was changed.
public struct HostRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// The refused goal: `create layer 'Base-0.1'`.
    public var goal: String
    /// The reason, and the remedy.
    public var reason: HostReason

    /// The refusal of `goal` for `reason`.
    public init(_ goal: String, _ reason: HostReason) {
        self.goal = goal
        self.reason = reason
    }

    /// The whole message, without the program's name.
    public var description: String { "cannot \(goal): \(reason)" }
}

/// The reasons for a refusal.
public enum HostReason: Error, Hashable, Sendable {
    case noGroup(String)
    case tornGroup(String)
    case notAGroupMember(disk: String, group: String)
    case groupNeedsDisks(String)
    case duplicate(disk: String)
    case diskInUse(disk: String, by: String)
    case diskNotEmpty(disk: String, signatures: [String])
    case diskReadOnly(disk: String)
    case tooSmall(what: String, size: Bytes, needed: Bytes)
    case noPool(VolumePath)
    case wrongKind(VolumePath, is: String, wanted: String)
    case poolInactive(VolumePath)
    case poolFull(VolumePath, percent: Int, of: String)
    case poolShort(VolumePath, missing: Bytes, of: String)
    case poolShortOrHoles(VolumePath, missing: Bytes, of: String, file: LargeFile)
    case layerShort(String, missing: Bytes)
    case groupShort(String, missing: Bytes)
    case exists(String)
    case badName(String, NameError)
    case noBase
    case noLayer
    case noDefaultYet
    case unknown(String)
    case notALayer(String)
    case notABase(String)
    case notOnALayer
    case isBooted(String)
    case isNeeded(String, as: [String])
    case isPinned(String)
    case isBeingRemoved(String)
    case isOpen(VolumePath)
    case isOrigin(VolumePath, of: [String])
    case badSettings(SettingsError)
    case otherFileSystem(image: String, is: String)
    case imageLarger(image: Bytes, size: Bytes)
    case noFileSystem(image: String)
    case unsupportedFileSystem(String, on: String)
    case imageCutShort(image: Bytes, fileSystem: Bytes)
    case pendingJournal(image: String)
    case damagedImage(image: String)
    case bootNotMounted
    case recordIsLink(String)
    case bootNotFlushed(fileSystem: String, isRoot: Bool)
    case bootJournalsData
    case bootOnRoot
    case bootFull(free: Bytes, needed: Bytes)
    case noKernel(layer: String)
    case noInitramfs(layer: String, version: String)
    case noHelper(layer: String, initrd: String)
    case bootFileTooLarge(String, of: String, size: Bytes, limit: Bytes)
    case environmentFull([String])
    case noEntry(String)
    case strangePath(String, of: String)
    case noBootLoader
    case noGRUBConfig(String)
    case noGRUBScript
    case layersNotInMenu
    case layersNotDefault
    case defaultInVariable(String)
    case defaultInConfiguration(String)
    case triesNotCounted(fileSystem: String)
    case badArgument(String)
    case argumentsTooLong(of: String, length: Int, limit: Int)
    case noOriginalBase(layer: String, base: String)
    case noOlderLayer(than: String)
    case insideHook
    case nothingStaged
    case noConflict(String)
    case packages(PackageProblem)
    case noSuchPackage(String)
    case noPackageDifference
    case nothingToCarry(from: String)
    case install(InstallReason)
    case conversion(ConversionReason)
    case data(DataReason)
}

extension HostReason {
    /// Whether the removal of bases may help.
    var isWantOfRoom: Bool {
        switch self {
        case .poolFull, .poolShort, .poolShortOrHoles, .bootFull: true
        default: false
        }
    }
}

extension HostReason: CustomStringConvertible {
    /// The reason and the remedy, as the end of a sentence.
    public var description: String {
        switch self {
        case .noGroup(let name):
            "there is no volume group '\(name)'; make one with 'imgbase layout init DISK', turn this system into its "
                + "first layer with 'imgbase layout init --from /', or name another group with --vg"
        case .tornGroup(let name):
            "a power cut has torn the metadata of volume group '\(name)', so that lvm2 does not see the "
                + "group; bring back the newest whole metadata with 'imgbase recover'"
        case .notAGroupMember(let disk, let group):
            "volume group '\(group)' exists and '\(disk)' is not part of it; add it with vgextend, or leave it out"
        case .groupNeedsDisks(let name):
            "there is no volume group '\(name)'; name the disks to make it from"
        case .duplicate(let disk): "'\(disk)' is named twice"
        case .diskInUse(let disk, let user):
            "'\(disk)' is in use by '\(user)'; name an empty disk or partition"
        case .diskNotEmpty(let disk, let signatures):
            "'\(disk)' is not empty: it has \(signatures.joined(separator: ", ")); "
                + "if nothing on it is needed, clear it with 'wipefs -a \(disk)'"
        case .diskReadOnly(let disk): "'\(disk)' is read-only"
        case .tooSmall(let what, let size, let needed):
            "\(what) of \(size.formatted) is too small; it needs at least \(needed.formatted)"
        case .noPool(let path):
            "there is no pool '\(path)'; make it with 'imgbase layout init' or name it with --thinpool"
        case .wrongKind(let path, let kind, let wanted):
            "'\(path)' is a \(kind) volume, not a \(wanted); rename it, or choose another name"
        case .poolInactive(let path):
            "pool '\(path)' is not active; activate it with 'lvchange -ay \(path)'"
        case .poolFull(let path, let percent, let what):
            "pool '\(path)' is \(percent)% full\(what); remove a layer or base, or extend the pool"
        case .poolShort(let path, let missing, let what):
            "pool '\(path)' lacks \(missing.formatted) of free \(what); remove a layer or base, or extend the pool"
        case .poolShortOrHoles(let path, let missing, let what, let file):
            "pool '\(path)' lacks \(missing.formatted) of free \(what); remove a layer or base, or extend the pool; or, "
                + "if '\(file.name)' of \(file.size.formatted) in the image has holes, give as --size what the files "
                + "need without them"
        case .layerShort(let name, let missing):
            "layer '\(name)' lacks \(missing.formatted) for the files carried into it; "
                + "give its base a larger --size, or shorten the lists in /config"
        case .groupShort(let name, let missing):
            "volume group '\(name)' lacks \(missing.formatted); add a disk with vgextend, or give a smaller size"
        case .exists(let name): "'\(name)' exists already; choose another name"
        case .badName(_, let error): "\(error)"
        case .noBase: "there is no base; add one with 'imgbase base add --size SIZE IMAGE'"
        case .noLayer: "there is no layer; add one with 'imgbase layer add'"
        case .noDefaultYet:
            "until a layer has come up healthy, the default is what the boot loader has besides layers"
        case .unknown(let name): "there is no base or layer '\(name)'; 'imgbase layout' lists them"
        case .notALayer(let name): "'\(name)' is not a layer; 'imgbase layout' lists the layers"
        case .notABase(let name): "'\(name)' is not a base; 'imgbase layout' lists the bases"
        case .isBooted(let layer): "this system runs from '\(layer)'; boot another layer first"
        case .isNeeded(let layer, let roles):
            "'\(layer)' is \(roles.joined(separator: " and ")); give --force to remove it anyway"
        case .isPinned(let base):
            "base '\(base)' is pinned; unpin it with 'imgbase base unpin \(base)', or give --force"
        case .isBeingRemoved(let name): "'\(name)' is being removed; finish that with 'imgbase recover'"
        case .isOpen(let path): "'\(path)' is mounted or in use; unmount it"
        case .isOrigin(let path, let volumes):
            "without '\(path)', \(volumes.map { "'\($0)'" }.joined(separator: ", ")) would be lost, "
                + "which store only their differences from it; remove them first"
        case .badSettings(let error): "\(error)"
        case .notOnALayer:
            "this system does not run from a layer; 'imgbase layout' shows what layers there are"
        case .otherFileSystem(let image, let type):
            "'\(image)' is the image of a file system, of type \(type); leave out --filesystem"
        case .imageLarger(let image, let size):
            "the image has \(image.count) bytes, more than the size of \(size.count); give a larger --size"
        case .noFileSystem(let image):
            "'\(image)' is no known kind of image; an ext4 or xfs file system, a live image, a squashfs, a tar or "
                + "an OCI image is needed, uncompressed or compressed by gzip, xz or zstd"
        case .unsupportedFileSystem(let type, let object):
            "the file system of '\(object)' is \(type); ext4 and xfs are supported"
        case .imageCutShort(let image, let fileSystem):
            "the image ends after \(image.count) bytes, and its file system has \(fileSystem.count); get it again"
        case .pendingJournal(let image):
            "the journal of the file system in '\(image)' was not replayed: it was copied from a mounted file system; "
                + "mount and unmount it once, or copy it when it is unmounted"
        case .damagedImage(let image):
            "the superblock of the file system in '\(image)' does not match its own checksum: the superblock was changed; "
                + "get it again"
        case .bootNotMounted: "'/boot' is in /etc/fstab but not mounted; mount it"
        case .recordIsLink(let path):
            "'\(path)' is a symbolic link, which the boot loader does not resolve to the same place; remove it, and then set "
                + "the default again with 'imgbase boot set-default'"
        case .bootNotFlushed(let type, true):
            "'/boot' is on the root file system, of type \(type), whose journal cannot be emptied for the boot loader, which "
                + "does not replay it; make '/boot' a file system of its own, of ext4, xfs or vfat"
        case .bootNotFlushed(let type, false):
            "'/boot' is on \(type), and it is not known what the boot loader reads there after a power cut; use ext4, xfs or vfat"
        case .bootJournalsData:
            "'/boot' is mounted with data=journal, which can undo what the boot loader writes; use data=ordered"
        case .bootOnRoot:
            "'/boot' is on the root file system, which a layer does not see: move it to a partition of its own that /etc/fstab "
                + "mounts, and run grub-install and grub-mkconfig again"
        case .bootFull(let free, let needed):
            "'/boot' has \(free.formatted) free and \(needed.formatted) are needed; remove a layer"
        case .noKernel(let layer):
            "there is no kernel in '\(layer)': neither /usr/lib/modules/VERSION/vmlinuz nor /boot/vmlinuz-VERSION; "
                + "install one"
        case .noInitramfs(let layer, let version):
            "there is no initramfs for kernel \(version) in '\(layer)'; build it there with "
                + "'dracut --kver \(version)' and the imgbased module"
        case .noHelper(let layer, let initrd):
            "initramfs '\(initrd)' of layer '\(layer)' has no imgbase-initrd, which finds the layer: it cannot boot; install "
                + "imgbased and dracut where the layer comes from, and build the initramfs with 'dracut --no-hostonly --force'"
        case .bootFileTooLarge(let path, let layer, let size, let limit):
            "'\(path)' of '\(layer)' has \(size.formatted), and a kernel and its initramfs may have \(limit.formatted): the "
                + "free space of '/boot' or the size of the largest there, and never more than 4 GiB"
        case .environmentFull(let variables):
            "the environment block of the boot loader has \(GRUBEnvironment.room) bytes for variables, and these need more: "
                + "\(variables.joined(separator: ", ")); remove variables of others with grub-editenv, or give layers "
                + "shorter names"
        case .noEntry(let layer): "layer '\(layer)' has no entry; 'imgbase boot list' lists the entries"
        case .strangePath(let path, let layer):
            "the entry of '\(layer)' names '\(path)', and boot loaders resolve '..' differently; write the path without it"
        case .badArgument(let word):
            "'\(word)' cannot be given as an argument; give one word that does not say which layer is booted"
        case .argumentsTooLong(let layer, let length, let limit):
            "the kernel's arguments of '\(layer)' have \(length) bytes with the boot loader's own, and the kernel takes "
                + "\(limit); shorten '/etc/kernel/cmdline' in the source of the layer, or remove some with "
                + "'imgbase boot args-remove'"
        case .noGRUBConfig(let directory):
            "there is no '\(directory)/grub.cfg'; make it with 'grub-mkconfig -o \(directory)/grub.cfg'"
        case .noGRUBScript: "'\(GRUBConfig.layers)' is missing; install imgbased again"
        case .layersNotInMenu:
            "GRUB's menu does not have the layers; put them there with 'imgbase boot install'"
        case .layersNotDefault:
            "systemd-boot does not boot the layers; change that with 'imgbase boot install'"
        case .defaultInVariable(let name):
            "systemd-boot boots '\(name)', which the firmware's variable LoaderEntryDefault names, whatever is recorded; clear the "
                + "variable with 'bootctl set-default \"\"'"
        case .defaultInConfiguration(let name):
            "'/boot/loader/loader.conf' says 'default \(name)', which systemd-boot would boot instead of a first layer on trial; "
                + "remove that line if the host boots the same without it, and run 'imgbase boot install'"
        case .triesNotCounted(let type):
            "GRUB cannot write to '/boot' on \(type), so that it cannot count tries; use ext4, xfs or vfat on a plain "
                + "partition"
        case .noOriginalBase(let layer, let base):
            "base '\(base)' of layer '\(layer)' is gone, so the changes in the layer cannot be found; "
                + "add a layer without these changes with 'imgbase base add' and 'imgbase layer add'"
        case .noOlderLayer(let layer):
            "there is no older layer than '\(layer)' that is not bad; name one with --to"
        case .insideHook: "a hook cannot change this host, since it runs inside a command that changes it"
        case .noConflict: "no conflict waits there; 'imgbase conflicts' lists those that do"
        case .packages(let problem): "\(problem)"
        case .noSuchPackage: "no archive of it is kept, and nothing is told of it; see 'imgbase packages'"
        case .noPackageDifference: "name a base or layer, or two"
        case .nothingStaged: "no update waits to be booted; name an image"
        case .nothingToCarry(let layer):
            "'\(layer)' was not booted, so nothing was changed in it; without --carry-etc the update is taken back"
        case .install(let reason): "\(reason)"
        case .conversion(let reason): "\(reason)"
        case .data(let reason): "\(reason)"
        case .noBootLoader: "there is no GRUB directory in '/boot'; install GRUB"
        }
    }
}
