import ImgbasedCore
import ImgbasedHostCore

/// The changes that plans only shown would have made: later plans start from them.
struct Outlook {
    /// Volumes that would exist.
    private var added: [Volume] = []
    /// Volumes that would be gone.
    private var removed: Set<VolumePath> = []
    /// Kernels in `/boot` that would be gone, by their digests.
    private var removedKernels: Set<String> = []
    /// The tags that volumes would get and lose.
    private var tagged: [VolumePath: (added: Set<String>, removed: Set<String>)] = [:]
    /// The running system's file-system table.
    private var table: [UInt8]?
    private var menu: [UInt8]?
    private var fullMenu: [UInt8]?
    private var loaderScript: [UInt8]?
    private var environment: [UInt8]?
    /// The groups that would exist.
    private var groups: [HostState.Group] = []
    /// GRUB's configuration on the disk of an installation; `nil` if there is none.
    private var newConfiguration: [UInt8]?

    /// Adds the volumes that `plan` would add or remove, and the boot loader's new files.
    mutating func add(_ plan: Plan) {
        for step in plan.steps {
            switch step {
            case .removeVolume(let path): removed.insert(path)
            case .createGroup(let name, _): groups.append(HostState.Group(new: name))
            case .createPool(let path, let size, _):
                added.append(Volume(path: path, size: size, tags: [Tag.pool], segmentType: "thin-pool"))
            case .createVolume(let path, let size):
                added.append(Volume(path: path, size: size, segmentType: "linear"))
            case .replaceFile("/boot/grub/grub.cfg", let contents, _)
            where newConfiguration != nil || plan.makesPartitions:
                newConfiguration = contents
            case .createDataVolume(let path, let pool, let size, let place):
                let tags: Set = [Tag.building, Tag.dataVolume, Tag.pathPrefix + place.tag]
                added.append(
                    Volume(path: path, size: size, tags: tags, segmentType: "thin", pool: pool))
            case .attachFreshVolume(let path): tagged[path] = ([Tag.attached, Tag.fresh], [Tag.building])
            case .attachVolume(let path, let place, let dropped):
                let tags = [Tag.dataVolume, Tag.pathPrefix + place.tag, Tag.attached]
                tagged[path] = (Set(tags), Set(dropped + [Tag.building]))
            case .replaceFile("/etc/fstab", let contents, _): table = contents
            case .detachVolume(let path, let dropped): tagged[path] = ([], Set(dropped))
            case .removeBootFiles(let digests, _): removedKernels.formUnion(digests)
            case .sealBase(let path, let isUpdate):
                added.append(Volume(base: path, isUpdating: isUpdate, madeBy: plan))
            case .replaceFile(let path, let contents, _) where path.hasSuffix("/imgbased.cfg"):
                menu = contents
            case .replaceFile(let path, let contents, _) where path.hasSuffix("/" + GRUBMenu.fullName):
                fullMenu = contents
            case .replaceFile(let path, let contents, _) where path.hasSuffix("/" + GRUBMenu.loaderName):
                loaderScript = contents
            case .recordBoot(_, _, let block): environment = block
            default: break
            }
        }
    }

    /// `state` with these changes.
    func applied(to state: HostState, _ names: HostNames) -> HostState {
        var state = state
        state.volumes.removeAll { removed.contains($0.path) }
        state.groups += groups
        state.volumes += added
        for index in state.volumes.indices {
            guard let change = tagged[state.volumes[index].path] else { continue }
            state.volumes[index].tags = state.volumes[index].tags.subtracting(change.removed).union(
                change.added)
        }
        if let newConfiguration { state.boot = state.boot.replaced(with: newConfiguration) }
        for path in removed where path.group == names.group { state.boot.entries[path.name] = nil }
        if !removedKernels.isEmpty {
            state.boot.digests.subtract(removedKernels)
            // Unknown until they are gone.
            state.boot.free = Bytes(UInt64.max)
        }
        if let table { state.config.fstab = table }
        if let menu { state.boot.menu = String(decoding: menu, as: UTF8.self) }
        if let fullMenu { state.boot.fullMenu = String(decoding: fullMenu, as: UTF8.self) }
        if let loaderScript { state.boot.loaderScript = String(decoding: loaderScript, as: UTF8.self) }
        if let environment { state.boot.environment = environment }
        return removed.isEmpty ? state : state.afterRemoval(names)
    }
}

extension Plan {
    fileprivate var makesPartitions: Bool {
        steps.contains { step in
            if case .partition = step { true } else { false }
        }
    }
}

extension BootState {
    /// The state of a new `/boot` with GRUB's `configuration`.
    fileprivate func replaced(with configuration: [UInt8]) -> BootState {
        var boot = BootState()
        boot.grubScript = grubScript
        boot.loader = .grub(directory: "/boot/grub")
        boot.grubConfig = String(decoding: configuration, as: UTF8.self)
        return boot
    }
}

extension HostState.Group {
    /// A group that does not exist yet, with lvm2's usual extents.
    fileprivate init(new name: String) {
        self.init(
            name: name, uuid: "", size: Bytes(0), free: Bytes(0), extentSize: Bytes(4 << 20),
            tags: [Tag.volumeGroup])
    }
}
