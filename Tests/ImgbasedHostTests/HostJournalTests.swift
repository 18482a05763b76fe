import Glibc
import ImgbasedHostLinux
import Synchronization
import Testing

@Suite(.enabled(if: getuid() == 0, "mounting needs root"))
struct HostJournalTests {
    private static let directory = "/run/systemd/journal"

    /// A socket where the journal's would be.
    private static func listen() -> CInt {
        let number = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: (directory + "/socket").utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0 ? number : -1
    }

    private static func send(_ text: String) -> String {
        do {
            try HostJournal.send(["MESSAGE=" + text, "SYSLOG_IDENTIFIER=imgbase"])
            return "sent"
        } catch {
            return "\(error)"
        }
    }

    @Test func aJournalThatIsAwayIsNoError() throws {
        let results = Mutex<[String]>([])
        let thread = try HostThread {
            guard PrivateMounts.begin(), mount("tmpfs", "/run", "tmpfs", 0, nil) == 0 else { return }
            results.withLock { results in
                results.append(Self.send("without a directory"))
                guard mkdir("/run/systemd", 0o755) == 0, mkdir(Self.directory, 0o755) == 0 else { return }
                results.append(Self.send("without a socket"))
                let number = Self.listen()
                results.append(Self.send("über"))
                var bytes = [UInt8](repeating: 0, count: 4096)
                let count = recv(number, &bytes, bytes.count, CInt(MSG_DONTWAIT))
                results.append(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self))
                close(number)
                results.append(Self.send("nobody reads"))
            }
        }
        thread.join()
        let entry = "MESSAGE=über\nSYSLOG_IDENTIFIER=imgbase\n"
        #expect(results.withLock { $0 } == ["sent", "sent", "sent", entry, "sent"])
    }
}
