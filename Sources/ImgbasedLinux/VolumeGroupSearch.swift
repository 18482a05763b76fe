public import ImgbasedCore

/// Finds a volume group on the disks, and waits for disks that the kernel has yet to announce.
public struct VolumeGroupSearch: ~Copyable {
    /// A volume group, with the problems met in the search for it.
    public struct Found {
        /// The group, and the devices of its physical volumes.
        public var located: LocatedGroup
        /// Warnings about the group, its disks and the search, each one sentence.
        public var warnings: [String]
        /// The disks that could not be read, each with the cause.
        var unread: [String]
        /// The device number, MAJOR:MINOR, of each physical volume that was found.
        var numbers: [LVMIdentifier: String]
        /// The refusal for each physical volume that our own code must not use.
        var occupied: [LVMIdentifier: Refusal]

        /// The metadata of the group.
        public var group: VolumeGroup { located.group }
    }

    /// The seconds without a change of the disks before a layer boots without disks that it does not need.
    ///
    /// A missing disk may bring a newer copy of the metadata.
    private static let settlingTime = 3

    private let monitor: UeventMonitor
    private let timeout: Int
    private var deadline: Monotonic
    private var inventory = Inventory()
    private var reader = MetadataReader()
    private var damaged: [String: String] = [:]
    private var selector = GroupSelector.default
    /// The time limit of lvm2, which is asked last; `nil` if it may not be asked.
    private var patience: Patience?
    /// The last state that has a group of a host with a system id and that lvm2 did not settle.
    ///
    /// A disk of this host may still come.
    private var unsettled: Unsettled?

    private struct Unsettled {
        var state: GroupState
        /// The disks at that time.
        var paths: [String]
    }

    /// Starts a search of at most `timeout` seconds.
    public init(timeout: Int) throws(SystemError) {
        // The monitor starts before the first look, so that no disk is missed in between.
        monitor = try UeventMonitor()
        self.timeout = timeout
        deadline = .now().advanced(bySeconds: timeout)
    }

    /// Reads every disk, and each new one, until the group of `request` is complete or the time is over.
    ///
    /// The search also ends if the group has had the requested layer's disks for `settlingTime`.
    ///
    /// - Throws: if there is no such group.
    public mutating func run(_ request: BootRequest) throws(BootError) -> Found {
        selector = request.groupSelector
        patience = request.activate != .native && LVM2.isThere ? request.limits.tool : nil
        try BootError.call(scanAll())
        return try find { group in (try? LayerSelection(request, in: group))?.volume }
    }

    /// Searches again, for the disks of `volume` in the group `found`; `volume` is to boot instead.
    public mutating func run(_ found: Found, for volume: String) throws(BootError) -> Found {
        if found.located.missing.isEmpty { return found }
        return try find { $0.volume(volume)?.name }
    }

    private mutating func find(_ wanted: (VolumeGroup) -> String?) throws(BootError) -> Found {
        var last: LocatedGroup?
        var settled = Monotonic.now()
        while true {
            // Another disk may have the path before the kernel reports that the first is gone.
            for path in inventory.scans.map({ $0.path }) where BlockDevice(path: path).number == nil {
                forget(path)
            }
            var limit = deadline
            if let located = try located() {
                if located != last {
                    last = located
                    settled = .now().advanced(bySeconds: VolumeGroupSearch.settlingTime)
                }
                if located.missing.isEmpty || located.group.refusal != nil { return found(located) }
                limit = isEnough(located, wanted) ? min(settled, deadline) : deadline
                if limit <= .now() { return found(located) }
            }
            guard try BootError.call(waitForDisk(until: limit)) else {
                if let last { return found(last) }
                return try giveUp()
            }
        }
    }

    /// The requested group on the disks seen so far; `nil` if none of them has it.
    private mutating func located() throws(BootError) -> LocatedGroup? {
        let state = inventory.volumeGroup(selector)
        switch state {
        case .absent: return nil
        case .refused(let refusal): throw .refused(refusal)
        case .found(let located):
            return located.group.systemID == nil ? located : settled(state, located.group.name)
        case .contested(let name, let unowned, _):
            // Without lvm2 in the initramfs, a host has no system id, or it would not boot.
            if patience == nil, let unowned { return unowned }
            return settled(state, name)
        }
    }

    /// The group `name` that belongs to this host, according to lvm2; `nil` if none so far.
    ///
    /// Only lvm2 knows the system id of this host.
    private mutating func settled(_ state: GroupState, _ name: String) -> LocatedGroup? {
        let paths = inventory.scans.map { $0.path }
        // Ask lvm2 only once about the same disks.
        if unsettled?.paths == paths { return nil }
        if let patience, let group = LVM2.metadata(.named(name), patience) {
            return LocatedGroup(group, on: inventory.scans)
        }
        unsettled = Unsettled(state: state, paths: paths)
        return nil
    }

    /// Whether `located` has all disks of the `wanted` layer.
    private func isEnough(_ located: LocatedGroup, _ wanted: (VolumeGroup) -> String?) -> Bool {
        // A layer that only lvm2 can activate may need any disk: lvm2 would start an array without one.
        guard let volume = wanted(located.group), let plan = try? located.plan(for: volume) else {
            return false
        }
        return located.lacking(plan).isEmpty
    }

