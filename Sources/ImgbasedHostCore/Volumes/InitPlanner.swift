public import ImgbasedCore

/// `imgbase layout init`: makes the pool and `/config` on empty disks or in an existing group.
public struct InitPlanner: Sendable {
    /// The disks for the group.
    public var disks: [String]
    /// The size of the pool; `nil` means most of the group.
    public var size: Bytes?
    /// The size of the volume for `/config`.
    public var configSize: Bytes
    /// The UUID of the file system for `/config`.
    public var configUUID: String
    /// The data volumes, for files of the first layer.
    public var volumes: [DataRequest] = []
    /// Whether the group is for this host, which then mounts `/config`; an installation's is not.
    public var isForThisHost = true

    /// The size of `/config` if none is given.
    public static let defaultConfigSize = Bytes(64 << 20)
    /// The minimum size of `/config`: ext4 with its journal needs about that.
    public static let leastConfigSize = Bytes(16 << 20)
    /// The minimum size of the pool.
    public static let leastSize = Bytes(64 << 20)

    /// A request for a layout; the sizes may be `nil`.
    public init(disks: [String], size: Bytes?, configSize: Bytes?, configUUID: String) {
        self.disks = disks
        self.size = size
        self.configSize = configSize ?? InitPlanner.defaultConfigSize
        self.configUUID = configUUID
    }

    /// The plan from `state` to the layout. Steps that an interrupted run completed are not repeated.
    public func plan(_ state: HostState, names: HostNames) throws(HostRefusal) -> Plan {
        var plan = Plan(goal: "lay out volume group '\(names.group)'")
        do throws(HostReason) {
            for name in [names.group, names.pool] {
                do { try VolumeName.check(name) } catch { throw HostReason.badName(name, error) }
            }
            try checkSizes()
            let (free, extent) = try addGroup(state, names, to: &plan)
            try addVolumes(state, names, free: free, extent: extent, to: &plan)
            try addData(state, names, extent: extent, to: &plan)
            if isForThisHost { addConfig(state, names, to: &plan) }
        } catch {
            throw HostRefusal(plan.goal, error)
        }
        return plan
    }

    private func checkSizes() throws(HostReason) {
        if let size, size < InitPlanner.leastSize {
            throw .tooSmall(what: "a pool", size: size, needed: InitPlanner.leastSize)
        }
        if configSize < InitPlanner.leastConfigSize {
            throw .tooSmall(
                what: "a volume for /config", size: configSize, needed: InitPlanner.leastConfigSize)
        }
    }

    /// Plans the group, and returns its free space, now or then, and its extent size.
    private func addGroup(
        _ state: HostState, _ names: HostNames, to plan: inout Plan
    ) throws(HostReason) -> (free: Bytes, extent: Bytes) {
        if let group = state.groups.first(where: { $0.name == names.group }) {
            for disk in state.disks {
                let paths = [disk.path, disk.kernelPath]
                guard
                    state.physicalVolumes.contains(where: {
                        paths.contains($0.path) && $0.group == group.name
                    })
                else { throw .notAGroupMember(disk: disk.path, group: group.name) }
            }
            if !group.tags.contains(Tag.volumeGroup) { plan.prepare.append(.adoptGroup(group.name)) }
            return (group.free, group.extentSize)
        }
        guard !state.disks.isEmpty else { throw .groupNeedsDisks(names.group) }
        // lvm2's defaults: 4 MiB extents, and metadata in the first and the last MiB of the disk.
        let extent = Bytes(4 << 20)
        var free = Bytes(0)
        var seen: Set<String> = []
        for disk in state.disks {
            guard seen.insert(disk.kernelPath).inserted else { throw .duplicate(disk: disk.path) }
            let isPhysicalVolume = try check(disk, state, &plan)
            if !isPhysicalVolume { plan.prepare.append(.createPhysicalVolume(disk: disk.path)) }
            let data = Bytes(disk.size.count - min(disk.size.count, 2 << 20))
            free = Bytes(free.count + data.roundedDown(to: extent).count)
        }
        plan.prepare.append(.createGroup(names.group, disks: state.disks.map(\.path)))
        return (free, extent)
    }

    /// Throws unless `disk` is empty; returns whether it is a physical volume. One without a group counts as
    /// empty: an interrupted run leaves it.
    private func check(
        _ disk: HostState.Disk, _ state: HostState, _ plan: inout Plan
    ) throws(HostReason) -> Bool {
        if let use = disk.mountPoints.first ?? disk.holders.first {
            throw .diskInUse(disk: disk.path, by: use)
        }
        if disk.isReadOnly { throw .diskReadOnly(disk: disk.path) }
        let paths = [disk.path, disk.kernelPath]
        // A power cut while the group was made: lvm2 names an unknown group, of which nothing ever existed.
        let group = state.physicalVolumes.first { paths.contains($0.path) }?.group
        if disk.isUnbegun, group == nil || group == "[unknown]",
            disk.signatures.allSatisfy({ $0 == "LVM2_member" })
        {
            plan.prepare.append(.clearPhysicalVolume(disk: disk.path))
            return false
        }
        if let volume = state.physicalVolumes.first(where: { paths.contains($0.path) }) {
            if let group = volume.group { throw .diskInUse(disk: disk.path, by: "volume group \(group)") }
            if disk.signatures.allSatisfy({ $0 == "LVM2_member" }) { return true }
        }
        guard disk.signatures.isEmpty else {
            throw .diskNotEmpty(disk: disk.path, signatures: disk.signatures)
        }
        return false
    }

