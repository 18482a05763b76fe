import CDeviceMapper
public import ImgbasedCore

/// The kernel's device-mapper through libdevmapper, with udev told of every change as lvm2 tells it.
///
/// One value is one transaction for udev: its changes share a cookie, a semaphore set that udev's rules count down
/// when they have handled each of them (libdevmapper.h, "dm_task_set_cookie").
public struct DeviceMapper: ~Copyable {
    /// A device as the kernel has it.
    public struct Info: Hashable, Sendable {
        /// Number of the driver.
        public var major: UInt32
        /// Number of the device: `/dev/dm-MINOR`.
        public var minor: UInt32
        /// Whether writing to it is forbidden.
        public var isReadOnly: Bool

        /// The device as tables spell it.
        public var number: String { "\(major):\(minor)" }
    }

    private var cookie: UInt32 = 0

    /// A transaction without changes so far.
    public init() {
        // libdevmapper prints to standard error by itself; what it says belongs into our one line instead.
        imgbased_dm_log_init { level, message in
            guard level <= 4, let message else { return }
            DeviceMapper.lastMessage = String(cString: message)
        }
    }

    nonisolated(unsafe) private static var lastMessage = ""

    /// The device of this UUID, or `nil` where there is none.
    ///
    /// The corresponding ioctl is `DM_DEV_STATUS`.
    public func info(uuid: String) throws(SystemError) -> Info? {
        let task = try Task(DM_DEVICE_INFO, on: uuid)
        try task.check(dm_task_set_uuid(task.pointer, uuid))
        try task.run()
        return try task.info()
    }

    /// Creates `device` with its table and makes it live.
    ///
    /// The corresponding ioctls are `DM_DEV_CREATE`, `DM_TABLE_LOAD` and `DM_DEV_SUSPEND` (resuming).
    /// - Parameter resolve: A device as the kernel knows it, MAJOR:MINOR.
    public mutating func create(
        _ device: MappedDevice, resolve: (DeviceReference) -> String
    ) throws(SystemError) -> Info {
        let task = try Task(DM_DEVICE_CREATE, on: device.name)
        try task.check(dm_task_set_name(task.pointer, device.name))
        try task.check(dm_task_set_uuid(task.pointer, device.uuid))
        if device.isReadOnly { try task.check(dm_task_set_ro(task.pointer)) }
        if let minor = device.minor {
            // The kernel has one major number for all, which libdevmapper puts instead of whatever is here.
            try task.check(dm_task_set_major_minor(task.pointer, 1, CInt(minor), 1))
        }
        if let readAhead = device.readAhead {
            try task.check(dm_task_set_read_ahead(task.pointer, UInt32(readAhead.count), 0))
        }
        for target in device.targets {
            try task.check(
                dm_task_add_target(
                    task.pointer, target.start.count, target.length.count, target.type,
                    target.arguments(resolve: resolve)))
        }
        try task.check(dm_task_set_cookie(task.pointer, &cookie, device.role.udevFlags))
        try task.run()
        guard let info = try task.info() else {
            throw SystemError("create device", device.name, reason: "the kernel does not show it")
        }
        return info
    }

    /// Removes the device of this name.
    ///
    /// The corresponding ioctl is `DM_DEV_REMOVE`.
    public mutating func remove(_ name: String) throws(SystemError) {
        let task = try Task(DM_DEVICE_REMOVE, on: name)
        try task.check(dm_task_set_name(task.pointer, name))
        // udev may still be looking at it.
        try task.check(dm_task_retry_remove(task.pointer))
        try task.check(dm_task_set_cookie(task.pointer, &cookie, UInt16(DM_UDEV_DISABLE_LIBRARY_FALLBACK)))
        try task.run()
    }

    /// The status line of the only target of the device of this name.
    ///
    /// The corresponding ioctl is `DM_TABLE_STATUS`.
    public func status(_ name: String) throws(SystemError) -> String {
        try targets(name, DM_DEVICE_STATUS).first?.arguments ?? ""
    }

    /// What the status of the thin pool with this name means, where LVM2's metadata has `expectedTransactionID`
    /// (`ThinPoolStatus.health`).
    public func poolHealth(
        _ name: String, expectedTransactionID: UInt64, mayLag: Bool = true
    ) throws(SystemError) -> PoolHealth {
        let line = try status(name)
        guard let status = ThinPoolStatus(line) else {
            throw SystemError("use thin pool", name, reason: "its status is not understood: '\(line)'")
        }
        return status.health(expectedTransactionID: expectedTransactionID, mayLag: mayLag)
    }

