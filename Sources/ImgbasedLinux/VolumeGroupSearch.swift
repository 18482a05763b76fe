public import ImgbasedCore

/// Finds a volume group on the disks, waiting for those the kernel has yet to announce.
public struct VolumeGroupSearch: ~Copyable {
    /// A volume group.
    public struct Found {
        /// Its metadata.
        public var group: VolumeGroup
        /// The number, MAJOR:MINOR, of each of its physical volumes that is there.
        public var numbers: [LVMIdentifier: String]
        /// Why our own code leaves all of it alone.
        public var refusal: Refusal?
    }

    private let monitor: UeventMonitor
    private let timeout: Int
    private var deadline: Monotonic
    private var inventory = Inventory()
    private var damaged: [String: String] = [:]

    /// A search that has seen no disk and has `timeout` seconds to do so.
    public init(timeout: Int) throws(SystemError) {
        // Before the first look, so that nothing falls between.
        monitor = try UeventMonitor()
        self.timeout = timeout
        deadline = .now().advanced(bySeconds: timeout)
    }

    /// Looks at every disk, and at each that appears, until the group that `selector` means is complete, or refused, or the
    /// time is over.
    /// - Throws: where there is no such group.
    public mutating func run(_ selector: GroupSelector) throws(BootError) -> Found {
        scanAll()
        while true {
            switch inventory.volumeGroup(selector) {
            case .complete(let group, let devices):
                return found(group, on: devices)
            case .refused(let refusal, let group?):
                return Found(group: group, numbers: [:], refusal: refusal)
            case .refused(let refusal, nil):
                throw .refused(refusal)
            case .absent, .incomplete:
                break
            }
            guard try BootError.call(waitForDisk()) else {
                return try giveUp(selector)
            }
        }
    }

    /// Waits until a disk has come, and looks at it; `false` when the time is over.
    public mutating func waitForDisk() throws(SystemError) -> Bool {
        while true {
            guard let events = try monitor.next(until: deadline) else {
                scanAll()
                return true
            }
            if events.isEmpty {
                // Disks may be behind the answer.
                guard Passphrase.isAskedFor else { return false }
                deadline = .now().advanced(bySeconds: timeout)
                continue
            }
            let disks = events.map { BlockDevice(name: $0.name) }.filter { $0.mayHoldPhysicalVolume }
            disks.forEach { scan($0) }
            if !disks.isEmpty { return true }
        }
    }

    private mutating func scanAll() {
        for device in BlockDevice.all() where device.mayHoldPhysicalVolume { scan(device) }
    }

    private mutating func scan(_ device: BlockDevice) {
        damaged[device.path] = nil
        do throws(BootError) {
            if let scan = try PhysicalVolumeScan.read(path: device.path) { inventory.add(scan) }
        } catch {
            // Another disk may have what we look for; this one is named should the search fail.
            damaged[device.path] = error.description
        }
    }

    private func giveUp(_ selector: GroupSelector) throws(BootError) -> Found {
        let unread = damaged.sorted { $0.key < $1.key }.map { "; \($0.key): \($0.value)" }.joined()
        guard case .incomplete(let group, let missing) = inventory.volumeGroup(selector) else {
            throw .failed("no disk has \(selector)" + unread)
        }
        let list = missing.map { $0.description }.joined(separator: ", ")
        let refusal = Refusal("volume group '\(group.name)' lacks physical volume \(list)" + unread)
        return Found(group: group, numbers: [:], refusal: refusal)
    }

    private func found(_ group: VolumeGroup, on devices: [LVMIdentifier: String]) -> Found {
        var found = Found(group: group, numbers: [:])
        for (id, path) in devices {
            do throws(Refusal) {
                found.numbers[id] = try VolumeGroupSearch.number(of: path)
            } catch {
                found.refusal = error
            }
        }
        return found
    }

    /// The number of the physical volume at `path`, which must not be a part of something that stands above it.
    private static func number(of path: String) throws(Refusal) -> String {
        let name = path.dropFirst("/dev/".count).map { $0 == "/" ? "!" : String($0) }.joined()
        let device = BlockDevice(name: name)
        for holder in device.holders {
            // Volumes that are active already stand on it rightfully.
            guard BlockDevice(name: holder).mapperUUID?.hasPrefix("LVM-") == true else {
                throw Refusal("physical volume '\(path)' is part of '\(holder)'")
            }
        }
        guard let number = device.number else {
            throw Refusal("physical volume '\(path)' has gone")
        }
        return number
    }
}

extension PhysicalVolumeScan {
    /// Reads the label and the metadata of the device or file at `path`; `nil` where there is no LVM2 label.
    public static func read(path: String) throws(BootError) -> PhysicalVolumeScan? {
        let source = try BootError.call(OpenBlockSource(path: path))
        do throws(ScanError) { return try read(source, path: path) } catch {
            throw .failed(error.description)
        }
    }
}
