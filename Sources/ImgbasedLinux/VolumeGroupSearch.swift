public import ImgbasedCore

/// Finds a volume group on the disks, waiting for those the kernel has yet to announce.
public struct VolumeGroupSearch {
    /// A volume group all of whose disks are there.
    public struct Found {
        /// Its metadata.
        public var group: VolumeGroup
        /// The number, MAJOR:MINOR, of each of its physical volumes.
        public var numbers: [LVMIdentifier: String]
    }

    /// The time was over.
    public struct TimedOut: Error, CustomStringConvertible {
        /// What was still missing, as the end of a sentence.
        public var description: String
    }

    private var inventory = Inventory()
    private var damaged: [String: String] = [:]

    /// A search that has seen no disk.
    public init() {}

    /// Looks at every disk, and at each that appears, until the group that `selector` means is complete.
    /// - Throws: `TimedOut` at `deadline`, `Refusal` where the group must not be used, `SystemError`.
    public mutating func run(_ selector: GroupSelector, until deadline: Monotonic) throws -> Found {
        let monitor = try UeventMonitor()
        BlockDevice.all().forEach { scan($0) }
        while true {
            switch inventory.volumeGroup(selector) {
            case .complete(let group, let devices):
                return Found(group: group, numbers: try devices.mapValues(VolumeGroupSearch.number(of:)))
            case .refused(let refusal, _):
                throw refusal
            case .absent, .incomplete:
                break
            }
            guard let events = try monitor.next(until: deadline) else {
                BlockDevice.all().forEach { scan($0) }
                continue
            }
            if events.isEmpty { throw timeout(selector) }
            events.forEach { scan(BlockDevice(name: $0.name)) }
        }
    }

    private mutating func scan(_ device: BlockDevice) {
        guard device.mayHoldPhysicalVolume else { return }
        do {
            damaged[device.path] = nil
            let source = try OpenBlockSource(path: device.path)
            if let scan = try PhysicalVolumeScan.read(source, path: device.path) { inventory.add(scan) }
        } catch {
            // Another disk may have what we look for; this one is named should the search fail.
            damaged[device.path] = String(describing: error)
        }
    }

    private func timeout(_ selector: GroupSelector) -> TimedOut {
        let unread = damaged.sorted { $0.key < $1.key }.map { "; \($0.key): \($0.value)" }.joined()
        switch inventory.volumeGroup(selector) {
        case .incomplete(let group, let missing):
            let list = missing.map(\.description).joined(separator: ", ")
            return TimedOut(
                description: "volume group '\(group.name)' lacks physical volume \(list)" + unread)
        default:
            return TimedOut(description: "no disk has \(selector)" + unread)
        }
    }

    /// The number of the physical volume at `path`, which must not be a part of something that stands above it.
    private static func number(of path: String) throws -> String {
        let name = path.dropFirst("/dev/".count).map { $0 == "/" ? "!" : String($0) }.joined()
        let device = BlockDevice(name: name)
        for holder in device.holders {
            // Volumes that are active already stand on it rightfully.
            let uuid = SmallFile.line("/sys/class/block/\(holder)/dm/uuid") ?? ""
            guard uuid.hasPrefix("LVM-") else {
                throw Refusal("physical volume '\(path)' is part of '\(holder)'")
            }
        }
        guard let number = device.number else {
            throw Refusal("physical volume '\(path)' has gone")
        }
        return number
    }
}
