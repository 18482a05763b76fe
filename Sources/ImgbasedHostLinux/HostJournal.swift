import CLinux
public import ImgbasedLinux

/// The journal of the booted system.
public enum HostJournal {
    private static let socketPath = "/run/systemd/journal/socket"

    /// Gives `entry`, fields in the journal's own form, to the journal. Without a journal there is nobody to tell.
    ///
    /// The corresponding C functions are `socket` and `sendto`.
    public static func send(_ entry: String) throws(SystemError) {
        guard SmallFile.exists(socketPath) else { return }
        let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { throw .last("open a socket to", socketPath) }
        let file = OpenFile(owning: number, name: socketPath)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: socketPath.utf8) }
        let sent = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                entry.withCString {
                    sendto(
                        file.number, $0, entry.utf8.count, Int32(MSG_NOSIGNAL), address,
                        socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        guard sent == entry.utf8.count else { throw .last("write to", socketPath) }
    }
}
