import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The settings of an installation, which come from files of any content.
@Suite struct InstallSettingsTests {
    private func reason(_ body: () throws -> Void) -> InstallReason? {
        do {
            try body()
            return nil
        } catch {
            return error as? InstallReason
        }
    }

    @Test func hostNames() {
        for name in ["a", "node1", "node-1.example.org", String(repeating: "x", count: 64), "1"] {
            #expect((try? HostName(name))?.text == name)
        }
        for name in [
            "", "-a", "a-", "a..b", ".a", "a.", "a_b", "a b", "a\nb", "ä", String(repeating: "x", count: 65),
            "$(reboot)",
        ] {
            #expect(reason { _ = try HostName(name) } == .badHostName(name))
        }
    }

    @Test func passwords() throws {
        let hashes = [
            "$6$salt$hash/.0", "$y$j9T$salt$hash", "$6$rounds=5000$s$h", "$2b$12$abcdefghijk", "$5$s$h",
        ]
        for hash in hashes {
            #expect(try PasswordHash(Array((hash + "\n").utf8), path: "p").text == hash)
        }
        for text in [
            "", "\n", "secret", "secret\n", "$1$s$h", "$6$s", "$6$$h", "$6$s$", "$6$s$h:0", "$6$s$h\n\n",
            "$6$s$h\n$6$s$h\n", "x$6$s$h", "$6$s$h\u{1}", "!$6$s$h", "$6$s$h x", "$6$s$h\r\n",
        ] {
            #expect(
                reason { _ = try PasswordHash(Array(text.utf8), path: "p") } == .badPassword("p"), "\(text)")
        }
        let hash = try PasswordHash(Array("$6$s$h".utf8), path: "p")
        func applied(_ text: String) -> String? {
            hash.applied(to: Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(
            applied("daemon:*:1:0:99999:7:::\nroot:*:1:0:99999:7:::\n")
                == "daemon:*:1:0:99999:7:::\nroot:$6$s$h:1:0:99999:7:::\n")
        #expect(applied("root::1") == "root:$6$s$h:1")
        #expect(applied("rooty:*:1\n") == nil)
        #expect(applied("") == nil)
    }

    private static let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKTKVxr1mDPyOUC6mQgFyYbRBNbGH8BnP2iXYqh9vDR6 admin@example"

    @Test func keys() throws {
        let text = "# comment\r\n\n\(Self.key)\nno-pty,command=\"a b\" \(Self.key)\r\n"
        let keys = try AuthorizedKeys(Array(text.utf8), path: "k")
        #expect(keys.lines == [Self.key, "no-pty,command=\"a b\" " + Self.key])
        #expect(
            String(decoding: keys.added(to: Array("old".utf8)), as: UTF8.self)
                == "old\n\(keys.lines[0])\n\(keys.lines[1])\n")
        #expect(keys.added(to: keys.added(to: [])) == keys.added(to: []))
        for (text, expected) in [
            ("", InstallReason.noKey("k")), ("# only\n", .noKey("k")),
            ("-----BEGIN OPENSSH PRIVATE KEY-----\n", .privateKey("k")),
            ("\(Self.key)\nssh-ed25519\n", .badKey("k", line: 2)),
            ("ssh-ed25519 AAAA\n", .badKey("k", line: 1)),
            ("ssh-rsa " + Self.key.dropFirst(12), .badKey("k", line: 1)),
            ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5*AAA", .badKey("k", line: 1)),
            (Self.key + "\u{0}", .badKey("k", line: 1)), ("hello world", .badKey("k", line: 1)),
        ] {
            #expect(reason { _ = try AuthorizedKeys(Array(text.utf8), path: "k") } == expected, "\(text)")
        }
    }

    private func overlay(_ fill: (MemoryNode) -> Void) throws -> Overlay {
        let root = MemoryNode.directory()
        fill(root)
        return try Overlay(path: "/o", reading: MemoryDirectory(root, tree: 1))
    }

    @Test func overlays() throws {
        let mine = NodeAttributes(
            owner: 1000, group: 1000, permissions: 0o755, modified: FileTime(seconds: 7),
            extended: [[120]: [1]])
        let overlay = try overlay {
            $0.put("/etc/motd", .file("hello", mine))
            $0.put("/usr/local/bin/a *b#", .file("", mine))
            $0.put("/opt/link", .link("/etc/motd"))
        }
        #expect(
            overlay.nodes.map { "\($0.place)" } == [
                "/etc", "/etc/motd", "/opt", "/opt/link", "/usr", "/usr/local", "/usr/local/bin",
                "/usr/local/bin/a *b#",
            ])
        let motd = try #require(overlay.nodes.first { $0.kind == .file(size: 5) })
        #expect(
            motd.attributes
                == NodeAttributes(owner: 0, group: 0, permissions: 0o755, modified: FileTime(seconds: 7)))
        // What no update would carry by itself is listed.
        var settings = InstallSettings()
        #expect(settings.persistList == nil)
        settings.overlay = overlay
        settings.keys = [try AuthorizedKeys(Array(Self.key.utf8), path: "k")]
        var list = PersistList()
        list.add(try #require(settings.persistList), file: "f")
        #expect(list.problems.isEmpty)
        for path in ["/opt/link", "/usr/local/bin/a *b#", "/root/.ssh/authorized_keys"] {
            #expect(list.matches(try #require(TreePath(parsing: path))), "\(path)")
        }
        for path in ["/etc/motd", "/usr/local/bin/a xb#", "/usr/local"] {
            #expect(!list.matches(try #require(TreePath(parsing: path))), "\(path)")
        }
    }

    @Test func unusableOverlays() {
        for (path, node, problem) in [
            ("/etc/x", MemoryNode(.characterDevice(1), .test), "is a device"),
            ("/etc/x", MemoryNode(.pipe, .test), "is a pipe"),
            ("/etc/x", MemoryNode(.socket, .test), "is a socket"),
            ("/boot/x", .file(""), "would be hidden in the running system"),
            ("/run", .link("/var"), "would be hidden in the running system"),
            ("/etc/a\nb", .file(""), "has a control character in its name"),
            (
                "/usr/su",
                .file(
                    "",
                    NodeAttributes(owner: 0, group: 0, permissions: 0o4755, modified: FileTime(seconds: 0))),
                "is set-id; set that in the image"
            ),
            ("/d" + String(repeating: "/d", count: 130), .directory(), "is deeper than 128 directories"),
        ] {
            guard case .badOverlay("/o", _, problem)? = reason({ _ = try overlay { $0.put(path, node) } })
            else {
                Issue.record("\(path): \(problem)")
                continue
            }
        }
    }
}
