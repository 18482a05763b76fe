public import ImgbasedCore

/// `imgbase install`: an image onto empty disks, which then boot by themselves.
///
/// The first disk gets partitions; its first partition has the identifier ``InstallDisk/mark`` until
/// everything is there. The next run makes a disk with this mark anew, without regard to its content.
public struct InstallPlanner: Sendable {
    /// The names of the new volume group and pool.
    public var names: HostNames
    /// Whether the present contents of the disks are given up.
    public var wipes: Bool
    /// Whether disks of a host of imgbased are refused all the same.
    public var keepsHosts = false
    /// The boot loader.
    public var loader: InstallLoader
    /// The size of the file system for `/boot`.
    public var bootSize: Bytes
    /// The layout of the group; its disks are chosen here.
    public var layout: InitPlanner
    /// The image.
    public var image: BasePlanner
    /// What the layer gets.
    public var settings: InstallSettings
    /// The UUID of the file system for `/boot`.
    public var bootUUID: String
    /// The volume ID of the ESP: eight hexadecimal digits.
    public var espID: String
    /// The identifier of the first partition, once everything is there.
    public var partitionID: String

    /// The goal for messages: `cannot …`.
    public static let goal = "install the image"
    /// The size of `/boot` if none is given: some kernels, each with its initramfs.
    public static let defaultBootSize = Bytes(1 << 30)
    /// The least size of `/boot`: one kernel and its initramfs.
    static let leastBootSize = Bytes(128 << 20)

    /// An installation as requested; a size may be `nil`. The identifiers are made of random UUIDs.
    public init(
        names: HostNames, wipes: Bool, loader: InstallLoader = .grub, bootSize: Bytes?, layout: InitPlanner,
        image: BasePlanner,
        settings: InstallSettings, uuids: (boot: String, esp: String, partition: String)
    ) {
        self.names = names
        self.wipes = wipes
        self.loader = loader
        self.bootSize = bootSize ?? InstallPlanner.defaultBootSize
        self.layout = layout
        self.image = image
        self.settings = settings
        bootUUID = uuids.boot
        espID = String(uuids.esp.uppercased().prefix(8))
        partitionID = uuids.partition
    }

    // MARK: The disks

    /// The plan that lays out the disks. Refuses whatever later plans would refuse, as far as it is known.
    func prepare(_ state: HostState, _ survey: InstallSurvey, _ image: ImageDescription?) throws(HostRefusal)
        -> Plan
    {
        var plan = Plan(goal: "lay out \(survey.disks.map { "'\($0.path)'" }.joined(separator: ", "))")
        do throws(HostReason) {
            let groups = try check(state, survey)
            guard let first = survey.disks.first else { throw .groupNeedsDisks(names.group) }
            let table = try table(of: first)
            let volumes = try layOut(table, survey, image)
            plan.prepare = groups.map { .deactivateGroup($0) }
            // The first disk is cleared last: until then its mark tells that the others are ours.
            plan.prepare += survey.disks.reversed().filter { !$0.isEmpty }.map {
                .clearDisk($0.disk.kernelPath, parts: $0.partitions.map(\.path))
            }
            plan.prepare.append(.partition(table))
            plan.prepare += files(table, sectorSize: first.sectorSize)
            plan.prepare += volumes
            plan.prepare += configuration(SerialConsole(kernelArguments: survey.kernelArguments))
            plan.checkScripts()
            let tools = (plan.steps + complete(survey).steps).flatMap { $0.actions() }.compactMap(\.tool)
            let missing = Set(tools).subtracting(survey.tools)
            if !missing.isEmpty { throw .install(.noTools(missing.sorted { $0.path < $1.path })) }
        } catch {
            throw HostRefusal(InstallPlanner.goal, error)
        }
        plan.isContinued = true
        return plan
    }

