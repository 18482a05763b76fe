import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// A file put beside another must not be usable.
@Suite struct CarryBesideTests {
    private static let capability = bytes("security.capability")
    private static let list = bytes("system.posix_acl_access")

    private static func conflict(_ path: String, _ attributes: NodeAttributes) -> MemoryTrees {
        CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1"), (ours, "2"), (new, "3")] {
                root.put(path, .file(text, attributes))
            }
        }
    }

    @Test func nothingBesideCanBeRun() throws {
        var attributes = NodeAttributes.test
        attributes.permissions = 0o6755
        attributes.extended[CarryBesideTests.capability] = [1]
        // Of user 7 and of the mask, all.
        attributes.extended[CarryBesideTests.list] =
            [2, 0, 0, 0] + [2, 0, 7, 0, 7, 0, 0, 0] + [0x10, 0, 5, 0, 255, 255, 255, 255]
        attributes.extended[bytes("security.selinux")] = [3]
        let trees = CarryBesideTests.conflict("/etc/x", attributes)
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/x"]?.attributes == attributes)
        let beside = try #require(trees.target["/etc/x.imgnew"]?.attributes)
        #expect(beside.permissions == 0o644 && beside.extended[CarryBesideTests.capability] == nil)
        #expect(
            beside.extended[CarryBesideTests.list]
                == [2, 0, 0, 0] + [2, 0, 6, 0, 7, 0, 0, 0] + [0x10, 0, 4, 0, 255, 255, 255, 255])
        #expect(beside.extended[bytes("security.selinux")] == [3])
        // An unknown ACL does not widen access.
        attributes.extended[CarryBesideTests.list] = [9]
        #expect(attributes.beside(.file(size: 0)).permissions == 0o600)
    }

    @Test func nothingInADirectoryBesideCanBeRun() throws {
        var attributes = NodeAttributes.test
        attributes.permissions = 0o755
        let trees = CarryWalkTests.trees { (base, ours, new) in
            base.put("/etc/d", .file("old"))
            ours.put("/etc/d", .file("mine"))
            new.put("/etc/d", .directory(attributes))
            new.put("/etc/d/run", .file("new", attributes))
        }
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/d.imgnew"]?.attributes.permissions == 0o755)
        #expect(trees.target["/etc/d.imgnew/run"]?.attributes.permissions == 0o644)
    }

    /// The file is recognized without the attributes that were removed.
    @Test func whatOnlyAnOldBaseHadGoesAlsoIfItCouldBeRun() throws {
        var attributes = NodeAttributes.test
        attributes.permissions = 0o4755
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "2"), (ours, "2"), (new, "3")] {
                root.put("/etc/x", .file(text, attributes))
            }
            attributes.permissions = 0o644
            ours.put("/etc/x.imgnew", .file("2", attributes))
        }
        #expect(try CarryWalkTests.carry(trees).items.map(\.outcome) == [.reset])
        #expect(trees.target["/etc/x.imgnew"] == nil)
    }

    @Test(arguments: [
        ("/etc/cron.d/job", true), ("/etc/cron.daily/job", true), ("/etc/logrotate.d/app", true),
        ("/etc/NetworkManager/system-connections/a.nmconnection", true), ("/etc/cron.allow", false),
        ("/etc/crontab", false), ("/etc/cron/job", false), ("/etc/sysctl.d/a.conf", false),
    ])
    func whereAllIsReadNothingIsBeside(path: String, isRead: Bool) throws {
        let trees = CarryBesideTests.conflict(path, .test)
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, path) == "2")
        #expect((trees.target[path + ".imgnew"] == nil) == isRead)
        let item = try #require(report.conflicts.first)
        #expect(
            report.conflicts.count == 1 && item.path.description == path && (item.beside == nil) == isRead)
        #expect(item.detail.contains("would be read") == isRead)
    }
}
