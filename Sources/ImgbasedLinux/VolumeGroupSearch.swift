public import ImgbasedCore

/// Finds a volume group on the disks, waiting for those the kernel has yet to announce.
public struct VolumeGroupSearch: ~Copyable {
    /// A volume group.
    public struct Found {
        /// The group, and where its physical volumes are.
        public var located: LocatedGroup
        /// What users should know of it, its disks and how it was found, each one sentence.
        public var warnings: [String]
        /// Disks that could not be read, and why.
        var unread: [String]
        /// The number, MAJOR:MINOR, of each of its physical volumes that is there.
        var numbers: [LVMIdentifier: String]
        /// Why a physical volume is not for our own code to use.
        var occupied: [LVMIdentifier: Refusal]

        /// Its metadata.
        public var group: VolumeGroup { located.group }
    }

    /// How long disks must have been as they are, in seconds, before a layer boots that needs no others, though the group has others: one
    /// of them may bring a newer copy of the metadata.
    private static let settlingTime = 3

    private let monitor: UeventMonitor
    private let timeout: Int
    private var deadline: Monotonic
    private var inventory = Inventory()
    private var reader = MetadataReader()
    private var damaged: [String: String] = [:]
    private var selector = GroupSelector.default
    /// How long lvm2 may take, which is asked in the end; `nil` if it may not be asked.
    private var patience: Patience?

    /// A search that has seen no disk and has `timeout` seconds to do so.
    public init(timeout: Int) throws(SystemError) {
        // Before the first look, so that nothing falls between.
        monitor = try UeventMonitor()
        self.timeout = timeout
        deadline = .now().advanced(bySeconds: timeout)
    }

    /// Looks at every disk, and at each that appears, until the group that `request` means has all of its disks or, for a while, those that
    /// the layer needs that it means, or until the time is over.
    /// - Throws: where there is no such group.
    public mutating func run(_ request: BootRequest) throws(BootError) -> Found {
        selector = request.groupSelector
        patience = request.activate != .native && LVM2.isThere ? request.limits.tool : nil
        try BootError.call(scanAll())
        return try find { group in (try? LayerSelection(request, in: group))?.volume }
    }

    /// The same once more for `volume` of the group that `found` is, to be booted instead.
    public mutating func run(_ found: Found, for volume: String) throws(BootError) -> Found {
        if found.located.missing.isEmpty { return found }
        return try find { $0.volume(volume)?.name }
    }

    private mutating func find(_ wanted: (VolumeGroup) -> String?) throws(BootError) -> Found {
        var last: LocatedGroup?
        var settled = Monotonic.now()
        while true {
            // Its path may be another's before the kernel says that it has gone.
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

    /// The group that is meant, as far as its disks have come; `nil` if none has.
    private func located() throws(BootError) -> LocatedGroup? {
        switch inventory.volumeGroup(selector) {
        case .found(let located): return located
        case .absent: return nil
        case .refused(let refusal): throw .refused(refusal)
        case .contested(let name, let unowned, let refusal):
            // Whether this host has a system id only lvm2 can tell; a host without lvm2 boots by no group that has one.
            guard let patience else {
                if let unowned { return unowned }
                throw .refused(refusal)
            }
            guard let group = LVM2.metadata(.named(name), patience) else { throw .refused(refusal) }
            return LocatedGroup(group, on: inventory.scans)
        }
    }

    /// Whether the disks of `located` that are there are all that the layer needs that is `wanted`, as far as we know.
    private func isEnough(_ located: LocatedGroup, _ wanted: (VolumeGroup) -> String?) -> Bool {
        // What only lvm2 can activate may need any of them: it would start an array without one.
        guard let volume = wanted(located.group), let plan = try? located.plan(for: volume) else {
            return false
        }
        return located.lacking(plan).isEmpty
    }

    /// Waits until a disk has come or gone, and looks at what is there; `false` when the time is over.
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
                // Disks may be behind the answer.
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
        // Disks may have gone as well.
        inventory = Inventory()
        damaged = [:]
        for device in devices where device.mayHoldPhysicalVolume { scan(device) }
    }

    private mutating func scan(_ device: BlockDevice) {
        forget(device.path)
        do throws(BootError) {
            if let scan = try PhysicalVolumeScan.read(path: device.path, by: &reader) { inventory.add(scan) }
        } catch {
            // Another disk may have what we look for; this one is named should the search fail.
            damaged[device.path] = error.description
        }
    }

    private mutating func forget(_ path: String) {
        damaged[path] = nil
        inventory.remove(path: path)
    }

    /// The group by its tag, where the one that is meant is not there: it may have been renamed since. Otherwise as lvm2 sees it: on devices
    /// that we do not look at, or in metadata that we cannot read. Otherwise an error.
    private mutating func giveUp() throws(BootError) -> Found {
        if case .named(let name) = selector, case .found(let located) = inventory.volumeGroup(.default),
            located.group.tags.contains(Tag.volumeGroup)
        {
            selector = .default
            var found = found(located)
            found.warnings.append(
                "there is no volume group '\(name)'; '\(located.group.name)' is the one tagged '\(Tag.volumeGroup)'"
            )
            return found
        }
        if let patience, let group = LVM2.metadata(selector, patience) {
            return found(LocatedGroup(group, on: []))
        }
        let unread = unread + inventory.scans.flatMap { $0.damages }
        throw .failed("no disk has \(selector)" + unread.map { "; \($0)" }.joined())
    }

    private var unread: [String] {
        damaged.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    }

    private func found(_ located: LocatedGroup) -> Found {
        // Where nothing is missing, nobody asks for them: paths to a disk that another one is in use for, and the like.
        let unread = located.missing.isEmpty ? [] : unread
        var found = Found(
            located: located, warnings: located.warnings + unread, unread: unread, numbers: [:], occupied: [:]
        )
        for (id, path) in located.devices {
            let device = BlockDevice(path: path)
            // Volumes that are active already stand on it rightfully.
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
    /// - Throws: why lvm2 should do it, if anybody.
    func plan(for name: String) throws(BootError) -> ActivationPlan {
        try BootError.check(located.plan(for: name))
    }

    /// Checks that the disks `plan` needs are there and ours to use.
    ///
    /// - Throws: why lvm2 should do it, if anybody.
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
    /// Reads the label and the metadata of the device or file at `path`; `nil` where there is no LVM2 label.
    /// - Parameter reader: Knows the texts of other devices.
    public static func read(
        path: String, by reader: inout MetadataReader
    ) throws(BootError) -> PhysicalVolumeScan? {
        let source = try BootError.call(OpenBlockSource(path: path))
        do throws(ScanError) { return try read(source, path: path, by: &reader) } catch {
            throw .failed(error.description)
        }
    }
}
