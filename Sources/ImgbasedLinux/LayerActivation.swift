public import ImgbasedCore

/// Activates one layer, by our own code or lvm2, in the mode that its pool allows.
public struct LayerActivation: ~Copyable {
    /// An active layer.
    public struct Active {
        /// The device of the layer.
        public var device: DeviceMapper.Info
        /// How to mount the layer: the requested mode, or one without writing if its pool must not be
        /// written.
        public var mode: BootMode
        /// Whether our own code or lvm2 activated the layer.
        public var activator: Activator
        /// Why our own code tried and did not activate the layer; `nil` if it did, or did not have to try.
        public var refusal: String?
        /// Why the pool must not be written; `nil` if the layer can be written.
        public var degraded: String?
        /// Warnings about its devices for users, one sentence each.
        public var warnings: [String] = []
    }

    private let request: BootRequest
    private let found: VolumeGroupSearch.Found
    private let volume: String
    private let modules: KernelModules
    private let lacking: SystemError?
    /// Whether lvm2 may want other disks than those present.
    private var mayWaitForDisks = false
    private var stack: StackActivation?
    private var isActiveByLVM2 = false

    /// Prepares the activation of `volume` in the group `found`.
    ///
    /// Drivers other than that of thin pools come from `modules`. `lacking` is the error from loading the
    /// thin-pool driver; `nil` if there was none.
    public init(
        of volume: String, in found: VolumeGroupSearch.Found, for request: BootRequest,
        modules: KernelModules, lacking: SystemError?
    ) {
        self.modules = modules
        self.lacking = lacking
        self.volume = volume
        self.found = found
        self.request = request
    }

    /// Activates the layer; a failure leaves nothing of it active.
    /// - Parameter wait: Returns when another disk has come; `false` if the time to wait is over.
    public mutating func run(
        _ mapper: inout DeviceMapper, waitingForDisk wait: () throws(SystemError) -> Bool
    ) throws(BootError) -> Active {
        if request.activate == .lvm {
            guard LVM2.isThere else {
                throw .failed("rd.imgbased.activate=lvm, and the initramfs has no lvm2")
            }
            return try activateByLVM2(&mapper, wait)
        }
        do throws(BootError) {
            let lock = try BootError.call(LVM2Lock(found.group.name, request.limits.tool))
            let active = try activate(&mapper)
            lock.release()
            return active
        } catch {
            // lvm2 works in its own way, and may succeed.
            if case .forbidden = error { throw error }
            guard request.activate == .auto, LVM2.isThere else { throw error }
            let reason = error.description
            do throws(BootError) {
                var active = try activateByLVM2(&mapper, wait)
                active.refusal = reason
                return active
            } catch {
                throw .failed("\(reason); \(error)")
            }
        }
    }

    /// Deactivates the layer, because of `cause`.
    /// - Throws: if a part of the layer stays active.
    public mutating func undo(after cause: BootError, _ mapper: inout DeviceMapper) throws(BootError) {
        if isActiveByLVM2 { return try LVM2.deactivate(volume, of: found.group.name, request.limits.tool) }
        let lock = try BootError.call(LVM2Lock(found.group.name, request.limits.tool))
        try stack?.undo(after: cause, &mapper)
        lock.release()
    }

    // MARK: Our own code

