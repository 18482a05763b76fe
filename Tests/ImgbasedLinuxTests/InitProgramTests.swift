import Foundation
import ImgbasedHostLinux
import ImgbasedLinux
import Testing

@Suite struct InitProgramTests {
    /// Whether a tree with these links and empty files has an init program.
    private static func exists(_ files: [String], links: [String: String] = [:], asked: String? = nil) throws
        -> Bool
    {
        let root = NSTemporaryDirectory() + "imgbased-test-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: root) }
        func make(_ path: String, _ body: (String) throws -> Void) throws {
            let place = root + path
            try FileManager.default.createDirectory(
                atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try body(place)
        }
        for file in files {
            try make(file) {
                let mode = file.hasSuffix(".data") ? 0o644 : 0o755
                #expect(
                    FileManager.default.createFile(
                        atPath: $0, contents: nil, attributes: [.posixPermissions: mode]))
            }
        }
        for (link, target) in links {
            try make(link) {
                try FileManager.default.createSymbolicLink(atPath: $0, withDestinationPath: target)
            }
        }
        return try InitProgram.exists(in: root, asked: asked)
    }

    private static let merged = ["/sbin": "usr/sbin", "/bin": "usr/bin"]

    @Test func linksLeadWithinTheRoot() throws {
        let links = Self.merged.merging(["/usr/sbin/init": "/lib/systemd/systemd"]) { $1 }
        #expect(try Self.exists(["/usr/bin/sh", "/lib/systemd/systemd"], links: links))
        // One exists outside, but not in the root.
        let outside = Self.merged.merging(["/usr/sbin/init": "/usr/bin/env"]) { $1 }
        #expect(try !Self.exists(["/usr/bin/sh"], links: outside))
    }

    @Test func aShellIsNone() throws {
        #expect(try !Self.exists(["/usr/bin/sh"], links: Self.merged))
        #expect(try Self.exists(["/usr/bin/sh", "/etc/init"], links: Self.merged))
    }

    @Test func whatTheKernelIsToldCountsAsWell() throws {
        #expect(try Self.exists(["/usr/bin/sh", "/opt/start"], links: Self.merged, asked: "/opt/start"))
        #expect(try !Self.exists(["/usr/bin/sh"], links: Self.merged, asked: "/opt/start"))
    }

    @Test func itMayBeInAUsrThatIsMountedLater() throws {
        #expect(try Self.exists(["/etc/fstab"], links: Self.merged))
    }
}
