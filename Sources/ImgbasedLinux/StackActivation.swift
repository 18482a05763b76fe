public import ImgbasedCore

/// Brings the devices of an `ActivationPlan` to life, all of them or none.
public struct StackActivation {
    /// What a plan's last device became.
    public struct Result {
        /// The volume's device.
        public var device: DeviceMapper.Info
        /// Whether every device was there already.
        public var wasActive: Bool
    }

    /// Half a stack is left: something failed, and removing what had been made failed too.
    public struct Incomplete: Error, CustomStringConvertible {
        /// What failed first.
        public var cause: any Error
        /// Why it could not be undone.
        public var undo: any Error

        /// Both causes, as the end of a sentence.
        public var description: String { "\(cause); and it could not be undone: \(undo)" }
    }

    /// Looks at a pool's metadata, in the device at the path it is given, before the pool uses it.
    public typealias MetadataCheck = (_ path: String) throws -> Void

    private let plan: ActivationPlan
    private let physicalVolumes: [LVMIdentifier: String]
    private let checkMetadata: MetadataCheck?
    private var numbers: [DeviceReference: String] = [:]
    private var created: [MappedDevice] = []

    /// - Parameters:
    ///   - plan: What to bring to life.
    ///   - physicalVolumes: The number, MAJOR:MINOR, of each physical volume it stands on.
    ///   - checkMetadata: Throws where the pool must not be used.
    public init(
        _ plan: ActivationPlan, on physicalVolumes: [LVMIdentifier: String],
        checkMetadata: MetadataCheck? = nil
    ) {
        self.plan = plan
        self.physicalVolumes = physicalVolumes
        self.checkMetadata = checkMetadata
    }

    /// Creates what is not there yet, in the plan's order. When a step fails, what this call created is removed
    /// again, last first: half a stack would keep lvm2 from activating the rest.
    /// - Throws: `SystemError` where a call failed, `Refusal` where the kernel shows something else than the plan
    ///   was made for, `Incomplete`.
    public mutating func run(_ mapper: inout DeviceMapper) throws -> Result {
        do {
            return try createAll(&mapper)
        } catch {
            try undo(after: error, &mapper)
            throw error
        }
    }

    /// Removes again what `run` created, last first, because of `cause`.
    /// - Throws: `Incomplete`.
    public mutating func undo(after cause: any Error, _ mapper: inout DeviceMapper) throws {
        do {
            while let device = created.popLast() { try mapper.remove(device.name) }
        } catch {
            throw Incomplete(cause: cause, undo: error)
        }
    }

    private mutating func createAll(_ mapper: inout DeviceMapper) throws -> Result {
        var last: DeviceMapper.Info?
        for device in plan.devices {
            let info: DeviceMapper.Info
            if let existing = try mapper.info(uuid: device.uuid) {
                let table = try mapper.table(device.name)
                guard table == device.targets.map(line), existing.isReadOnly == device.isReadOnly else {
                    throw Refusal("device '\(device.name)' is there already with another table")
                }
                info = existing
            } else {
                if case .pool = device.role { try check() }
                info = try mapper.create(device) { number(of: $0) }
                created.append(device)
            }
            numbers[.mapped(device.name)] = info.number
            if case .pool(let transactionID) = device.role {
                let line = try mapper.status(device.name)
                guard let status = ThinPoolStatus(line) else {
                    throw Refusal("the status of pool '\(device.name)' is not understood: '\(line)'")
                }
                switch status.health(expectedTransactionID: transactionID) {
                case .good: break
                case .full(let reason), .readOnly(let reason), .failed(let reason): throw Refusal(reason)
                }
            }
            last = info
        }
        guard let last else { throw Refusal("there is nothing to activate for volume '\(plan.volume)'") }
        return Result(device: last, wasActive: created.isEmpty)
    }

    private func check() throws {
        guard let checkMetadata, let metadata = plan.devices.first(where: { $0.role == .poolMetadata }),
            let minor = numbers[.mapped(metadata.name)]?.split(separator: ":").last
        else { return }
        try checkMetadata("/dev/dm-\(minor)")
    }

    /// A line of a table as the kernel prints it.
    private func line(_ target: MappedTarget) -> String {
        "\(target.start.count) \(target.length.count) \(target.type) \(target.arguments(resolve: number))"
    }

    /// The number of a device the tables refer to. A plan names only devices it has made before and physical volumes
    /// of its group; the kernel refuses a table with 0:0 should that ever not hold.
    private func number(of reference: DeviceReference) -> String {
        switch reference {
        case .physicalVolume(let id): physicalVolumes[id] ?? "0:0"
        case .mapped: numbers[reference] ?? "0:0"
        }
    }
}
