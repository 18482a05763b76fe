import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Cases across several paths: rules, lists, units, and remains of an earlier change of base.
@Suite struct CarryWalkTests {
    static func trees(_ build: (_ base: MemoryNode, _ ours: MemoryNode, _ new: MemoryNode) -> Void)
        -> MemoryTrees
    {
        let roots = (0..<3).map { _ in MemoryNode.directory() }
        for root in roots { root.put("/etc/os-release", .file("os")) }
        build(roots[0], roots[1], roots[2])
        return MemoryTrees(base: roots[0], ours: roots[1], new: roots[2])
    }

    static func text(_ node: MemoryNode, _ path: String) -> String? {
        node[path].map { String(decoding: $0.content, as: UTF8.self) }
    }

    /// Carries, and expects that a second run has nothing to do.
    static func carry(_ trees: MemoryTrees) throws -> CarryReport {
        let survey = try trees.survey()
        try trees.apply(survey)
        let again = try trees.survey()
        #expect(again.changes == [])
        return survey.report
    }

    // MARK: Room

    @Test func countsWhatIsWritten() throws {
        let large = [UInt8](repeating: 1, count: 100_000)
        let sparse = MemoryNode.file(large)
        sparse.stored = 5_000
        let linked = MemoryNode.file(large)
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/etc/same", .file(large)) }
            ours.put("/etc/sparse", sparse)
            ours.put("/etc/d/one", linked)
            ours.put("/etc/d/two", linked)
            for (root, text) in [
                (base, "1\n2\n3\n4\n5\n"), (ours, "0\n2\n3\n4\n5\n"), (new, "1\n2\n3\n4\n6\n"),
            ] {
                root.put("/etc/merged", .file(text))
            }
        }
        let survey = try trees.survey()
        // The stored blocks of the sparse file, the linked file once, a directory and the merged file, in
        // blocks of 4096 bytes.
        #expect(survey.written == Bytes(UInt64(2 + 25 + 1 + 1) * 4096))
        try trees.apply(survey)
        #expect(try trees.survey().written == Bytes(0))
    }

    @Test func damagedSizesAreNoTrap() throws {
        let trees = CarryWalkTests.trees { (_, ours, _) in
            for name in ["a", "b", "c"] {
                let node = MemoryNode(.file(size: .max), .test)
                node.stored = .max
                ours.put("/etc/" + name, node)
            }
        }
        #expect(try trees.survey().written == Bytes(1 << 60))
    }

    // MARK: Rules

    @Test(
        arguments: [
            ("ours", "b", "a", "c", "b", .carried), ("ours", "a", "a", "c", "a", .carried),
            ("ours", nil, "a", "c", nil, .deleted), ("ours", nil, nil, "c", nil, .deleted),
            ("theirs", "b", "a", "a", "a", .replaced), ("theirs", "a", "a", "c", "c", nil),
            ("theirs", "b", nil, nil, nil, .replaced), ("theirs", nil, "a", "c", "c", .replaced),
            ("skip", "b", "a", "c", "c", nil), ("skip", "b", nil, nil, nil, nil),
            ("merge", "b", "a", "a", "b", .carried), ("fail", "b", "a", "a", "b", .carried),
            ("fail", "b", "a", "c", "b", .refused),
        ] as [(String, String?, String?, String?, String?, CarryOutcome?)])
    func followsARule(
        rule: String, ours: String?, base: String?, new: String?, result: String?, outcome: CarryOutcome?
    ) throws {
        var trees = CarryWalkTests.trees { (a, b, c) in
            for (root, text) in [(a, base), (b, ours), (c, new)] {
                root.put("/etc/d/other", .file("same"))
                if let text { root.put("/etc/d/x", .file(text)) }
            }
        }
        trees.settings.policy = try CarryPolicy(["a.conf": Array("\(rule) /etc/d".utf8)])
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/d/x") == result)
        #expect(report.items.first { $0.path.description == "/etc/d/x" }?.outcome == outcome)
        #expect(report.refusals.isEmpty == (outcome != .refused))
        #expect(CarryWalkTests.text(trees.target, "/etc/d/other") == "same")
    }

    /// The stamps belong to another `/usr` than the new base's.
    @Test func stampsOfUpdatesAreNotCarried() throws {
        var trees = CarryWalkTests.trees { (_, ours, new) in
            for name in ["/etc/.updated", "/var/.updated"] { ours.put(name, .file("old")) }
            new.put("/etc/.updated", .file("new"))
        }
        trees.settings.scope = CarryWalkTests.lists("/var/.updated")
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/.updated") == "new")
        #expect(CarryWalkTests.text(trees.target, "/var/.updated") == nil)
        #expect(!report.items.contains { $0.path.description == "/etc/.updated" })
    }

    @Test func theIdentityIsCarriedWhateverTheRules() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, ""), (ours, "abc"), (new, "uninitialized")] {
                root.put("/etc/machine-id", .file(text))
                root.put("/var/lib/dbus/machine-id", .file(text))
            }
            ours.put("/etc/ssh/ssh_host_rsa_key", .file("key"))
            new.put("/etc/ssh/ssh_host_rsa_key", .file("another"))
        }
        trees.settings.policy = try CarryPolicy(["a.conf": Array("theirs /etc\nskip /var".utf8)])
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/machine-id") == "abc")
        #expect(CarryWalkTests.text(trees.target, "/var/lib/dbus/machine-id") == "abc")
        #expect(CarryWalkTests.text(trees.target, "/etc/ssh/ssh_host_rsa_key") == "key")
        #expect(report.conflicts == [])
    }

    // MARK: Lists

    static func lists(_ text: String, merged: String = "") -> CarryScope {
        var files = PersistList()
        files.add(Array(text.utf8), file: "files")
        var merges = PersistList()
        merges.add(Array(merged.utf8), file: "merged")
        return CarryScope(files: files, merged: merges)
    }

    @Test func copiesWhatTheListsName() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] {
                root.put("/opt/app/kept", .file("old"))
                root.put("/opt/app/deleted", .file("old"))
                root.put("/opt/other", .file("same"))
            }
            new.put("/opt/app/kept", .file("newer"))
            new.put("/opt/app/added", .file("by the new base"))
            new.put("/opt/other", .file("newer"))
            ours.put("/opt/other", .file("changed, and on no list"))
            ours["/opt/app"]?.entries[Array("deleted".utf8)] = nil
            ours.put("/opt/app/deep/er/file", .file("mine"))
            ours.put("/srv/www/index", .file("page"))
            ours.put("/srv/unlisted", .file("page"))
        }
        trees.settings.scope = CarryWalkTests.lists("/opt/app\n/srv/w*\n/nowhere")
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/opt/app/kept") == "old")
        #expect(trees.target["/opt/app/deleted"] == nil)
        #expect(CarryWalkTests.text(trees.target, "/opt/app/added") == "by the new base")
        #expect(CarryWalkTests.text(trees.target, "/opt/app/deep/er/file") == "mine")
        #expect(CarryWalkTests.text(trees.target, "/opt/other") == "newer")
        #expect(CarryWalkTests.text(trees.target, "/srv/www/index") == "page")
        #expect(trees.target["/srv/unlisted"] == nil)
        #expect(
            report.lines.dropLast() == [
                "unused '/nowhere': a list names it, but it does not exist",
                "carried '/opt/app': as the lists say", "carried '/srv': a directory, for its content",
                "carried '/srv/www': as the lists say",
                "left '/opt/other': 1 file of 23 B; it stays in the old layer",
                "left '/srv/unlisted': 1 file of 4 B; it stays in the old layer",
            ])
    }

    @Test func mergesWhatTheListsSay() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1\n2\n3\n"), (ours, "one\n2\n3\n"), (new, "1\n2\nthree\n")] {
                root.put("/usr/share/x", .file(text))
                root.put("/usr/share/y", .file(text))
            }
        }
        trees.settings.scope = CarryWalkTests.lists("", merged: "/usr/share/x")
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/usr/share/x") == "one\n2\nthree\n")
        #expect(CarryWalkTests.text(trees.target, "/usr/share/y") == "1\n2\nthree\n")
        #expect(
            report.lines.dropLast() == [
                "merged '/usr/share/x': lines of both",
                "left '/usr/share/y': 1 file of 8 B; it stays in the old layer",
            ])
    }

    @Test func aDirectoryOnTheWayIsFinishedByTheNextRun() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/opt/x", .file("same")) }
            ours.put("/srv/a/b/f", .file("mine"))
            ours["/srv"]?.attributes.owner = 7
        }
        trees.settings.scope = CarryWalkTests.lists("/srv/a/b")
        let survey = try trees.survey()
        for count in 0...survey.changes.count {
            trees.target = trees.new.copy()
            try trees.apply(survey, limit: count)
            _ = try CarryWalkTests.carry(trees)
            #expect(MemoryNode.differences(trees.target, trees.ours).allSatisfy { $0.hasPrefix("'/'") })
        }
        // The administrator undoes it: carried files go; the directories above them may stay.
        trees.ours["/srv/a"]?.entries = [:]
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/srv/a/b"] == nil)
    }

    @Test func whatAListNamesBehindALinkIsSpokenOf() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/opt", .link("../../outside")) }
            ours.put("/srv/data/x", .file("mine"))
            new.put("/srv", .link("/elsewhere"))
        }
        trees.settings.scope = CarryWalkTests.lists("/opt/app\n/srv/data/x")
        let report = try CarryWalkTests.carry(trees)
        #expect(report.conflicts.map(\.path.description) == ["/opt", "/srv"])
        #expect(report.conflicts.allSatisfy { $0.outcome == .omitted })
        #expect(MemoryNode.differences(trees.target, trees.new) == [])
    }

    // MARK: Units

    @Test func unitsStayAsTheyWereLeft() throws {
        let wants = "/etc/systemd/system/multi-user.target.wants/"
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] {
                root.put(wants + "ssh.service", .link("/lib/systemd/system/ssh.service"))
                root.put(wants + "cron.service", .link("/lib/systemd/system/cron.service"))
                for unit in ["ssh", "cron", "web"] {
                    root.put("/usr/lib/systemd/system/\(unit).service", .file(""))
                }
            }
            ours[String(wants.dropLast())]?.entries[Array("cron.service".utf8)] = nil
            ours.put(wants + "web.service", .link("/lib/systemd/system/web.service"))
            ours.put("/etc/systemd/system/ssh.service", .link("/dev/null"))
            // Enabled in another way, which must not undo the disabling.
            new.put(
                "/etc/systemd/system/timers.target.wants/cron.service",
                .link("/lib/systemd/system/cron.service"))
            new.put(wants + "new.service", .link("/lib/systemd/system/new.service"))
        }
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target[wants + "cron.service"] == nil)
        #expect(trees.target["/etc/systemd/system/timers.target.wants/cron.service"] == nil)
        #expect(trees.target[wants + "web.service"] != nil)
        #expect(trees.target[wants + "new.service"] != nil)
        #expect(trees.target["/etc/systemd/system/ssh.service"]?.kind == .link(Array("/dev/null".utf8)))
    }

    // MARK: Adjusted files

    @Test func adjustsBeforeItCompares() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            base.put("/etc/fstab", .file("ROOT=base\nswap\n"))
            ours.put("/etc/fstab", .file("ROOT=ours\nswap\ndata\n"))
            new.put("/etc/fstab", .file("ROOT=new\nswap\n"))
        }
        let path = try #require(TreePath(parsing: "/etc/fstab"))
        trees.settings.adjustments[path] = { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"))
            return Array("ROOT=this\n".utf8) + lines.dropFirst().flatMap { Array($0) + [UInt8(ascii: "\n")] }
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/fstab") == "ROOT=this\nswap\ndata\n")
        #expect(report.items.map(\.line) == ["carried '/etc/fstab': a file, changed"])
    }

    @Test func alsoAdjustsWhatNobodyChanged() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/etc/fstab", .file("ROOT=x\n")) }
        }
        let path = try #require(TreePath(parsing: "/etc/fstab"))
        trees.settings.adjustments[path] = { _ in Array("ROOT=this\n".utf8) }
        #expect(try CarryWalkTests.carry(trees).isEmpty)
        #expect(CarryWalkTests.text(trees.target, "/etc/fstab") == "ROOT=this\n")
    }

    // MARK: Unusable trees

    @Test func aLayerWithoutItsConfigurationIsNoneThatDeletedIt() throws {
        let trees = CarryWalkTests.trees { _, ours, _ in ours.entries = [:] }
        #expect(throws: TreeReadError.self) { try trees.survey() }
    }

    @Test func tooDeepIsPassedOver() throws {
        let deep = "/etc/" + Array(repeating: "d", count: 200).joined(separator: "/")
        let trees = CarryWalkTests.trees { _, ours, new in
            ours.put(deep, .file("deep"))
            ours.put("/etc/z", .file("z"))
            new.put(deep.replacing("/d/", with: "/e/"), .file("new"))
        }
        let report = try CarryWalkTests.carry(trees)
        let omitted = try #require(report.conflicts.first)
        #expect(report.conflicts.count == 1 && omitted.path.components.count == TreeLimit.depth + 1)
        #expect(omitted.line.contains("it is inside 128 directories, and is not read"))
        #expect(CarryWalkTests.text(trees.target, "/etc/z") == "z")
    }

    // Equally deep in a directory that the lists name, and in one that they do not.
    @Test func tooDeepIsPassedOverInWhatTheListsName() throws {
        let deep = Array(repeating: "d", count: 200).joined(separator: "/")
        var trees = CarryWalkTests.trees { base, ours, new in
            for root in [base, ours, new] { root.put("/usr/" + deep, .file("same")) }
            ours.put("/srv/" + deep, .file("mine"))
        }
        var list = PersistList()
        list.add(Array("/srv\n/usr/\(deep)\n".utf8), file: "files")
        trees.settings.scope = CarryScope(files: list)
        let report = try CarryWalkTests.carry(trees)
        #expect(
            Set(report.conflicts.map { $0.path.components.first }) == [Array("srv".utf8), Array("usr".utf8)])
        #expect(report.conflicts.allSatisfy { $0.outcome == .omitted })
    }
}
