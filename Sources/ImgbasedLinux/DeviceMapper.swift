import CDeviceMapper
public import ImgbasedCore

/// The kernel's device-mapper through libdevmapper; udev learns of every change, as from lvm2.
///
/// One value is one transaction for udev. Its changes share a cookie, a semaphore set that udev's rules count
/// down after they handle each change (libdevmapper.h, "dm_task_set_cookie").
public struct DeviceMapper: ~Copyable {
    /// The kernel's data of a device.
    public struct Info: Hashable, Sendable {
        /// The number of the driver.
        public var major: UInt32
        /// The number of the device, as in `/dev/dm-MINOR`.
        public var minor: UInt32
        /// Whether the device refuses writes.
        public var isReadOnly: Bool

        /// The number of the device as tables spell it, MAJOR:MINOR.
        public var number: String { "\(major):\(minor)" }
    }

    private var cookie: UInt32 = 0

    /// Begins a transaction without changes.
    public init() {
        // libdevmapper prints to standard error; its message belongs into our one line instead.
        imgbased_dm_log_init { level, message in
            guard level <= 4, let message else { return }
            DeviceMapper.lastMessage = String(cString: message)
        }
    }

    nonisolated(unsafe) private static var lastMessage = ""

    /// The device with this UUID; `nil` if the kernel has none.
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
    /// - Parameter resolve: Returns the number, MAJOR:MINOR, of a device that the table names.
    public mutating func create(
        _ device: MappedDevice, resolve: (DeviceReference) -> String
    ) throws(SystemError) -> Info {
        let task = try Task(DM_DEVICE_CREATE, on: device.name)
        try task.check(dm_task_set_name(task.pointer, device.name))
        try task.check(dm_task_set_uuid(task.pointer, device.uuid))
        if device.isReadOnly { try task.check(dm_task_set_ro(task.pointer)) }
        if let minor = device.minor {
            // All mapped devices have one major number; libdevmapper puts it in place of this one.
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

    /// Removes the device with this name.
    ///
    /// The corresponding ioctl is `DM_DEV_REMOVE`.
    public mutating func remove(_ name: String) throws(SystemError) {
        let task = try Task(DM_DEVICE_REMOVE, on: name)
        try task.check(dm_task_set_name(task.pointer, name))
        // udev may still have it open.
        try task.check(dm_task_retry_remove(task.pointer))
        try task.check(dm_task_set_cookie(task.pointer, &cookie, UInt16(DM_UDEV_DISABLE_LIBRARY_FALLBACK)))
        try task.run()
    }

    /// The status line of the only target of the device with this name.
    ///
    /// The corresponding ioctl is `DM_TABLE_STATUS`.
    public func status(_ name: String) throws(SystemError) -> String {
        try targets(name, DM_DEVICE_STATUS).first?.arguments ?? ""
    }

    /// The health of the thin pool with this name, by its status (`ThinPoolStatus.health`).
    ///
    /// LVM2's metadata has `expectedTransactionID`.
    public func poolHealth(
        _ name: String, expectedTransactionID: UInt64, mayLag: Bool = true
    ) throws(SystemError) -> PoolHealth {
        let line = try status(name)
        guard let status = ThinPoolStatus(line) else {
            throw SystemError("use thin pool", name, reason: "its status is not understood: '\(line)'")
        }
        return status.health(expectedTransactionID: expectedTransactionID, mayLag: mayLag)
    }

    /// The live table of the device with this name, each target's arguments with MAJOR:MINOR.
    ///
    /// The corresponding ioctl is `DM_TABLE_STATUS` with `DM_STATUS_TABLE_FLAG`.
    public func table(_ name: String) throws(SystemError) -> [String] {
        try targets(name, DM_DEVICE_TABLE).map { "\($0.start) \($0.length) \($0.type) \($0.arguments)" }
    }

    /// Waits at most so many seconds until udev has handled every change of this transaction.
    ///
    /// Returns whether udev has handled them; without udev, returns at once.
    ///
    /// The corresponding libdevmapper function is `dm_udev_wait`.
    public mutating func waitForUdev(seconds: Int) -> Bool {
        // This call also sets the read-ahead.
        dm_task_update_nodes()
        guard cookie != 0 else { return true }
        ServiceManager.goOn(seconds: seconds)
        let isDone = imgbased_dm_udev_wait(cookie, CInt(clamping: seconds))
        cookie = 0
        return isDone
    }

    /// Whether the kernel has the driver for targets of the type `name`, loaded or built in.
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
        // Without this flag, a pool would write its metadata first.
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

    /// A `dm_task` of libdevmapper, for one ioctl.
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
    /// The flags by which udev's rules leave out work, as lvm2 sets them.
    ///
    /// udev looks into and links only a volume that users see (lvm2: lib/activate/dev_manager.c,
    /// `_get_udev_flags`).
    fileprivate var udevFlags: UInt16 {
        let visible = DM_UDEV_DISABLE_LIBRARY_FALLBACK
        let inner =
            visible | DM_UDEV_DISABLE_SUBSYSTEM_RULES_FLAG | DM_UDEV_DISABLE_DISK_RULES_FLAG
            | DM_UDEV_DISABLE_OTHER_RULES_FLAG
        // A snapshot has the file system of its origin, and links must lead to the origin.
        let low = DM_UDEV_LOW_PRIORITY_FLAG
        return switch self {
        case .volume: UInt16(visible)
        case .snapshot: UInt16(visible | low)
        case .snapshotStore, .mergingSnapshot: UInt16(inner | low)
        case .poolMetadata, .poolData, .pool, .origin: UInt16(inner)
        }
    }
}