    /// The live table of the device of this name, each target's arguments with MAJOR:MINOR.
    ///
    /// The corresponding ioctl is `DM_TABLE_STATUS` with `DM_STATUS_TABLE_FLAG`.
    public func table(_ name: String) throws(SystemError) -> [String] {
        try targets(name, DM_DEVICE_TABLE).map { "\($0.start) \($0.length) \($0.type) \($0.arguments)" }
    }

    /// Waits until udev has handled every change of this transaction, at most so many seconds. Returns whether it has, and at
    /// once where no udev runs.
    ///
    /// The corresponding libdevmapper function is `dm_udev_wait`.
    public mutating func waitForUdev(seconds: Int) -> Bool {
        // What is to be read ahead is set here.
        dm_task_update_nodes()
        guard cookie != 0 else { return true }
        ServiceManager.goOn(seconds: seconds)
        let isDone = imgbased_dm_udev_wait(cookie, CInt(clamping: seconds))
        cookie = 0
        return isDone
    }

    /// Whether the kernel has the driver for targets of the type `name`, as a module that is loaded or built in.
    ///
    /// The corresponding ioctl is `DM_LIST_VERSIONS`.
    public static func hasTarget(_ name: String) -> Bool {
        guard let task = try? Task(DM_DEVICE_LIST_VERSIONS, on: name), (try? task.run()) != nil else {
            return false
        }
        return imgbased_dm_has_target(task.pointer, name)
    }

    private struct TargetLine {
        var start: UInt64
        var length: UInt64
        var type: String
        var arguments: String
    }

    private func targets(_ name: String, _ kind: Int) throws(SystemError) -> [TargetLine] {
        let task = try Task(kind, on: name)
        try task.check(dm_task_set_name(task.pointer, name))
        // Otherwise a pool would write its metadata first.
        try task.check(dm_task_no_flush(task.pointer))
        try task.run()
        var lines: [TargetLine] = []
        var next: UnsafeMutableRawPointer?
        repeat {
            var start: UInt64 = 0
            var length: UInt64 = 0
            var type: UnsafeMutablePointer<CChar>?
            var arguments: UnsafeMutablePointer<CChar>?
            next = dm_get_next_target(task.pointer, next, &start, &length, &type, &arguments)
            guard let type, let arguments else { break }
            let text = String(cString: arguments)
            lines.append(
                TargetLine(
                    start: start, length: length, type: String(cString: type),
                    arguments: text.hasSuffix(" ") ? String(text.dropLast()) : text))
        } while next != nil
        return lines
    }

    /// One ioctl's worth of libdevmapper's `dm_task`.
    private struct Task: ~Copyable {
        let pointer: OpaquePointer
        let object: String

        init(_ kind: Int, on object: String) throws(SystemError) {
            DeviceMapper.lastMessage = ""
            guard let task = dm_task_create(CInt(kind)) else {
                throw SystemError("use device-mapper for", object, reason: DeviceMapper.lastMessage)
            }
            pointer = task
            self.object = object
        }

        deinit {
            dm_task_destroy(pointer)
        }

        func check(_ status: CInt) throws(SystemError) {
            if status == 0 { throw failure() }
        }

        func run() throws(SystemError) {
            if dm_task_run(pointer) == 0 { throw failure() }
        }

        func info() throws(SystemError) -> Info? {
            var info = dm_info()
            try check(dm_task_get_info(pointer, &info))
            guard info.exists != 0 else { return nil }
            return Info(major: info.major, minor: info.minor, isReadOnly: info.read_only != 0)
        }

        private func failure() -> SystemError {
            let message = DeviceMapper.lastMessage
            return SystemError(
                "set up device", object,
                reason: message.isEmpty ? SystemError.last("", "").reason : message)
        }
    }
}

extension MappedDevice.Role {
    /// What udev's rules are told to leave out, as lvm2 does (lvm2: lib/activate/dev_manager.c,
    /// `_get_udev_flags`): only a volume that users see is looked into and linked.
    fileprivate var udevFlags: UInt16 {
        let visible = DM_UDEV_DISABLE_LIBRARY_FALLBACK
        let inner =
            visible | DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | DM_UDEV_DISABLE_DISK_RULES_FLAG
            | DM_UDEV_DISABLE_OTHER_RULES_FLAG
        // Both have the same file system, and links are to go to the origin.
        let low = DM_UDEV_LOW_PRIORITY_FLAG
        return switch self {
        case .volume: UInt16(visible)
        case .snapshot: UInt16(visible | low)
        case .snapshotStore, .mergingSnapshot: UInt16(inner | low)
        case .poolMetadata, .poolData, .pool, .origin: UInt16(inner)
        }
    }
}
