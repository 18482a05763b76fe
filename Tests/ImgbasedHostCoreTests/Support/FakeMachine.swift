@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Thrown when the power fails.
struct PowerCut: Error {}

/// A machine that performs the steps of plans until its power is cut.
struct FakeMachine: Equatable {
    /// The content of a volume.
    struct Contents: Equatable {
        var uuid = "of the image"
        var fstab = Array("UUID=image / ext4 defaults 0 1\n".utf8)
        var directories: Set<String> = []
        var isWhole = true
        /// Whether a program that mounts the volume changes it.
        var isWritable = true
        /// The number of the administrator's changes, and the number carried into the volume.
        var edits = 0
        var carried = 0
        /// The packages that the administrator added, those of them that are installed, and the kept
        /// archives.
        var added: Set<String> = []
        var installed: Set<String> = []
        var archives: Set<String> = []
        /// The settings of an installation.
        var settings: InstallSettings?
    }

    var state = HostState()
    var contents: [VolumePath: Contents] = [:]
    var fileSystems: Set<VolumePath> = []
    var directories: Set<String> = []
    /// The number of steps until the power fails.
    var power = Int.max
    /// The creation time for new volumes and entries.
    var clock: Int64 = 1
    /// The kinds of messages in the journal.
    var journal: [JournalMessage.Kind] = []
    /// The kept archives with the paths that they came from.
    var keptPaths: [String: String] = [:]
    /// The runs of hooks.
    var hookRuns: [HookRun] = []
    /// The number of restarts.
    var restarts = 0
    /// The number of steps done.
    var stepsDone = 0
    /// The percents of the pool's data that the removal of a base frees.
    var roomOfBase = 0.0
    /// The kernel and initramfs of new layers.
    var kernel = FakeMachine.kernel
    /// Whether that initramfs has the helper.
    var helper = HelperPresence.present
    var isShuttingDown = false
    /// The `/etc/fstab` of new bases; `nil` for an ordinary one.
    var imageTable: [UInt8]?
    /// The disks for an installation, and the system that installs.
    var installation = InstallSurvey(disks: [], platforms: [.bios, .efi64], hasBootDirectory: true)
    /// The root file system of the running system.
    var conversion = ConversionSurvey(fileSystem: "ext4")
    /// The firmware that finds a boot loader on the first of them.
    var firmware: Set<GRUBPlatform> = []
    /// Whether systemd-boot is on the ESP, which firmware may not see yet.
    var hasSystemdBoot = false
    /// The content of the layers' `/etc/kernel/cmdline`; `nil` if there is no such file.
    var arguments: String?

    /// The numbers of the files that layers have at places, and data volumes have.
    var layerFiles: [VolumePath: [DataPlace: Set<Int>]] = [:]
    var volumeFiles: [VolumePath: Set<Int>] = [:]
    /// The numbers of the files that images have at places.
    var imageFiles: [DataPlace: Set<Int>] = [:]
    /// The volumes mounted at places, and the places that cannot be written to.
    var mounted: [DataPlace: VolumePath] = [:]
    var covered: Set<DataPlace> = []
    /// The programs that have something open at any place.
    var placeUsers: [String] = []

    static let names = HostNames(group: nil, pool: nil, in: HostState())
    static let kernel = BootFiles(
        version: "6.1", linux: "/boot/vmlinuz-6.1", initrd: "/boot/initrd.img-6.1",
        digest: String(repeating: "a", count: 64), size: Bytes(60 << 20))

    /// A machine with an empty disk and a `/boot`.
    init() {
        state.disks = [HostState.Disk(path: "/dev/sdb", kernelPath: "/dev/sdb", size: Bytes(20 << 30))]
        state.boot.loader = .grub(directory: "/boot/grub")
        state.boot.uuid = "boot-uuid"
        // The result of 'imgbase boot install' for either boot loader.
        var config = GRUBConfig("")
        config.put("set x=1\n")
        state.boot.grubConfig = config.text
        state.boot.loaderConfig = "default imgbased-*\n"
        state.boot.free = Bytes(500 << 20)
        state.config.fstab = Array("UUID=host / ext4 defaults 0 1\n".utf8)
    }

    mutating func perform(_ plan: Plan) throws {
        for step in plan.steps {
            guard power > 0 else { throw PowerCut() }
            power -= 1
            stepsDone += 1
            perform(step)
        }
    }

