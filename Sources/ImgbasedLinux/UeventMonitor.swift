import CLinux
public import ImgbasedCore

/// The kernel's own announcements of devices: a netlink socket of the family `NETLINK_KOBJECT_UEVENT`
/// (linux/netlink.h).
public struct UeventMonitor: ~Copyable {
    private let socket: OpenFile

    /// Starts to listen. Open it before you look at the present devices, so that no event is missed.
    ///
    /// The corresponding C functions are `socket` and `bind`.
    public init() throws(SystemError) {
        socket = try UeventMonitor.open()
    }

    private static func open() throws(SystemError) -> OpenFile {
        let kernelGroup: UInt32 = 1
        let number = CLinux.socket(
            AF_NETLINK,
            Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
            NETLINK_KOBJECT_UEVENT)
        guard number >= 0 else { throw .last("open", "kernel event socket") }
        let socket = OpenFile(owning: number, name: "kernel event socket")

        // A burst at coldplug must fit; the kernel limits the size for an unprivileged process.
        var size: CInt = 16 << 20
        _ = setsockopt(number, SOL_SOCKET, SO_RCVBUFFORCE, &size, socklen_t(MemoryLayout<CInt>.size))

        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        address.nl_groups = kernelGroup
        let status = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                bind(number, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        guard status == 0 else { throw .last("listen to", "kernel event socket") }
        return socket
    }

    /// Waits until block devices come, change or go, at most until `deadline`, and returns them.
    ///
    /// The list is empty if the time is over. It is `nil` if the kernel dropped messages: look at all devices
    /// again.
    ///
    /// The corresponding C functions are `poll` and `recvfrom`.
    public func next(until deadline: Monotonic) throws(SystemError) -> [Uevent]? {
        while true {
            let left = deadline.milliseconds(since: .now())
            guard left > 0 else { return [] }
            ServiceManager.goOn(seconds: Int(left / 1000) + 1)
            var descriptor = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            let ready = poll(&descriptor, 1, CInt(clamping: Int(left) + 1))
            if ready < 0 && imgbased_errno() != EINTR { throw .last("wait for", "kernel event socket") }
            guard ready > 0 else { continue }

            var events: [Uevent] = []
            receiving: while true {
                switch try receive() {
                case .nothing: break receiving
                case .lost: return nil
                case .message(let payload): if let event = Uevent(payload) { events.append(event) }
                }
            }
            if !events.isEmpty { return events }
        }
    }

    private enum Reception {
        /// No message is waiting.
        case nothing
        /// The socket was full, and the kernel dropped messages.
        case lost
        case message([UInt8])
    }

    private func receive() throws(SystemError) -> Reception {
        var sender = sockaddr_nl()
        var length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        var count = 0
        let message = [UInt8](unsafeUninitializedCapacity: 8192) { buffer, initialized in
            count = withUnsafeMutableBytes(of: &sender) { bytes in
                bytes.withMemoryRebound(to: sockaddr.self) {
                    recvfrom(socket.number, buffer.baseAddress, buffer.count, 0, $0.baseAddress, &length)
                }
            }
            initialized = max(0, count)
        }
        if count < 0 {
            switch imgbased_errno() {
            case EAGAIN, EINTR: return .nothing
            case ENOBUFS: return .lost
            default: throw .last("read", "kernel event socket")
            }
        }
        // Any process may send to the group; only the kernel sends from port 0.
        return .message(sender.nl_pid == 0 ? message : [])
    }
}
