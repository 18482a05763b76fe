import ImgbasedCore
import ImgbasedHostCore
import TestRandom
import Testing

@Suite struct PersistListTests {
    private func list(_ contents: String) -> PersistList {
        var list = PersistList()
        list.add(bytes(contents), file: "files")
        return list
    }

    @Test func readsPathsAndGlobs() {
        let list = list("# what we keep\n\n  /var/lib/app \t\r\n/srv/*.db\n/opt/a b/#c\n\t# /no\n/last\\ ")
        #expect(
            list.patterns.map(\.description) == ["/var/lib/app", "/srv/*.db", "/opt/a b/#c", "/last\\\\ "])
        #expect(list.problems.isEmpty)
        let expected = [
            "/var/lib/app": true, "/var/lib/app/x/y": true, "/var/lib": false, "/srv/a.db": true,
            "/srv/a.dbx": false,
            "/opt/a b/#c": true, "/no": false, "/last ": true, "/last": false,
        ]
        for (path, isOn) in expected {
            #expect(TreePath(parsing: path).map(list.matches) == isOn, "\(path)")
        }
    }

    @Test func whatIsNotUnderstoodIsReported() {
        var list = list("etc/passwd\n/ok\n\n../up\n/a/../b\n/\n/[x\n")
        list.add([0x2F, 0x00, 0x0A, 0x2F, 0xFF, 0x0A, 0xFF, 0x1B], file: "files.d/evil\n\u{1B}[2J")
        #expect(list.patterns.count == 2)
        #expect(
            list.problems.map(\.description) == [
                "files:1: 'etc/passwd': the path does not begin with '/'",
                "files:4: '../up': the path does not begin with '/'",
                "files:5: '/a/../b': '.' and '..' cannot be part of the path",
                "files:6: the path is the whole tree; name a path in it",
                "files:7: '/[x': a '[' begins a set of bytes that is not understood; write '\\[' for the character",
                "files.d/evil\\n\\x1b[2J:1: '/\\x00': a path cannot have a zero byte",
                "files.d/evil\\n\\x1b[2J:3: '\\xff\\x1b': the path does not begin with '/'",
            ])
    }

    @Test func aCommentHasALineOfItsOwn() {
        let list = list("/opt/a # b\n/opt/a\t#\n/opt/a\\ #b\n/opt/a \\#b\n/opt/a#b\n/opt/a\\\\ #b\n")
        #expect(list.problems.map(\.line) == [1, 2, 6])
        #expect(list.problems.allSatisfy { $0.reason == .comment })
        #expect(
            list.problems.first?.description
                == "files:1: a comment has a line of its own; write '\\#' for the character in a path")
        for (path, isOn) in ["/opt/a #b": true, "/opt/a#b": true, "/opt/a": false] {
            #expect(TreePath(parsing: path).map(list.matches) == isOn, "\(path)")
        }
        #expect(throws: CarryPolicyError.self) { try CarryPolicy(["a.conf": bytes("theirs /etc/d # no\n")]) }
    }

    @Test(arguments: ["/", "//", "/*", "/**", "/***", "/**/*", "/*/*/"])
    func theWholeTreeIsOnNoList(pattern: String) {
        let list = list("\(pattern)\n/srv/*\n/*/x\n")
        #expect(list.patterns.map(\.description) == ["/srv/*", "/*/x"])
        #expect(list.problems.map(\.reason) == [.root])
    }

    @Test func knowsWhereToLook() {
        let list = list("/var/lib/app/x\n/srv/*/a\n/var/lib/app\n/srv/b\n/var/lib/app-b\n/var/lib/app\n")
        #expect(list.roots.map(\.description) == ["/srv", "/var/lib/app", "/var/lib/app-b"])
        #expect(PersistList().roots.isEmpty)
        #expect(self.list("/*/x\n/a\n").roots == [.root])
    }

    /// Every match is found from the roots.
    @Test func rootsCoverWhatMatches() throws {
        var random = SeededGenerator(seed: 5)
        let names = ["a", "b", "*", "**", "a?", "ab"]
        for _ in 0..<10_000 {
            let lines = (0..<random.number(4)).map { _ in
                (0...random.number(3)).map { _ in "/" + random.one(of: names) }.joined() + "\n"
            }
            let list = list(lines.joined())
            let text = (0...random.number(3)).map { _ in "/" + random.one(of: ["a", "b", "ab"]) }.joined()
            let path = try #require(TreePath(parsing: text))
            guard list.matches(path) else { continue }
            #expect(list.roots.filter { $0.covers(path) }.count == 1, "\(lines) \(path)")
        }
    }
}

