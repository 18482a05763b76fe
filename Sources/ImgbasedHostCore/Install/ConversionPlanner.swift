import ImgbasedCore

/// `imgbase layout init --from /`: the running system becomes a base with a layer, which is tried.
///
/// The old root stays as it is, and stays the default until the layer has come up healthy.
public struct ConversionPlanner: Sendable {
    /// The root, as the user names it: `/`, `VG/LV` or a device.
    public var root: String
    /// The names that the user gave; `nil` if not given.
    public var group, pool: String?
    /// The layout of the pool.
    public var layout: InitPlanner
    /// The base; its image is the running system, known once it is surveyed.
    public var base: BasePlanner
    /// The UUID of the base's file system.
    public var uuid: String

    /// The goal for messages: `cannot …`.
    public static let goal = "convert this host"

    /// A conversion of the system on `root` to a base with a file system that gets `uuid`.
    public init(
        root: String, group: String?, pool: String?, layout: InitPlanner, base: BasePlanner, uuid: String
    ) {
        (self.root, self.group, self.pool, self.uuid) = (root, group, pool, uuid)
        (self.layout, self.base) = (layout, base)
        self.layout.isForThisHost = false
        // Until its layer is complete, the base is debris: the next run copies anew what has changed since.
        self.base.isUpdate = true
    }

    /// The group and the pool: as given, or our group, or that of the root.
    func names(_ state: HostState, _ survey: ConversionSurvey) -> HostNames {
        let isOurs = state.groups.contains { $0.tags.contains(Tag.volumeGroup) }
        let own = isOurs || !layout.disks.isEmpty ? nil : survey.volume?.group
        var names = HostNames(group: group ?? own, pool: pool, in: state)
        if let root = survey.volume.flatMap(state.volume), root.segmentType == "thin", pool == nil,
            group ?? root.path.group == root.path.group, let pool = root.pool
        {
            names = HostNames(group: root.path.group, pool: pool, in: state)
        }
        return names
    }

    /// The plan that makes the pool, and the base that follows. Throws every refusal of later plans that can
    /// be known now.
    func prepare(
        _ state: HostState, names: HostNames, _ survey: ConversionSurvey
    ) throws(HostRefusal) -> (Plan, BasePlanner) {
        let goal = ConversionPlanner.goal
        do throws(HostReason) {
            let (type, kernel) = try check(survey, state, names)
            func planned<Result>(_ body: () throws(HostRefusal) -> Result) throws(HostReason) -> Result {
                do throws(HostRefusal) { return try body() } catch { throw error.reason }
            }
            var plan = try planned { () throws(HostRefusal) in try layout.plan(state, names: names) }
            _ = try planned { () throws(HostRefusal) in try BootLoaderPlanner.install(state) }
            let after = state.laidOut(by: plan, names)
            let base = try image(survey, type, kernel, after, names)
            _ = try planned { () throws(HostRefusal) in try base.plan(after, names: names) }
            plan.isContinued = true
            return (plan, base)
        } catch {
            throw HostRefusal(goal, error)
        }
    }

    private func check(
        _ survey: ConversionSurvey, _ state: HostState, _ names: HostNames
    ) throws(HostReason) -> (FileSystemType, RunningKernel) {
        if let booted = state.booted { throw .conversion(.onLayer(booted.name)) }
        guard survey.isNamed else {
            throw .conversion(.otherRoot(named: root, device: survey.device))
        }
        guard let type = FileSystemType(rawValue: survey.fileSystem) else {
            throw .unsupportedFileSystem(survey.fileSystem, on: "/")
        }
        // An update would mount it over the one of the new base.
        if survey.hasOwnUsr { throw .conversion(.ownUsr) }
        if let layer = Layout(state.volumes, group: names.group).layers.last {
            throw .conversion(.hasLayer(layer.name, base: layer.baseName ?? layer.name))
        }
        let boot = state.boot
        try boot.check()
        if !boot.prefix.isEmpty { throw .bootOnRoot }
        switch boot.problem {
        // The menu comes next.
        case nil, .layersNotInMenu, .layersNotDefault: break
        case let problem?: throw problem
        }
        if case .grub = boot.loader, !boot.isWritableByGRUB {
            throw .triesNotCounted(fileSystem: boot.fileSystem)
        }
        // What is mounted there is not in the base, and the layer would mount the volume in its place.
        for request in layout.volumes {
            let line = FSTab(state.config.fstab).entries.last { $0.target == request.place.field }
            if let line { throw .data(.isInTable(request.place, source: line.source)) }
        }
        guard let kernel = survey.kernel else { throw .noKernel(layer: "/") }
        if survey.helper == .absent {
            let files = kernel.files
            throw .conversion(.noHelper(initrd: files.initrd, version: files.version))
        }
        if !boot.digests.contains(kernel.files.digest) {
            _ = try BootPlanner.install(kernel.files, from: kernel.source, boot)
        }
        return (type, kernel)
    }

    /// The base of the running system.
    private func image(
        _ survey: ConversionSurvey, _ type: FileSystemType, _ kernel: RunningKernel, _ state: HostState,
        _ names: HostNames
    ) throws(HostReason) -> BasePlanner {
        var copy = SystemCopy(swapFiles: survey.swapFiles)
        if kernel.source == .running {
            copy.bootFiles = [kernel.files.linux, kernel.files.initrd].filter {
                $0.hasPrefix(BootState.mountPoint + "/")
            }
        }
        var base = base
        if let root = survey.volume.flatMap(state.volume), root.segmentType == "thin",
            root.pool == names.pool, root.path.group == names.group
        {
            if base.size != nil { throw .conversion(.sizeOfSnapshot(root.path)) }
            copy.origin = root.path
        } else if base.size == nil {
            // The system keeps its size, unless the pool is smaller.
            let pool = try state.pool(names).size
            base.size = max(survey.used.recommended, min(survey.size, pool))
        }
        var tree = ImageTree(format: .system, size: survey.used, type: type, uuid: uuid)
        tree.system = copy
        base.image = ImageDescription(path: "/", length: nil, allocated: nil, content: .tree(tree))
        return base
    }
}