    /// Throws unless the disks may be overwritten; returns the groups on them, which are deactivated first.
    private func check(_ state: HostState, _ survey: InstallSurvey) throws(HostReason) -> [String] {
        for name in [names.group, names.pool] {
            do { try VolumeName.check(name) } catch { throw HostReason.badName(name, error) }
        }
        guard survey.hasBootDirectory else { throw .install(.noBootDirectory) }
        if survey.platforms(of: loader).isEmpty { throw .install(missingLoader) }
        guard bootSize >= InstallPlanner.leastBootSize else {
            throw .install(.bootTooSmall(needed: InstallPlanner.leastBootSize))
        }
        var seen: Set<String> = []
        let own = groups(on: survey.disks.first.flatMap { $0.isUnfinished ? $0 : nil }, state)
        var isOurs: [Bool] = []
        for (index, disk) in survey.disks.enumerated() {
            guard seen.insert(disk.disk.kernelPath).inserted else { throw .duplicate(disk: disk.path) }
            guard ["disk", "loop"].contains(disk.kind) else {
                throw .install(.notWhole(disk: disk.path, kind: disk.kind))
            }
            if disk.disk.isReadOnly { throw .diskReadOnly(disk: disk.path) }
            isOurs.append(
                index == 0
                    ? disk.isUnfinished
                    : survey.disks[0].isUnfinished && isLeftover(disk, of: own, state)
                        // Another host's group can have the same name.
                        && (disk.host == nil || disk.host == survey.disks[0].host))
            if let user = disk.use(isOurs: isOurs[index]) {
                throw .install(.inUse(disk: disk.path, by: user))
            }
        }
        let all = survey.disks.reduce(into: Set()) { $0.formUnion($1.physicalVolumePaths) }
        var found: [String] = []
        // The other disks of an unfinished installation have its group.
        let begun = survey.disks.first.flatMap { $0.isUnfinished ? $0.host : nil }
        for (disk, isOurs) in zip(survey.disks, isOurs) {
            for group in groups(on: disk, state) where !found.contains(group) {
                let others = state.physicalVolumes.filter { $0.group == group && !all.contains($0.path) }
                guard others.isEmpty else {
                    throw .install(.groupSpans(group, disk: disk.path, others: others.map(\.path)))
                }
                let isHost = state.groups.contains { $0.name == group && $0.tags.contains(Tag.volumeGroup) }
                if keepsHosts, isHost, !isOurs { throw .install(.holdsHost(disk: disk.path, group: group)) }
                found.append(group)
            }
            if keepsHosts, !isOurs {
                if let host = disk.host, host != begun {
                    throw .install(.holdsHost(disk: disk.path, group: host.group))
                }
                if let cover = disk.cover { throw .install(.mayHoldHost(disk: disk.path, cover: cover)) }
            }
            guard wipes || isOurs || disk.isEmpty else {
                throw .install(.needsWipe(disk: disk.path, contents: disk.words))
            }
        }
        if !found.contains(names.group), state.groups.contains(where: { $0.name == names.group }) {
            let disks = state.physicalVolumes.filter { $0.group == names.group }.map(\.path)
            throw .install(.groupExists(names.group, on: disks))
        }
        return found.filter { group in state.volumes.contains { $0.path.group == group && $0.isActive } }
    }

    /// The groups with physical volumes on `disk`.
    private func groups(on disk: InstallDisk?, _ state: HostState) -> [String] {
        guard let paths = disk?.physicalVolumePaths else { return [] }
        let groups = state.physicalVolumes.filter { paths.contains($0.path) }.compactMap(\.group)
        return Set(groups).filter { !$0.hasPrefix("[") }.sorted()
    }

    /// Whether an unfinished installation with the groups `own` left `disk`: a whole disk as physical volume
    /// of such a group, or of a group that was only begun.
    private func isLeftover(_ disk: InstallDisk, of own: [String], _ state: HostState) -> Bool {
        guard disk.partitions.isEmpty, disk.disk.signatures.allSatisfy({ $0 == "LVM2_member" }) else {
            return false
        }
        let groups = groups(on: disk, state)
        return groups.isEmpty ? disk.disk.isUnbegun : groups.allSatisfy(own.contains)
    }

    private func table(of disk: InstallDisk) throws(HostReason) -> PartitionTable {
        let table = PartitionTable(disk: disk.disk.kernelPath, partitions: partitions)
        let needed = table.used.count + InitPlanner.leastSize.count
        guard disk.disk.size.count >= needed else {
            throw .install(.tooShort(disk: disk.path, missing: Bytes(needed - disk.disk.size.count)))
        }
        return table
    }

    /// The steps that make the volumes on the new partition and the other disks; throws if they or the base
    /// would not fit.
    private func layOut(
        _ table: PartitionTable, _ survey: InstallSurvey, _ description: ImageDescription?
    ) throws(HostReason) -> [Step] {
        var after = HostState()
        for (index, disk) in survey.disks.enumerated() {
            let path = index == 0 ? table.device(table.partitions.count) : disk.disk.kernelPath
            let size = index == 0 ? table.rest(of: disk.disk.size) : disk.disk.size
            after.disks.append(HostState.Disk(path: path, kernelPath: path, size: size))
        }
        var layout = layout
        layout.isForThisHost = false
        do throws(HostRefusal) {
            let plan = try layout.plan(after, names: names)
            guard let description else { return plan.steps }
            var image = image
            image.image = description
            _ = try image.plan(HostState().laidOut(by: plan, names), names: names)
            return plan.steps
        } catch {
            throw error.reason
        }
    }

    // MARK: The layer

    /// `seen` as the new disk shows itself: what belongs to the running system is left out.
    func target(_ seen: Observation) -> Observation {
        var seen = seen
        seen.names = names
        (seen.state.booted, seen.state.root) = (nil, nil)
        seen.state.earlyBoot = nil
        seen.state.boot.runningArguments = ""
        // The script in the running system's /etc has no part in this. The layer has its own.
        seen.state.boot.isGRUBScriptLinked = true
        // What interrupted runs left there stays as well; the new /boot has nothing of the kind.
        seen.state.boot.leftovers = []
        seen.state.boot.newMounts = mounts
        return seen
    }
}