@Suite struct CarryPolicyTests {
    private func rule(_ policy: CarryPolicy, _ path: String) -> CarryRule? {
        TreePath(parsing: path).flatMap(policy.rule)
    }

    @Test func theLastMatchDecides() throws {
        let policy = try CarryPolicy([
            "20-site.conf": bytes("ours /etc/app/special.conf\nskip /etc/app/cache/*\n"),
            "10-vendor.conf": bytes("# vendor\ntheirs\t/etc/app\n merge /etc/app/*.d \n"),
            "30.conf": bytes("fail /etc/fstab"), "empty.conf": [],
        ])
        let expected: [String: CarryRule?] = [
            "/etc/app": .theirs, "/etc/app/x": .theirs, "/etc/app/special.conf": .ours,
            "/etc/app/cache": .theirs,
            "/etc/app/cache/x/y": .skip, "/etc/app/conf.d/x": .merge, "/etc/fstab": .fail, "/etc/other": nil,
            "/": nil,
        ]
        for (path, wanted) in expected { #expect(rule(policy, path) == wanted, "\(path)") }
    }

    @Test func filesAreInTheOrderOfNumbersInTheirNames() throws {
        let policy = try CarryPolicy([
            "9-vendor.conf": bytes("theirs /etc/app"), "10-site.conf": bytes("ours /etc/app"),
        ])
        #expect(rule(policy, "/etc/app") == .ours)
    }

    @Test func nothingIsSaidOfTheRest() {
        #expect(rule(CarryPolicy(), "/etc/passwd") == nil)
    }

    /// Not even a rule for all files changes this.
    @Test func theIdentityIsAlwaysOurs() throws {
        let policy = try CarryPolicy([
            "z.conf": bytes("theirs /**\nskip /etc/machine-id\nfail /etc/ssh/ssh_host_*\n")
        ])
        for path in [
            "/etc/machine-id", "/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ed25519_key.pub",
            "/etc/hostid",
            "/etc/iscsi/initiatorname.iscsi", "/etc/nvme/hostnqn", "/var/lib/dbus/machine-id",
            "/etc/nvme/hostid",
        ] {
            #expect(rule(policy, path) == .ours, "\(path)")
            #expect(TreePath(parsing: path).map(CarryPolicy.isIdentity) == true)
        }
        for path in ["/etc/ssh/sshd_config", "/etc/machine-id2", "/etc/ssh", "/etc"] {
            #expect(rule(policy, path) == .theirs, "\(path)")
        }
    }

    @Test func whatIsNotUnderstoodStopsIt() {
        let files = [
            "b.conf": bytes("theirs /etc/a\nOURS /etc/b\nkeep /etc/c\n"),
            "a.conf": bytes("ours\nmerge etc/x\nskip /etc/[\n"),
        ]
        #expect {
            try CarryPolicy(files)
        } throws: { error in
            (error as? CarryPolicyError)?.description
                == "a.conf:1: there is no path; a.conf:2: 'etc/x': the path does not begin with '/'; "
                + "a.conf:3: '/etc/[': a '[' begins a set of bytes that is not understood; write '\\[' for the character; "
                + "b.conf:2: 'OURS' is no rule; use ours, theirs, merge, whole, skip, fail, check, make; "
                + "b.conf:3: 'keep' is no rule; use ours, theirs, merge, whole, skip, fail, check, make"
        }
    }
}
