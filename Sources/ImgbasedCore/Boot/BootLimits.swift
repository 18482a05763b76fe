/// The limits for everything that early boot waits for, except disks: for those see `BootRequest.timeout`.
public struct BootLimits: Hashable, Sendable {
    /// The seconds that udev may take for the devices of a layer.
    public let udev: Int
    /// For tools that read a pool, for lvm2, and for the holder of lvm2's lock.
    public let tool: Patience
    /// For the check of a file system.
    public let check: Patience

    /// The limits if disks may take `timeout` seconds.
    ///
    /// The kernel's own layers give up on a request after three minutes (SCSI: 30 seconds, and five more
    /// tries), so after twice the default no answer comes.
    ///
    /// A layer on trial has an alternative known to be good, and perhaps no person at the console. Any other
    /// layer has none: its check may take a day as long as it does something.
    public init(timeout: Int, isOnTrial: Bool) {
        let timeout = min(max(timeout, 10), 900)
        udev = timeout
        tool = Patience(idle: 2 * timeout, total: 20 * timeout)
        check = Patience(idle: 2 * timeout, total: isOnTrial ? 20 * timeout : 86_400)
    }
}
