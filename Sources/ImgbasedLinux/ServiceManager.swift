import CLinux

/// systemd, if it started this program as a service (sd_notify(3)).
enum ServiceManager {
    /// The longest time, in seconds, of a kernel call that no program can end.
    ///
    /// One such call mounts a file system with a long journal on a slow disk.
    private static let longestCall = 900

    /// Extends systemd's time limit by `seconds` and the longest call: this program is at work.
    ///
    /// After that, the service counts as hung. Without a listener, this call does nothing.
    ///
    /// The corresponding C functions are `socket` and `sendto`.
    static func goOn(seconds: Int = 0) {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }) else { return }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return }
        let socket = OpenFile(owning: number, name: path)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // A name that begins with `@` is not in the file system.
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
