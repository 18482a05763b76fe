public import ImgbasedCore

/// Creates the devices of an `ActivationPlan`, all of them or none.
public struct StackActivation {
    /// The result of a plan.
    public enum Outcome {
        /// The volume's device exists.
        case active(DeviceMapper.Info)
        /// The pool's health is not the wanted one; nothing of the plan is active.
        case unwanted(PoolHealth)
    }

    /// Checks a pool's metadata, in the device at `path`, before the pool uses it.
    ///
    /// Returns why nothing should write to the pool, or `nil`. Throws if nothing may use the pool.
    public typealias MetadataCheck = (_ path: String) throws(BootError) -> String?

    private let plan: ActivationPlan
    private let physicalVolumes: [LVMIdentifier: String]
    private let isOnlyRead: Bool
    private var numbers: [DeviceReference: String] = [:]
    private var created: [MappedDevice] = []

    /// - Parameters:
    ///   - plan: The devices to create.
    ///   - physicalVolumes: The number, MAJOR:MINOR, of each physical volume under the plan.
    ///   - isOnlyRead: Whether nothing will write to the volume. If so, `run` accepts an existing writable
    ///     device.
    public init(
        _ plan: ActivationPlan, on physicalVolumes: [LVMIdentifier: String], isOnlyRead: Bool = false
    ) {
        self.isOnlyRead = isOnlyRead
        self.plan = plan
        self.physicalVolumes = physicalVolumes
    }

    /// Creates the missing devices in the plan's order.
    ///
    /// If a step fails, or if the pool's health is not `wanted`, this call removes the devices it created,
    /// last first: half a stack would keep lvm2 from activating the rest.
    /// - Throws: if a call failed, or if the kernel has a device that differs from the plan.
    public mutating func run(
        _ mapper: inout DeviceMapper, checking check: MetadataCheck? = nil,
        wanted: (PoolHealth) -> Bool = { $0 == .good }
    ) throws(BootError) -> Outcome {
        do throws(BootError) {
            let outcome = try createAll(&mapper, check, wanted)
            if case .unwanted = outcome { try undo(&mapper) }
            return outcome
        } catch {
            try undo(after: error, &mapper)
            throw error
        }
    }

    /// Removes the devices that `run` created, last first, because of `cause`.
    /// - Throws: if half a stack is left.
    public mutating func undo(after cause: BootError, _ mapper: inout DeviceMapper) throws(BootError) {
        do throws(BootError) {
            try undo(&mapper)
        } catch {
            // lvm2 activates nothing if a part is active already.
            throw .forbidden("\(cause); and it could not be undone: \(error)")
        }
    }

    /// Removes the devices that `run` created, last first.
    public mutating func undo(_ mapper: inout DeviceMapper) throws(BootError) {
        while let device = created.last {
            try BootError.call(mapper.remove(device.name))
            created.removeLast()
        }
    }

    private mutating func createAll(
        _ mapper: inout DeviceMapper, _ check: MetadataCheck?, _ wanted: (PoolHealth) -> Bool
    ) throws(BootError) -> Outcome {
        var last: DeviceMapper.Info?
        for device in plan.devices {
            if case .pool = device.role, let check, let path = metadataPath(of: device),
                try BootError.call(mapper.info(uuid: device.uuid)) == nil,
                let reason = try check(path), !wanted(.readOnly(reason))
            {
                return .unwanted(.readOnly(reason))
            }
            let info = try create(device, &mapper)
            numbers[.mapped(device.name)] = info.number
            if case .pool(let transactionID, let mayLag) = device.role {
                let health = try BootError.call(
                    mapper.poolHealth(
                        device.name, expectedTransactionID: transactionID, mayLag: mayLag))
                if case .failed(let reason) = health { throw .failed(reason) }
                guard wanted(health) else { return .unwanted(health) }
            }
            last = info
        }
        guard let last else { throw .failed("there is nothing to activate for volume '\(plan.volume)'") }
        return .active(last)
    }

    /// Creates `device`, or finds the same device with the same table.
    private mutating func create(
        _ device: MappedDevice, _ mapper: inout DeviceMapper
    ) throws(BootError) -> DeviceMapper.Info {
        if let existing = try BootError.call(mapper.info(uuid: device.uuid)) {
            let table = try BootError.call(mapper.table(device.name))
            guard table.map(withoutLowWaterMark) == device.targets.map(line).map(withoutLowWaterMark) else {
                throw .refused("device '\(device.name)' is there already with another table")
            }
            let isFine =
                existing.isReadOnly == device.isReadOnly
                || (!existing.isReadOnly && isOnlyRead && device.name == plan.devices.last?.name)
            guard isFine else {
                let state = existing.isReadOnly ? "read-only" : "writable"
                throw .refused(
                    "device '\(device.name)' is there already, and \(state); remove it with "
                        + "'dmsetup remove \(device.name)' when nothing uses it")
            }
            return existing
        }
        let info = try BootError.call(mapper.create(device, resolve: number))
        created.append(device)
        return info
    }

    /// The node of the device that holds the metadata of `pool`.
    private func metadataPath(of pool: MappedDevice) -> String? {
        guard case .thinPool(let metadata, _, _, _, _) = pool.targets.first?.kind,
            let minor = numbers[metadata]?.split(separator: ":").last
        else { return nil }
        return "/dev/dm-\(minor)"
    }

    /// A line of a table as the kernel prints it.
    private func line(_ target: MappedTarget) -> String {
        "\(target.start.count) \(target.length.count) \(target.type) \(target.arguments(resolve: number))"
    }

    /// A pool's table line without the low-water mark, which lvm2 takes from lvm.conf and may set anew.
    private func withoutLowWaterMark(_ line: String) -> [Substring] {
        var words = line.split(separator: " ")
        if words.count > 6, words[2] == "thin-pool" { words.remove(at: 6) }
        return words
    }

    /// The number of a device that the tables name.
    ///
    /// A plan names only physical volumes of its group and devices it made before. Otherwise, the kernel
    /// refuses the table because of 0:0.
    private func number(of reference: DeviceReference) -> String {
        switch reference {
        case .physicalVolume(let id): physicalVolumes[id] ?? "0:0"
        case .mapped: numbers[reference] ?? "0:0"
        }
    }
}