    private func addVolumes(
        _ state: HostState, _ names: HostNames, free: Bytes, extent: Bytes, to plan: inout Plan
    ) throws(HostReason) {
        var free = free
        let configPath = VolumePath(group: names.group, name: HostNames.config)
        let config = state.volume(configPath)
        var pool = state.volume(names.poolPath)
        // lvcreate makes a pool in several metadata changes; an interruption may leave another kind of
        // volume.
        if let found = pool, found.isBuilding, found.segmentType != "thin-pool" {
            plan.prepare.append(.removeVolume(found.path))
            free = Bytes(free.count + found.size.count)
            pool = nil
        }
        if let pool, pool.segmentType != "thin-pool" {
            throw .wrongKind(pool.path, is: pool.segmentType, wanted: "thin pool")
        }
        let configNeeds = config == nil ? configSize.roundedUp(to: extent) : Bytes(0)
        if pool == nil {
            let sizes = try poolSizes(group: names.group, free: free, reserved: configNeeds, extent: extent)
            plan.prepare.append(.createPool(names.poolPath, size: sizes.data, metadataSize: sizes.metadata))
        } else if free < configNeeds {
            throw .groupShort(names.group, missing: Bytes(configNeeds.count - free.count))
        }
        if pool?.tags.contains(Tag.pool) != true || pool?.isBuilding == true {
            plan.prepare.append(.sealPool(names.poolPath))
        }
        if config == nil { plan.prepare.append(.createVolume(configPath, size: configNeeds)) }
        if config == nil || config?.isBuilding == true {
            plan.prepare.append(.makeFileSystem(configPath, label: "imgbased-config", uuid: configUUID))
            plan.prepare.append(.sealVolume(configPath))
        }
    }

    /// The sizes of the pool's data and metadata, from `free` bytes in the group less `reserved`.
    ///
    /// The metadata is twice lvm2's default for the size, since every layer shares and unshares chunks; lvm2
    /// keeps a spare of the same size. By default a twentieth of the group and the size of the metadata stay
    /// free, so that both can grow.
    func poolSizes(
        group: String, free: Bytes, reserved: Bytes, extent: Bytes
    ) throws(HostReason) -> (data: Bytes, metadata: Bytes) {
        func metadata(for data: UInt64) -> UInt64 {
            Bytes(min(max(data / 512, 8 << 20), 1 << 30)).roundedUp(to: extent).count
        }
        let available = free.count - min(free.count, reserved.count)
        if let size {
            let data = size.roundedUp(to: extent)
            let needed = data.count.addingReportingOverflow(2 * metadata(for: data.count))
            guard !needed.overflow, needed.partialValue <= available else {
                throw .groupShort(group, missing: Bytes(needed.partialValue &- available))
            }
            return (data, Bytes(metadata(for: data.count)))
        }
        let growth = available / 20 + 3 * metadata(for: available)
        let data = Bytes(available - min(available, growth)).roundedDown(to: extent)
        guard data >= InitPlanner.leastSize else {
            let needed = InitPlanner.leastSize.count + growth
            throw .groupShort(group, missing: Bytes(needed - min(needed, available)))
        }
        return (data, Bytes(metadata(for: data.count)))
    }

    private func addConfig(_ state: HostState, _ names: HostNames, to plan: inout Plan) {
        let path = VolumePath(group: names.group, name: HostNames.config)
        var table = FSTab(state.config.fstab)
        table.add(HostNames.configEntry(path))
        if !state.config.isMounted { plan.cleanup.append(.makeDirectory("/config")) }
        if table.contents != state.config.fstab {
            plan.commit.append(.replaceFile(path: "/etc/fstab", contents: table.contents, isOnBoot: false))
        }
        guard !state.config.isMounted else { return }
        if let volume = state.volume(path), !volume.isBuilding {
            plan.cleanup.append(.repairFileSystem(path))
        }
        plan.cleanup.append(.mount("/config"))
    }
}

extension HostState {
    /// The host after `plan` has laid out the group of `names`, as far as a base needs it.
    func laidOut(by plan: Plan, _ names: HostNames) -> HostState {
        var state = self
        if !state.groups.contains(where: { $0.name == names.group }) {
            state.groups.append(
                HostState.Group(
                    name: names.group, uuid: "", size: Bytes(0), free: Bytes(0), extentSize: Bytes(4 << 20),
                    tags: [Tag.volumeGroup]))
        }
        for case .sealPool(let path) in plan.steps {
            guard let index = state.volumes.firstIndex(where: { $0.path == path }) else { continue }
            state.volumes[index].tags.remove(Tag.building)
        }
        for case .createPool(let path, let size, let metadata) in plan.steps {
            // lvm2's default for a chunk.
            let usage = PoolUsage(
                data: 0, metadata: 1, metadataSize: metadata, chunkSize: Bytes(64 << 10), zeroes: true)
            state.volumes.removeAll { $0.path == path }
            state.volumes.append(
                Volume(path: path, size: size, tags: [Tag.pool], segmentType: "thin-pool", usage: usage))
        }
        return state
    }
}

extension HostNames {
    /// The table line for `/config`. A host boots without it: its contents are for updates.
    static func configEntry(_ path: VolumePath) -> FSTab.Entry {
        FSTab.Entry(
            source: path.device, target: "/config", type: "ext4", options: "defaults,nofail,discard",
            rest: ["0", "2"])
    }
}