    private mutating func perform(_ step: Step) {
        switch step {
        case .createPhysicalVolume(let disk):
            state.physicalVolumes.append(HostState.PhysicalVolume(path: disk, group: nil))
            if !state.disks.isEmpty { state.disks[0].signatures = ["LVM2_member"] }
            for index in installation.disks.indices where installation.disks[index].disk.kernelPath == disk {
                installation.disks[index].disk.signatures = ["LVM2_member"]
                installation.disks[index].disk.isUnbegun = true
            }
        case .createGroup(let name, let disks):
            for index in state.physicalVolumes.indices where disks.contains(state.physicalVolumes[index].path)
            {
                state.physicalVolumes[index].group = name
            }
            state.groups.append(
                HostState.Group(
                    name: name, uuid: "", size: Bytes(UInt64(disks.count) * (20 << 30)),
                    free: Bytes(UInt64(disks.count) * ((20 << 30) - (4 << 20))),
                    extentSize: Bytes(4 << 20), tags: [Tag.volumeGroup]))
        case .repairGroup: break
        case .clearPhysicalVolume:
            state.physicalVolumes = []
            state.disks[0].isUnbegun = false
        case .adoptGroup: state.groups[0].tags.insert(Tag.volumeGroup)
        case .createPool(let path, let size, let metadata):
            add(path, size, "thin-pool", pool: nil, uses: size.count + 2 * metadata.count)
        case .createVolume(let path, let size): add(path, size, "linear", pool: nil, uses: size.count)
        case .makeFileSystem(let path, _, _): fileSystems.insert(path)
        case .sealPool(let path): retag(path, [Tag.pool])
        case .sealVolume(let path): retag(path, [])
        case .makeDirectory(let path):
            directories.insert(path)
            if path == "/boot/grub" { state.boot.loader = .grub(directory: path) }
        case .replaceFile(let path, let bytes, _): replace(path, bytes)
        case .link: state.boot.isGRUBScriptLinked = true
        case .removeFile(let path):
            if path == GRUBConfig.script { state.boot.isGRUBScriptLinked = false }
            if path == StagedLayer.failurePath { state.carryFailure = nil }
            keptPaths[path] = nil
            state.boot.leftovers.removeAll { $0 == path }
            for (layer, names) in state.boot.entryFiles {
                state.boot.entryFiles[layer] = names.filter { !path.hasSuffix("/" + $0) }
            }
        case .checkScript: break
        case .repairFileSystem: break
        case .mount: state.config.isMounted = true
        case .createBase(let path, let pool, let size):
            add(path, size, "thin", pool: pool, uses: 0)
            contents[path] = Contents(isWhole: false)
            if let imageTable { contents[path]?.fstab = imageTable }
        case .createBaseSnapshot(let path, let origin):
            add(path, Bytes(1 << 30), "thin", pool: state.volume(origin)?.pool, uses: 0)
            contents[path] = Contents(uuid: "of the root", fstab: state.config.fstab, isWhole: false)
        case .writeImage(_, let path, _), .fillBase(_, _, let path, _): contents[path]?.isWhole = true
        case .makeBaseFileSystem: break
        case .protectBase(let path): contents[path]?.isWritable = false
        case .sealBase(let path, let isUpdate): retag(path, isUpdate ? [Tag.base, Tag.updating] : [Tag.base])
        case .completeUpdate(let path): update(path) { $0.tags.remove(Tag.updating) }
        case .createLayer(let path, let source):
            add(path, Bytes(1 << 30), "thin", pool: "ImagePool", uses: 0)
            state.volumes[state.volumes.count - 1].origin = source.name
            contents[path] = contents[source]
            contents[path]?.isWritable = true
        case .renewFileSystem(let path, _, let uuid): contents[path]?.uuid = uuid
        case .makeLayerDirectory(let path, _, let directory): contents[path]?.directories.insert(directory)
        case .replaceLayerFile(let path, _, _, let bytes): contents[path]?.fstab = bytes
        case .removeBootFiles(let digests, _): state.boot.digests.subtract(digests)
        case .installBootFiles(let files, _, _): state.boot.digests.insert(files.digest)
        case .carry(let order):
            let edits = contents[order.from]?.edits ?? 0
            let fstab = contents[order.to]?.fstab ?? []
            contents[order.to]?.carried = edits
            contents[order.to]?.fstab = order.table.applied(to: fstab, type: .ext4)
        case .carryPackages(let order, let isLate):
            // A carry that is not complete must not get this far.
            let from = contents[order.from] ?? Contents()
            contents[order.to]?.archives = from.archives
            if !isLate { contents[order.to]?.installed = from.added.intersection(from.archives) }
        case .reviewCarry: break
        case .keepArchive(let path, let archive):
            if let booted = state.booted { contents[booted]?.archives.insert(archive.id.name) }
            keptPaths[archive.path] = path
        case .installArchives, .installFromRepositories: break
        case .recordPackages(let record): state.packages = record
        case .sealLayer(let path, let base, let from):
            let source = from.map { [Tag.carriedPrefix + $0] } ?? []
            retag(path, Set([Tag.layer, Tag.originPrefix + base, Tag.unlisted] + source))
        case .recordCarry(let path, _, .open): update(path) { $0.tags.remove(Tag.settled) }
        case .recordCarry(let path, _, .settled): update(path) { $0.tags.insert(Tag.settled) }
        case .recordCarry(let path, let from, .over):
            update(path) { $0.tags.subtract([Tag.settled, Tag.carriedPrefix + from]) }
        case .recordLeft(let path): update(path) { $0.tags.insert(Tag.left) }
        case .acknowledgeLeft(let path): update(path) { $0.tags.remove(Tag.left) }
        case .bootOnce(let name): state.boot.oneShot = name.isEmpty ? nil : name
        case .listLayer(let path): update(path) { $0.tags.remove(Tag.unlisted) }
        case .recordBoot(_, _, let environment): state.boot.environment = environment
        case .activateVolume(let path): update(path) { $0.isActive = true }
        case .deactivateVolume(let path): update(path) { $0.isActive = false }
        case .tell(let messages, _): journal += messages.map(\.kind)
        case .deactivateGroup, .clearDisk, .partition, .makeBootFileSystem, .makeESP, .mountDevice,
            .unmountDevice, .setUpLayer, .installGRUB, .installSystemdBoot, .declareInstalled:
            install(step)
        case .startUnit, .settleConflict: break
        case .createDataVolume, .makeDataFileSystem, .coverPlace, .uncoverPlace, .openPlace, .sealDataVolume,
            .attachVolume, .detachVolume, .reloadUnits, .attachFreshVolume, .fillVolume, .recordFilled:
            perform(data: step)
        case .restart: restarts += 1
        case .runHooks(let run):
            hookRuns.append(run)
            // Hooks look into the base: if they can write to it, its digest is no longer right.
            if run.event == .newBaseAdded, let name = run.base {
                let base = VolumePath(group: run.group, name: name)
                if contents[base]?.isWritable == true { contents[base]?.isWhole = false }
            }
        case .pin(let path): update(path) { $0.tags.insert(Tag.pinned) }
        case .unpin(let path): update(path) { $0.tags.remove(Tag.pinned) }
        case .beginRemoval(let path): update(path) { $0.tags.insert(Tag.removing) }
        case .cancelRemoval(let path): update(path) { $0.tags.remove(Tag.removing) }
        case .removeEntry(let path):
            for (layer, names) in state.boot.entryFiles {
                let rest = names.filter { path != "/boot/loader/entries/" + $0 }
                state.boot.entryFiles[layer] = rest.isEmpty ? nil : rest
                if rest.isEmpty { state.boot.entries[layer] = nil }
            }
        case .removeVolume(let path):
            if let volume = state.volume(path), volume.isBase, !volume.isUpdating {
                let room = roomOfBase
                update(FakeMachine.names.poolPath) { $0.usage?.data -= room }
            }
            state.volumes.removeAll { $0.path == path }
            (contents[path], volumeFiles[path]) = (nil, nil)
            fileSystems.remove(path)
        }
    }

