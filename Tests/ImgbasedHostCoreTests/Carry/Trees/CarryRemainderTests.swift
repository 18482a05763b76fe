import Foundation
import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// What is changed outside `/etc`: carried by a rule, or told.
@Suite struct CarryRemainderTests {
    /// The rules as delivered.
    private static var shipped: CarryPolicy {
        get throws {
            let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(
                path: "../../../../persist")
            var files: [String: [UInt8]] = [:]
            for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
                files[name] = Array(try Data(contentsOf: directory.appending(path: name)))
            }
            return try CarryPolicy(files)
        }
    }

    private static func told(_ trees: MemoryTrees) throws -> [String] {
        try trees.survey().report.left.map { "\($0.path): \($0.detail)" }
    }

    /// `../shared/faults/carry/24`: a user without a home, root without keys.
    @Test func whatAdministratorsHaveIsCarriedByTheShippedRules() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/root/.bashrc", .file("1\n")) }
            new.put("/root/.bashrc", .file("2\n"))
            new.put("/opt/new/tool", .file("new"))
            for path in [
                "/root/.ssh/authorized_keys", "/home/bob/.profile", "/var/spool/cron/crontabs/bob",
                "/usr/local/bin/tool", "/var/lib/systemd/linger/bob", "/srv/www/index.html", "/opt/mine/tool",
            ] { ours.put(path, .file(path)) }
            for path in [
                "/var/log/syslog", "/var/cache/apt/x", "/var/lib/systemd/random-seed", "/home/bob/.cache/x",
            ] { ours.put(path, .file(path)) }
        }
        trees.settings.policy = try Self.shipped
        let report = try CarryWalkTests.carry(trees)
        for path in [
            "/root/.ssh/authorized_keys", "/home/bob/.profile", "/var/spool/cron/crontabs/bob",
            "/usr/local/bin/tool", "/var/lib/systemd/linger/bob", "/srv/www/index.html", "/opt/mine/tool",
        ] { #expect(CarryWalkTests.text(trees.target, path) == path) }
        #expect(CarryWalkTests.text(trees.target, "/root/.bashrc") == "2\n")
        #expect(CarryWalkTests.text(trees.target, "/opt/new/tool") == "new")
        #expect(trees.target["/home/bob/.cache"] == nil && trees.target["/var/log"] == nil)
        #expect(report.left.isEmpty && report.conflicts.isEmpty)
    }

    /// Below a data volume, a layer has what it had before: neither carried by rules or lists, nor told.
    @Test func whatIsBelowADataVolumeIsNobodysChange() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/var/lib/app/of-base", .file("1\n")) }
            ours.put("/srv/www/index.html", .file("old"))
            ours.put("/srv2/file", .file("mine"))
            // In a directory that is carried.
            ours.put("/home/ada/data/below", .file("old"))
            ours.put("/home/ada/file", .file("mine"))
            ours.put("/var/lib/app/of-base", .file("mine\n"))
            ours.put("/var/lib/app/data", .file("old"))
            ours.put("/var/lib/apple", .file("mine"))
        }
        trees.settings.policy = try Self.shipped
        var list = PersistList()
        list.add(Array("/srv/www\n/var/lib/app/data\n/srv/none\n".utf8), file: "files")
        trees.settings.scope = CarryScope(files: list)
        trees.settings.shared = ["/srv", "/var/lib/app", "/home/ada/data"].compactMap(TreePath.init(parsing:))
        trees.settings.mounted = trees.settings.shared
        let shared = trees
        let report = try CarryWalkTests.carry(trees)
        #expect(report.items.map(\.path.description) == ["/home", "/srv2", "/var/lib/apple"])
        #expect(trees.target["/home/ada/file"] != nil && trees.target["/home/ada/data"] == nil)
        #expect(trees.target["/srv"] == nil && trees.target["/var/lib/app/data"] == nil)
        #expect(CarryWalkTests.text(trees.target, "/var/lib/app/of-base") == "1\n")
        // Without the volumes, all of it is carried or told.
        trees = shared
        trees.settings.shared = []
        let others = try trees.survey().report.items.map(\.path.description)
        #expect(others.contains { $0.hasPrefix("/srv/") } && others.contains("/var/lib/app"))
    }

    @Test func whatElseWasChangedIsToldWithItsDirectory() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] {
                root.put("/usr/share/doc/a/b", .file("1"))
                root.put("/usr/bin/old", .file("1"))
                root.put("/usr/bin/older", .file("1"))
                root.put("/var/lib/dpkg/info/x", .file("1"))
            }
            ours.put("/usr/share/doc/a/b", .file("22"))
            ours.put("/usr/share/doc/new/c/d", .file("333"))
            ours["/usr/bin"]?.entries[Array("old".utf8)] = nil
            ours["/usr/bin"]?.entries[Array("older".utf8)] = nil
            new["/usr/bin"]?.entries[Array("older".utf8)] = nil
            ours.put("/var/lib/app/data/1", .file("12345"))
            ours.put("/var/lib/app/data/2", .file("12345"))
            ours.put("/data/x/y/z", .link("nowhere"))
            ours["/var/lib/dpkg"]?.attributes.permissions = 0o700
            // The new base has made the same change.
            for root in [ours, new] { root.put("/usr/lib/both", .file("same")) }
        }
        let end = "; it stays in the old layer"
        #expect(
            try Self.told(trees) == [
                "/data: 1 file of 0 B\(end)", "/usr/bin/old: 1 removed\(end)",
                "/usr/share/doc: 2 files of 5 B\(end)",
                "/var/lib/app: 2 files of 10 B\(end)", "/var/lib/dpkg: 1 file of 0 B\(end)",
            ])
    }

    @Test func manyFilesOfADirectoryAreToldWithIt() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/usr/bin/a", .file("1")) }
            for number in 1...9 { ours.put("/usr/bin/\(number)", .file("22")) }
            for number in 1...8 { ours.put("/usr/\(number)", .file("22")) }
        }
        let told = try Self.told(trees)
        #expect(told.count == 9)
        #expect(told.last == "/usr/bin: 9 files of 18 B; it stays in the old layer")
    }

    /// It is not carried anyway.
    @Test func whatCannotBeReadIsToldAndStopsNothing() throws {
        let trees = CarryWalkTests.trees { (_, ours, _) in
            ours.put("/var/lib/bad", .directory())
            ours["/var/lib/bad"]?.isDamaged = true
            ours.put("/var/lib/good", .file("1"))
            ours.put("/etc/mine", .file("mine"))
        }
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/mine") == "mine")
        #expect(report.left.map(\.path.description) == ["/var/lib/bad", "/var/lib/good"])
        #expect(report.left.first?.detail == "it cannot be read: input/output error")
    }

    /// The package is told by its name. What the administrator changed of it is told by its path.
    @Test func filesOfPackagesAreNotTold() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, ours, new] { root.put("/usr/share/other", .file("1")) }
            ours.put("/usr/share/tool/page", .file("delivered"))
            ours.put("/usr/share/tool/data", .file("changed"))
            ours["/usr/share/tool/data"]?.attributes.modified = FileTime(seconds: 50, nanoseconds: 8)
            ours.put("/usr/share/tool/mine", .file("mine"))
            ours.put("/usr/share/tool/empty", .directory())
        }
        let unpacked = FileTime(seconds: 50, nanoseconds: 7)
        for name in ["", "/page", "/data", "/empty"] {
            let path = try #require(TreePath(parsing: "/usr/share/tool" + name))
            trees.settings.packaged[path] = unpacked
            trees.ours[path]?.attributes.modified =
                name == "/data" ? FileTime(seconds: 51) : FileTime(seconds: 9)
        }
        #expect(
            try Self.told(trees) == [
                "/usr/share/tool: 2 files of 11 B; it stays in the old layer"
            ])
    }

    /// Only the new layer has it, since a package's script made it there, and no other run made it.
    @Test func whatPackagesMadeInTheNewLayerStays() throws {
        var trees = CarryWalkTests.trees { (_, _, new) in new.put("/etc/known", .file("1")) }
        trees.target.put("/etc/tool/made", .file("made"))
        trees.target.put("/etc/stray", .file("stray"))
        trees.settings.made = [try #require(TreePath(parsing: "/etc/tool"))]
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/etc/tool/made") == "made")
        #expect(trees.target["/etc/stray"] == nil)
        #expect(report.items.map(\.path.description) == ["/etc/stray"])
    }

    @Test func aRuleLeavesOutOrTakesIn() throws {
        var trees = CarryWalkTests.trees { (_, ours, _) in
            for path in ["/srv/a", "/srv/b", "/srv/c", "/opt/a"] { ours.put(path, .file(path)) }
        }
        trees.settings.policy = try CarryPolicy([
            "a.conf": Array("merge /srv\nskip /srv/b\ntheirs /srv/c\nours /opt/?".utf8)
        ])
        let report = try CarryWalkTests.carry(trees)
        #expect(trees.target["/srv"]?.entries.count == 1 && trees.target["/opt/a"] != nil)
        #expect(report.left.isEmpty, "the rule for /srv/c tells it")
        #expect(report.items.contains { $0.path.description == "/srv/c" && $0.outcome == .replaced })
        // A pattern that names no place takes nothing in.
        trees.settings.policy = try CarryPolicy(["a.conf": Array("ours /**/a".utf8)])
        #expect(try Self.told(trees).count == 2)
    }

    @Test func ofWhatIsTooLargeTheSmallestIsCarried() throws {
        var trees = CarryWalkTests.trees { (_, ours, _) in
            ours.put("/home/ann/.ssh/key", .file("key"))
            ours.put("/home/bob/.profile", .file("profile"))
            for name in ["1", "2"] {
                ours.put("/home/bob/machines/\(name)", .file(String(repeating: "x", count: 60)))
            }
            ours.put("/home/bob/film", .file(String(repeating: "x", count: 90)))
            ours.put("/srv/large", .file(String(repeating: "x", count: 101)))
            ours.put("/root/large", .file(String(repeating: "x", count: 100)))
        }
        trees.settings.policy = try Self.shipped
        trees.settings.limit = Bytes(100)
        for _ in 0..<2 {
            let report = try CarryWalkTests.carry(trees)
            #expect(
                report.left.map { "\($0.path): \($0.detail)" } == [
                    "/home/bob/machines: 2 files of 120 B, over the limit of 100 B; it stays in the old layer",
                    "/srv/large: 1 file of 101 B, over the limit of 100 B; it stays in the old layer",
                ])
            #expect(trees.target["/home/ann/.ssh/key"] != nil && trees.target["/home/bob/film"] != nil)
            #expect(trees.target["/home/bob/machines"] == nil && trees.target["/root/large"] != nil)
        }
        // A list has no limit.
        trees.settings.scope = CarryWalkTests.lists("/srv/large")
        let report = try CarryWalkTests.carry(trees)
        #expect(report.left.count == 1 && trees.target["/srv/large"] != nil)
    }
}
