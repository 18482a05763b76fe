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
    private var menu: [UInt8]?
    private var fullMenu: [UInt8]?
    private var loaderScript: [UInt8]?
    private var environment: [UInt8]?

    /// Adds the volumes that `plan` would add or remove, and the boot loader's new files.
    mutating func add(_ plan: Plan) {
        for step in plan.steps {
            switch step {
            case .removeVolume(let path): removed.insert(path)
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
        state.volumes += added
        for path in removed where path.group == names.group { state.boot.entries[path.name] = nil }
        if !removedKernels.isEmpty {
            state.boot.digests.subtract(removedKernels)
            // Unknown until they are gone.
            state.boot.free = Bytes(UInt64.max)
        }
        if let menu { state.boot.menu = String(decoding: menu, as: UTF8.self) }
        if let fullMenu { state.boot.fullMenu = String(decoding: fullMenu, as: UTF8.self) }
        if let loaderScript { state.boot.loaderScript = String(decoding: loaderScript, as: UTF8.self) }
        if let environment { state.boot.environment = environment }
        return removed.isEmpty ? state : state.afterRemoval(names)
    }
}
