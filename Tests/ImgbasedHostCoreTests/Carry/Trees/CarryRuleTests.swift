import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Combined rules and lists: one for a directory and another for files in it.
@Suite struct CarryRuleTests {
    private static func policy(_ text: String) throws -> CarryPolicy {
        try CarryPolicy(["a.conf": Array(text.utf8)])
    }

    private static func outcomes(_ report: CarryReport) -> [String] {
        report.items.map { "\($0.outcome.rawValue) \($0.path)" }
    }

    // MARK: A removed directory, and its files

    @Test(
        arguments: [
            ("skip", ["carried /etc/foo", "conflict /etc/foo/keep"]),
            ("theirs", ["carried /etc/foo", "conflict /etc/foo/keep", "replaced /etc/foo/x"]),
        ])
    func whatIsInADirectoryGoneFromTheNewBaseHasItsOwnRule(rule: String, outcomes: [String]) throws {
        var trees = CarryWalkTests.trees { (base, ours, _) in
            for (root, text) in [(base, "old"), (ours, "mine")] {
                for name in ["keep", "x"] { root.put("/etc/foo/" + name, .file(text)) }
            }
        }
        trees.settings.policy = try CarryRuleTests.policy("\(rule) /etc/foo\nmerge /etc/foo/keep")
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/foo/keep") == "mine")
        #expect(trees.target["/etc/foo/x"] == nil)
        #expect(CarryRuleTests.outcomes(report) == outcomes)
    }

    @Test(arguments: ["skip", "theirs"])
    func aDirectoryOfWhichNothingStaysGoes(rule: String) throws {
        var trees = CarryWalkTests.trees { (base, ours, _) in
            base.put("/etc/foo/x", .file("old"))
            for name in ["a", "x", "skipped"] { ours.put("/etc/foo/" + name, .file("mine")) }
        }
        trees.settings.policy = try CarryRuleTests.policy(
            "\(rule) /etc/foo\ntheirs /etc/foo/x\nskip /etc/foo/skipped")
        let report = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/foo"] == nil)
        let inner = ["replaced /etc/foo/x"]
        let all = ["replaced /etc/foo", "replaced /etc/foo/a"] + inner
        #expect(CarryRuleTests.outcomes(report) == (rule == "skip" ? inner : all))
    }