    private mutating func activate(_ mapper: inout DeviceMapper) throws(BootError) -> Active {
        var plan = try found.plan(for: volume)
        do throws(BootError) {
            try found.check(plan)
        } catch {
            mayWaitForDisks = true
            throw error
        }
        if let lacking, plan.devices.contains(where: { $0.isPool }), !DeviceMapper.hasTarget("thin-pool") {
            throw .refused(lacking.description)
        }
        if plan.hasSnapshots { try BootError.call(modules.load("dm-snapshot")) }
        let warnings = plan.warnings
        if request.mode != .readWrite { plan.makeVolumeReadOnly() }

        let (policy, mayRepair) = (request.thinCheck, request.mode == .readWrite)
        let patience = request.limits.tool
        let check: StackActivation.MetadataCheck = { (path) throws(BootError) in
            try ThinTools.check(path, policy, mayRepair: mayRepair, patience)
        }
        switch try run(plan, &mapper, checking: check, wanted: { $0 == .good }) {
        case .active(let device):
            return Active(
                device: device, mode: request.mode, activator: .native, warnings: warnings)
        case .unwanted(let health):
            if case .full = health, request.mode == .readWrite, try ownsItsBlocks(plan, &mapper),
                case .active(let device) = try run(plan, &mapper, wanted: { $0 == health })
            {
                return Active(
                    device: device, mode: request.mode, activator: .native, warnings: warnings)
            }
            plan.makePoolReadOnly()
            guard case .active(let device) = try run(plan, &mapper, wanted: { _ in true }) else {
                throw .failed(health.reason ?? "the thin pool has changed")
            }
            return Active(
                device: device, mode: request.mode.withoutWriting, activator: .native,
                degraded: health.reason, warnings: warnings)
        }
    }

    private mutating func run(
        _ plan: ActivationPlan, _ mapper: inout DeviceMapper, checking: StackActivation.MetadataCheck? = nil,
        wanted: (PoolHealth) -> Bool
    ) throws(BootError) -> StackActivation.Outcome {
        var stack = StackActivation(plan, on: found.numbers, isOnlyRead: request.mode != .readWrite)
        let outcome = try stack.run(&mapper, checking: checking, wanted: wanted)
        self.stack = stack
        return outcome
    }

    /// Whether the volume owns all its blocks, so that no write needs a new one from the full pool.
    private func ownsItsBlocks(_ plan: ActivationPlan, _ mapper: inout DeviceMapper) throws(BootError) -> Bool
    {
        guard let thin = found.group.volume(volume)?.thin, let length = plan.devices.last?.length else {
            return false
        }
        var metadata = StackActivation(plan.ofPoolMetadata, on: found.numbers)
        guard case .active(let device) = try metadata.run(&mapper) else { return false }
        do throws(BootError) {
            let listing = try ThinTools.list("/dev/dm-\(device.minor)", request.limits.tool)
            try metadata.undo(&mapper)
            return listing.owns(thin.deviceID, all: length)
        } catch {
            try metadata.undo(after: error, &mapper)
            throw error
        }
    }

    // MARK: lvm2

    private mutating func activateByLVM2(
        _ mapper: inout DeviceMapper, _ wait: () throws(SystemError) -> Bool
    ) throws(BootError) -> Active {
        let group = found.group
        while true {
            do throws(BootError) {
                try LVM2.activate(
                    volume, of: group.name, readOnly: request.mode != .readWrite, request.limits.tool)
                break
            } catch {
                // The disks that lvm2 would use may still appear: arrays, multipath devices.
                guard mayWaitForDisks || found.group.refusal != nil, try BootError.call(wait()) else {
                    throw error
                }
            }
        }
        isActiveByLVM2 = true
        do throws(BootError) {
            guard let logical = group.volume(volume),
                let device = try BootError.call(mapper.info(uuid: group.deviceMapperUUID(of: logical)))
            else { throw .failed("lvm2 activated a volume other than '\(group.name)/\(volume)'") }
            let reason = try poolHealth(of: logical, mapper).reason
            return Active(
                device: device, mode: reason == nil ? request.mode : request.mode.withoutWriting,
                activator: .lvm, degraded: reason)
        } catch {
            try undo(after: error, &mapper)
            throw error
        }
    }

    private func poolHealth(
        of volume: LogicalVolume, _ mapper: borrowing DeviceMapper
    ) throws(BootError) -> PoolHealth {
        guard let name = volume.thin?.pool, let pool = found.group.volume(name)?.thinPool else {
            return .good
        }
        let device = DeviceMapperName(group: found.group.name, volume: name, layer: "tpool").description
        let health = try BootError.call(
            mapper.poolHealth(device, expectedTransactionID: pool.transactionID))
        if case .failed(let reason) = health { throw .failed(reason) }
        return health
    }
}

extension MappedDevice {
    fileprivate var isPool: Bool {
        if case .pool = role { return true }
        return false
    }
}