    private mutating func replace(_ path: String, _ bytes: [UInt8]) {
        switch path {
        case "/etc/fstab": state.config.fstab = bytes
        case StagedLayer.leftBehindPath:
            state.leftBehind = String(decoding: bytes.dropLast(), as: UTF8.self)
        case "/boot/grub/grub.cfg": state.boot.grubConfig = String(decoding: bytes, as: UTF8.self)
        case "/boot/grub/imgbased.cfg": state.boot.menu = String(decoding: bytes, as: UTF8.self)
        case "/boot/imgbased/menu.cfg": state.boot.fullMenu = String(decoding: bytes, as: UTF8.self)
        case "/boot/imgbased/load.cfg": state.boot.loaderScript = String(decoding: bytes, as: UTF8.self)
        default:
            let name = path.split(separator: "/").last.map(String.init) ?? ""
            if name == "loader.conf" { state.boot.loaderConfig = String(decoding: bytes, as: UTF8.self) }
            if let layer = BootState.layer(ofEntryFile: name, state.boot.loader) {
                state.boot.entries[layer] = String(decoding: bytes, as: UTF8.self)
                if state.boot.entryFiles[layer]?.contains(name) != true {
                    state.boot.entryFiles[layer, default: []].append(name)
                }
            }
        }
    }

    mutating func add(_ path: VolumePath, _ size: Bytes, _ type: String, pool: String?, uses: UInt64) {
        for index in state.groups.indices where state.groups[index].name == path.group {
            state.groups[index].free = Bytes(state.groups[index].free.count - uses)
        }
        state.volumes.append(
            Volume(
                path: path, size: size, tags: [Tag.building], created: clock, segmentType: type, pool: pool))
    }

    private mutating func retag(_ path: VolumePath, _ tags: Set<String>) {
        update(path) { $0.tags = $0.tags.subtracting([Tag.building]).union(tags) }
    }

    mutating func update(_ path: VolumePath, _ change: (inout Volume) -> Void) {
        for index in state.volumes.indices where state.volumes[index].path == path {
            change(&state.volumes[index])
        }
    }
}