    /// Waits until a disk appears or disappears, and reads it; `false` when the time is over.
    public mutating func waitForDisk() throws(SystemError) -> Bool {
        try waitForDisk(until: deadline)
    }

    private mutating func waitForDisk(until limit: Monotonic) throws(SystemError) -> Bool {
        while true {
            guard let events = try monitor.next(until: limit) else {
                try scanAll()
                return true
            }
            if events.isEmpty {
                // The passphrase may open further disks.
                guard limit >= deadline, Passphrase.isAskedFor else { return limit < deadline }
                deadline = .now().advanced(bySeconds: timeout)
                return true
            }
            var isOfDisk = false
            for event in events {
                let device = BlockDevice(name: event.name)
                if event.isRemoval {
                    forget(device.path)
                } else {
                    guard device.mayHoldPhysicalVolume else { continue }
                    scan(device)
                }
                isOfDisk = true
            }
            if isOfDisk { return true }
        }
    }

    private mutating func scanAll() throws(SystemError) {
        let devices = try BlockDevice.all()
        // Forget disks that are gone.
        inventory = Inventory()
        damaged = [:]
        for device in devices where device.mayHoldPhysicalVolume { scan(device) }
    }

    private mutating func scan(_ device: BlockDevice) {
        forget(device.path)
        do throws(BootError) {
            if let scan = try PhysicalVolumeScan.read(path: device.path, by: &reader) { inventory.add(scan) }
        } catch {
            // Another disk may have the group; the error names this one if the search fails.
            damaged[device.path] = error.description
        }
    }

    private mutating func forget(_ path: String) {
        damaged[path] = nil
        inventory.remove(path: path)
    }

    /// The group to use when the time is over.
    ///
    /// The group may have been renamed: the group with our tag counts. Otherwise lvm2 is asked: it reads
    /// devices that we ignore, and metadata that we cannot read.
    private mutating func giveUp() throws(BootError) -> Found {
        if case .named(let name) = selector, case .found(let located) = inventory.volumeGroup(.default),
            located.group.name != name, located.group.tags.contains(Tag.volumeGroup)
        {
            selector = .default
            var found = found(located)
            found.warnings.append(
                "there is no volume group '\(name)'; "
                    + "'\(located.group.name)' is the one tagged '\(Tag.volumeGroup)'"
            )
            return found
        }
        if let patience, let group = LVM2.metadata(selector, patience) {
            return found(LocatedGroup(group, on: []))
        }
        switch unsettled?.state {
        case .found(let located): return found(located)
        case .contested(_, _, let refusal): throw .refused(refusal)
        case .absent, .refused, nil: break
        }
        let unread = unread + inventory.scans.flatMap { $0.damages }
        throw .failed("no disk has \(selector)" + unread.map { "; \($0)" }.joined())
    }

    private var unread: [String] {
        damaged.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    }

    private func found(_ located: LocatedGroup) -> Found {
        // If no disk is missing, unread ones do not matter: they may be further paths to a disk in use.
        let unread = located.missing.isEmpty ? [] : unread
        var found = Found(
            located: located, warnings: located.warnings + unread, unread: unread, numbers: [:], occupied: [:]
        )
        for (id, path) in located.devices {
            let device = BlockDevice(path: path)
            // Active volumes of lvm2 may use the device.
            let holder = device.holders.first {
                BlockDevice(name: $0).mapperUUID?.hasPrefix("LVM-") != true
            }
            if let holder {
                found.occupied[id] = Refusal("physical volume '\(path)' is part of '\(holder)'")
            }
            found.numbers[id] = device.number
        }
        return found
    }
}

extension VolumeGroupSearch.Found {
    /// The plan for the volume `name`.
    ///
    /// - Throws: a refusal, after which lvm2 may activate the volume.
    func plan(for name: String) throws(BootError) -> ActivationPlan {
        try BootError.check(located.plan(for: name))
    }

    /// Checks that the disks of `plan` are there and that our own code may use them.
    ///
    /// - Throws: a refusal, after which lvm2 may activate the volume.
    func check(_ plan: ActivationPlan) throws(BootError) {
        try BootError.check(located.check(plan))
        var missing = located.lacking(plan)
        for id in plan.physicalVolumes {
            if let refusal = occupied[id] { throw .refused(refusal) }
            if numbers[id] == nil, !missing.contains(id) { missing.append(id) }
        }
        guard missing.isEmpty else {
            let list = missing.map { $0.description }.joined(separator: ", ")
            throw .refused(
                "volume group '\(group.name)' lacks physical volume \(list)"
                    + unread.map { "; \($0)" }.joined())
        }
    }
}

extension PhysicalVolumeScan {
    /// Reads the label and the metadata of the device or file at `path`; `nil` if it has no LVM2 label.
    ///
    /// - Parameter reader: the reader of all devices, which parses a text once.
    public static func read(
        path: String, by reader: inout MetadataReader
    ) throws(BootError) -> PhysicalVolumeScan? {
        let source = try BootError.call(OpenBlockSource(path: path))
        do throws(ScanError) { return try read(source, path: path, by: &reader) } catch {
            throw .failed(error.description)
        }
    }
}
