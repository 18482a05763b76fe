import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The owners of files if the new base has other ids for the layer's accounts.
@Suite struct CarryAccountTests {
    @Test(arguments: [
        ("fail", CarryOutcome.refused), ("theirs", .unused), ("ours", .unused), ("skip", .unused),
    ])
    func aRuleStopsAConflictOfAccountsOrIsToldAsUnused(rule: String, outcome: CarryOutcome) throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, name) in [(base, ""), (ours, "O"), (new, "N")] {
                root.put("/etc/passwd", .file("root:x:0:0::/root:/bin/sh\na:x:100:100:\(name):/:/bin/sh\n"))
                root.put("/etc/group", .file("root:x:0:\na:x:100:\n"))
            }
        }
        trees.settings.policy = try CarryPolicy(["a.conf": Array("\(rule) /etc/passwd".utf8)])
        let found = try trees.survey().report.items.filter { $0.path.description == "/etc/passwd" }
        #expect(found.contains { $0.outcome == outcome })
        #expect(found.contains { $0.outcome == .conflict } == (rule != "fail"))
    }

    @Test func aLinkInPlaceOfAnAccountFileIsRefused() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, new] { root.put("/etc/passwd", .file("root:x:0:0::/root:/bin/sh\n")) }
            ours.put("/etc/passwd", .link("/srv/passwd"))
        }
        let error = #expect(throws: TreeReadError.self) { try trees.survey() }
        #expect(error?.description.hasPrefix("'/etc/passwd' of the old layer is no plain file") == true)
    }

    @Test func accountsKeepTheirNumbersAndFilesFollow() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            let users = "root:x:0:0::/root:/bin/sh\n"
            base.put("/etc/passwd", .file(users + "web:x:101:101::/:/bin/false\n"))
            ours.put(
                "/etc/passwd",
                .file(users + "web:x:101:101::/:/bin/false\nme:x:1000:1000::/home/me:/bin/sh\n"))
            new.put("/etc/passwd", .file(users + "db:x:101:101::/:/bin/false\nweb:x:102:102::/:/bin/false\n"))
            base.put("/etc/group", .file("root:x:0:\nweb:x:101:\n"))
            ours.put("/etc/group", .file("root:x:0:\nweb:x:101:\nme:x:1000:\n"))
            new.put("/etc/group", .file("root:x:0:\ndb:x:101:\nweb:x:102:\n"))
            var attributes = NodeAttributes.test
            attributes.permissions = 0o4755
            for (root, number) in [(base, 101 as UInt32), (ours, 101), (new, 102)] {
                (attributes.owner, attributes.group) = (number, number)
                attributes.extended[Array("security.capability".utf8)] = [1]
                root.put("/usr/lib/web/tool", .file("tool", attributes))
                root.put("/etc/web.conf", .file("conf", attributes))
            }
            (attributes.owner, attributes.group) = (101, 0)
            new.put("/usr/lib/db/tool", .file("tool", attributes))
            // Of user 101 and group 102.
            attributes.extended[Array("system.posix_acl_access".utf8)] =
                [2, 0, 0, 0] + [2, 0, 6, 0, 101, 0, 0, 0] + [8, 0, 6, 0, 102, 0, 0, 0] + [
                    4, 0, 6, 0, 255, 255, 255, 255,
                ]
            attributes.owner = 0
            new.put("/usr/lib/db/shared", .file("tool", attributes))
        }
        let report = try CarryWalkTests.carry(trees)
        let passwd = try #require(CarryWalkTests.text(trees.target, "/etc/passwd"))
        #expect(passwd.contains("web:x:101:101:") && passwd.contains("me:x:1000:1000:"))
        let tool = try #require(trees.target["/usr/lib/web/tool"])
        #expect(tool.attributes.owner == 101 && tool.attributes.group == 101)
        #expect(tool.attributes.permissions == 0o4755)
        #expect(tool.attributes.extended[Array("security.capability".utf8)] == [1])
        #expect(trees.target["/etc/web.conf"]?.attributes.owner == 101)
        let line = try #require(passwd.split(separator: "\n").first { $0.hasPrefix("db:") })
        let number = try #require(UInt32(line.split(separator: ":")[2]))
        #expect(number != 101 && number != 102)
        #expect(trees.target["/usr/lib/db/tool"]?.attributes.owner == number)
        let list = trees.target["/usr/lib/db/shared"]?.attributes.extended[
            Array("system.posix_acl_access".utf8)]
        #expect(list?[8..<12] == [UInt8(number & 255), UInt8(number >> 8), 0, 0])
        #expect(list?[16..<20] == [101, 0, 0, 0])
        // Other ids in the new base are no change by the administrator.
        #expect(!report.items.contains { $0.path.description == "/etc/web.conf" })

        // The next base has the same ids as this one; the layer has its own.
        let next = MemoryTrees(base: trees.new, ours: trees.target, new: trees.new.copy())
        let second = try CarryWalkTests.carry(next)
        #expect(!second.items.contains { $0.path.description == "/etc/web.conf" })
        #expect(MemoryNode.differences(next.target, trees.target) == [])

        // The administrator undoes everything: owners that an earlier run changed change back.
        trees.ours = trees.base.copy()
        trees.base["/etc/passwd"]?.content = Array("root:x:0:0::/root:/bin/sh\n".utf8)
        trees.ours["/etc/passwd"]?.content = Array("root:x:0:0::/root:/bin/sh\n".utf8)
        trees.base["/etc/group"]?.content = Array("root:x:0:\n".utf8)
        trees.ours["/etc/group"]?.content = Array("root:x:0:\n".utf8)
        for node in [trees.base, trees.ours] {
            for path in ["/etc/passwd", "/etc/group"] {
                let size = node[path]?.content.count ?? 0
                node[path]?.kind = .file(size: UInt64(size))
            }
        }
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/usr/lib/web/tool"]?.attributes.owner == 102)
    }

    @Test func anInterruptedChangeOfOwnerIsFinished() throws {
        let users = ["web": 101, "other": 102]
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, number) in [(base, users["web"]), (ours, users["web"]), (new, users["other"])] {
                root.put("/etc/passwd", .file("web:x:\(number ?? 0):0::/:/bin/false\n"))
                root.put("/etc/group", .file("root:x:0:\n"))
                var attributes = NodeAttributes.test
                (attributes.owner, attributes.permissions) = (UInt32(number ?? 0), 0o6755)
                attributes.extended[Array("security.capability".utf8)] = [1]
                root.put("/usr/bin/tool", .file("tool", attributes))
                (attributes.owner, attributes.permissions) = (0, 0o4755)
                root.put("/usr/bin/su", .file("su", attributes))
            }
        }
        let survey = try trees.survey()
        try trees.apply(survey)
        let done = trees.target.copy()
        // chown(2) clears the bits and the capability; the power fails before they are set again.
        let tool = try #require(trees.target["/usr/bin/tool"])
        (tool.attributes.permissions, tool.attributes.extended) = (0o755, [:])
        // Files whose owner is no account to map are not handled here.
        trees.target["/usr/bin/su"]?.attributes.permissions = 0o755
        done["/usr/bin/su"]?.attributes.permissions = 0o755
        trees.isReversed = true
        _ = try CarryWalkTests.carry(trees)
        #expect(MemoryNode.differences(trees.target, done) == [])
    }
}
