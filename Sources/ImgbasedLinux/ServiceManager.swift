import CLinux

/// systemd, where it has started this program as a service (sd_notify(3)).
enum ServiceManager {
    /// How long a call of the kernel may take that nobody can end, in seconds: to mount a file system whose journal is long, on
    /// a slow disk, is one.
    private static let longestCall = 900

    /// Says that it goes on, and that whatever comes next may take so many seconds before the service counts as one that hangs.
    /// Nothing comes of it where nobody listens.
    ///
    /// The corresponding C functions are `socket` and `sendto`.
    static func goOn(seconds: Int = 0) {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }) else { return }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return }
        let socket = OpenFile(owning: number, name: path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // One whose name begins so is not in the file system.
        let name = path.utf8.map { $0 == UInt8(ascii: "@") ? 0 : $0 }
        let offset = MemoryLayout<sa_family_t>.size
        guard offset + name.count < MemoryLayout<sockaddr_un>.size else { return }
        withUnsafeMutableBytes(of: &address) { bytes in
            for (index, byte) in name.enumerated() { bytes[offset + index] = byte }
        }
        let message = "EXTEND_TIMEOUT_USEC=\(UInt64(seconds + longestCall) * 1_000_000)"
        _ = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { address in
                message.withCString {
                    sendto(
                        socket.number, $0, message.utf8.count, 0, address.baseAddress,
                        socklen_t(offset + name.count))
                }
            }
        }
    }
}