    @Test(arguments: ["skip /etc/ssh\nskip /etc/iscsi", "theirs /etc/ssh\ntheirs /etc/iscsi"])
    func theIdentityStaysThoughItsDirectoryIsGone(rules: String) throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours] { root.put("/etc/iscsi/initiatorname.iscsi", .file("iqn.here")) }
            ours.put("/etc/ssh/ssh_host_ed25519_key", .file("key"))
            new.put("/etc/ssh", .link("/usr/etc/ssh"))
        }
        trees.settings.policy = try CarryRuleTests.policy(rules)
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/ssh/ssh_host_ed25519_key") == "key")
        #expect(CarryWalkTests.text(trees.target, "/etc/iscsi/initiatorname.iscsi") == "iqn.here")
        #expect(trees.target[ConflictStore.directory + "/etc/ssh"]?.kind == .link(Array("/usr/etc/ssh".utf8)))
        #expect(report.conflicts.map(\.path.description) == ["/etc/ssh"])
    }

    @Test func theIdentityStaysWhereItsDirectoryWasLeftAloneAndIsALinkNow() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours] { root.put("/etc/iscsi/initiatorname.iscsi", .file("iqn.here")) }
            new.put("/etc/iscsi", .link("/elsewhere"))
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/iscsi/initiatorname.iscsi") == "iqn.here")
        #expect(trees.target[ConflictStore.directory + "/etc/iscsi"] != nil)
        #expect(report.conflicts.map(\.path.description) == ["/etc/iscsi"])
    }

    @Test(arguments: [nil, MemoryNode.link("/elsewhere").kind])
    func whatAListNamesStaysThoughARuleTakesItsDirectory(kind: NodeFacts.Kind?) throws {
        var trees = CarryWalkTests.trees { (_, ours, new) in
            ours.put("/etc/foo/key", .file("mine"))
            ours.put("/etc/foo/other", .file("mine"))
            if let kind { new.put("/etc/foo", MemoryNode(kind, .test)) }
        }
        trees.settings.policy = try CarryRuleTests.policy("skip /etc/foo")
        trees.settings.scope = CarryWalkTests.lists("/etc/foo/key")
        _ = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/foo/key") == "mine")
        #expect(trees.target["/etc/foo/other"] == nil)
    }

    @Test func aDirectoryOfWhichNothingStaysMakesWayForTheNewBases() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours] { root.put("/etc/foo/x", .file("old")) }
            new.put("/etc/foo", .file("new"))
        }
        trees.settings.policy = try CarryRuleTests.policy("skip /etc/foo\nmerge /etc/foo/x")
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/foo") == "new")
        #expect(report.isEmpty)
    }

    // MARK: A directory that the layer lacks

    @Test(arguments: [nil, "theirs /etc/ssh", "skip /etc/ssh"], ["", "/etc/ssh"])
    func noKeyOfTheImageIsTaken(rule: String?, list: String) throws {
        for isDeleted in [true, false] {
            var trees = CarryWalkTests.trees { (base, ours, new) in
                if isDeleted { base.put("/etc/ssh/sshd_config", .file("old")) }
                new.put("/etc/ssh/sshd_config", .file("old"))
                new.put("/etc/ssh/ssh_host_ed25519_key", .file("of every machine"))
                ours.put("/etc/other", .file("mine"))
            }
            if let rule { trees.settings.policy = try CarryRuleTests.policy(rule) }
            trees.settings.scope = CarryWalkTests.lists(list)
            _ = try CarryWalkTests.carry(trees)
            #expect(trees.target["/etc/ssh/ssh_host_ed25519_key"] == nil, "\(isDeleted)")
        }
    }

    @Test func noKeyOfTheImageIsTakenWhereAFileWasInItsPlace() throws {
        var trees = CarryWalkTests.trees { (_, ours, new) in
            ours.put("/etc/ssh", .file("no directory"))
            new.put("/etc/ssh/sshd_config", .file("new"))
            new.put("/etc/ssh/ssh_host_ed25519_key", .file("of every machine"))
        }
        trees.settings.policy = try CarryRuleTests.policy("theirs /etc/ssh")
        let report = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/ssh/ssh_host_ed25519_key"] == nil)
        #expect(CarryWalkTests.text(trees.target, "/etc/ssh/sshd_config") == "new")
        #expect(CarryRuleTests.outcomes(report).contains("replaced /etc/ssh"))
    }

    @Test func noKeyOfTheImageIsTakenWhereALinkWasLeftAlone() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours] { root.put("/etc/ssh", .link("/usr/etc/ssh")) }
            new.put("/etc/ssh/sshd_config", .file("new"))
            new.put("/etc/ssh/ssh_host_ed25519_key", .file("of every machine"))
        }
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/ssh/ssh_host_ed25519_key"] == nil)
        #expect(CarryWalkTests.text(trees.target, "/etc/ssh/sshd_config") == "new")
    }

    @Test func noKeyOfTheImageIsCopiedBesideWhatAListNames() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/etc/ssh/sshd_config", .file("same")) }
            new.put("/etc/ssh/ssh_host_ed25519_key", .file("of every machine"))
            new.put("/etc/ssh/moduli", .file("new"))
        }
        trees.settings.scope = CarryWalkTests.lists("/etc/ssh")
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/ssh/ssh_host_ed25519_key"] == nil)
        #expect(trees.target["/etc/ssh/moduli"] != nil)
    }

    @Test func disablingTheLastUnitLeavesTheNewBasesOthers() throws {
        let wants = "/etc/systemd/system/sockets.target.wants"
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] {
                root.put("/etc/systemd/system/x", .file(""))
                root.put("/usr/lib/systemd/system/a.socket", .file(""))
                root.put("/usr/lib/systemd/system/b.socket", .file(""))
            }
            base.put(wants + "/a.socket", .link("/usr/lib/systemd/system/a.socket"))
            for unit in ["a", "b"] {
                new.put(wants + "/\(unit).socket", .link("/usr/lib/systemd/system/\(unit).socket"))
            }
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(
            trees.target[wants]?.entries.keys.map { String(decoding: $0, as: UTF8.self) } == ["b.socket"])
        #expect(trees.target[ConflictStore.directory] == nil)
        #expect(CarryRuleTests.outcomes(report) == ["deleted \(wants)/a.socket"])
        // If the new base has nothing new in the directory, it stays absent.
        trees.new[wants]?.entries[Array("b.socket".utf8)] = nil
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target[wants] == nil)
    }

    // MARK: Reports

    @Test(arguments: [
        "theirs /etc/app/state", "theirs /etc/**/state*", "theirs /etc/app/dir\ntheirs /etc/app/state",
    ])
    func whatARuleReplacesInADirectoryAddedHereIsTold(rules: String) throws {
        var trees = CarryWalkTests.trees { (_, ours, _) in
            ours.put("/etc/app/conf", .file("mine"))
            ours.put("/etc/app/state", .file("mine"))
        }
        trees.settings.policy = try CarryRuleTests.policy(rules)
        let report = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/app/state"] == nil)
        #expect(CarryRuleTests.outcomes(report) == ["carried /etc/app", "replaced /etc/app/state"])
    }

    @Test func aRuleForUnitsIsNotContradicted() throws {
        let path = "/etc/systemd/system/default.target"
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, unit) in [(base, "graphical"), (ours, "multi-user"), (new, "rescue")] {
                root.put(path, .link("/usr/lib/systemd/system/\(unit).target"))
                root.put("/usr/lib/systemd/system/multi-user.target", .file(""))
            }
        }
        let conflict = try CarryWalkTests.carry(trees).conflicts
        #expect(conflict.map(\.path.description) == [path])
        #expect(conflict.first?.detail.contains("'/usr/lib/systemd/system/rescue.target'") == true)
        trees.settings.policy = try CarryRuleTests.policy("theirs /etc/systemd")
        trees.target = trees.new.copy()
        #expect(CarryRuleTests.outcomes(try CarryWalkTests.carry(trees)) == ["replaced \(path)"])
    }
}
