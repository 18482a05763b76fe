import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// The new base's versions of files in conflict, and what becomes of them at the next change of base.
@Suite struct CarryConflictTests {
    private static func version(_ path: String, in root: MemoryNode) -> MemoryNode? {
        root[ConflictStore.directory + path]
    }

    private static func base(_ path: String, in root: MemoryNode) -> String? {
        CarryWalkTests.text(root, ConflictStore.baseDirectory + path)
    }

    private static func conflict(_ path: String, _ attributes: NodeAttributes = .test) -> MemoryTrees {
        CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1\n"), (ours, "2\n"), (new, "3\n")] {
                root.put(path, .file(text, attributes))
            }
        }
    }

    /// The next change of base, from the layer that `trees` made.
    private static func next(_ trees: MemoryTrees, _ change: (MemoryNode, MemoryNode) -> Void) -> MemoryTrees
    {
        let new = trees.new.copy()
        let ours = trees.target.copy()
        change(ours, new)
        var next = MemoryTrees(base: trees.new, ours: ours, new: new)
        next.settings = trees.settings
        return next
    }

    /// Programs read whole directories, whatever the ending of a name.
    @Test(arguments: [
        "/etc/x", "/etc/cron.d/job", "/etc/network/interfaces.d/a", "/etc/initramfs-tools/hooks/a",
    ])
    func nothingIsPutWhereProgramsRead(path: String) throws {
        var attributes = NodeAttributes.test
        attributes.permissions = 0o6755
        attributes.extended[bytes("security.capability")] = [1]
        let trees = Self.conflict(path, attributes)
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, path) == "2\n")
        let directory = try #require(TreePath(parsing: path)?.parent)
        #expect(trees.target[directory]?.entries.count == trees.new[directory]?.entries.count)
        let version = try #require(Self.version(path, in: trees.target))
        #expect(version.content == Array("3\n".utf8) && version.attributes == attributes)
        #expect(Self.base(path, in: trees.target) == "1\n")
        #expect(trees.target[ConflictStore.directory]?.attributes.permissions == 0o700)
        #expect(report.conflicts.map(\.beside) == [TreePath(parsing: ConflictStore.directory + path)])
    }

    @Test func aDirectoryInConflictWaitsWhole() throws {
        let trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, new] { root.put("/etc/d/run", .file("old")) }
            new.put("/etc/d/run", .file("new"))
            ours.put("/etc/other", .file("mine"))
        }
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/etc/d"] == nil)
        #expect(Self.version("/etc/d/run", in: trees.target)?.content == Array("new".utf8))
        // It stays one, at each change of base, until it is settled.
        for text in ["newer", "newest", "newest"] {
            let next = Self.next(trees) { (_, new) in new.put("/etc/d/run", .file(text)) }
            #expect(try CarryWalkTests.carry(next).conflicts.map(\.path.description) == ["/etc/d"])
            #expect(Self.version("/etc/d/run", in: next.target)?.content == Array(text.utf8))
        }
        let settled = Self.next(trees) { (ours, new) in
            ours.put("/var/lib/imgbased/conflicts", .directory())
            new.put("/etc/d/run", .file("new"))
        }
        #expect(try CarryWalkTests.carry(settled).conflicts.isEmpty)
        #expect(settled.target["/etc/d"] == nil && settled.target[ConflictStore.directory] == nil)
    }

    /// `../shared/faults/carry/14`: a fix of the base in between is not forgotten.
    @Test func noChangeOfABaseIsForgottenWhileAConflictWaits() throws {
        func text(_ changes: [Int: String]) -> MemoryNode {
            .file((1...40).map { changes[$0] ?? "line \($0)" }.joined(separator: "\n") + "\n")
        }
        let trees = CarryWalkTests.trees { (base, ours, new) in
            base.put("/etc/app.conf", text([:]))
            ours.put("/etc/app.conf", text([5: "admin"]))
            new.put("/etc/app.conf", text([5: "vendor", 20: "security fix"]))
        }
        _ = try CarryWalkTests.carry(trees)
        let next = Self.next(trees) { (_, new) in
            new.put("/etc/app.conf", text([5: "vendor", 20: "security fix", 35: "later"]))
        }
        let report = try CarryWalkTests.carry(next)
        #expect(report.conflicts.map(\.path.description) == ["/etc/app.conf"])
        let waiting = try #require(Self.version("/etc/app.conf", in: next.target)).content
        #expect(String(decoding: waiting, as: UTF8.self).contains("security fix"))
        #expect(Self.base("/etc/app.conf", in: next.target)?.contains("line 20") == true)
        // The administrator takes the fix and settles it: then only new changes count.
        let settled = Self.next(next) { (ours, new) in
            ours.put("/etc/app.conf", text([5: "admin", 20: "security fix", 35: "later"]))
            ours["/var/lib/imgbased"]?.entries = [:]
            new.put("/etc/app.conf", text([5: "vendor", 20: "security fix", 35: "later", 38: "last"]))
        }
        #expect(try CarryWalkTests.carry(settled).items.map(\.outcome) == [.merged])
        #expect(CarryWalkTests.text(settled.target, "/etc/app.conf")?.contains("last") == true)
        // If the vendor gives in, the lines merge, and nothing waits any more.
        let over = Self.next(trees) { (_, new) in new.put("/etc/app.conf", text([20: "security fix"])) }
        #expect(try CarryWalkTests.carry(over).items.map(\.outcome) == [.merged])
        #expect(over.target[ConflictStore.directory] == nil)
    }

    /// The administrator took the version that waited, and told nobody.
    @Test(arguments: ["3\n", "4\n"])
    func aConflictIsOverWhenTheWaitingVersionIsTaken(text: String) throws {
        let trees = Self.conflict("/etc/x")
        _ = try CarryWalkTests.carry(trees)
        let next = Self.next(trees) { (ours, new) in
            ours.put("/etc/x", .file("3\n"))
            new.put("/etc/x", .file(text))
        }
        #expect(try CarryWalkTests.carry(next).isEmpty)
        #expect(CarryWalkTests.text(next.target, "/etc/x") == text)
        #expect(next.target[ConflictStore.directory] == nil)
    }

    /// For example between the update and the shutdown.
    @Test func theStoreOfTheNewLayerFollows() throws {
        let trees = Self.conflict("/etc/x")
        _ = try CarryWalkTests.carry(trees)
        trees.ours.put("/etc/x", .file("3\n"))
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target[ConflictStore.directory] == nil)
        trees.ours.put("/etc/x", .file("4\n"))
        _ = try CarryWalkTests.carry(trees)
        trees.target.put(ConflictStore.directory + "/etc/stray", .file("from nowhere"))
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target[ConflictStore.directory + "/etc"]?.entries.count == 1)
    }

    /// Once, a version was put beside the file of the administrator.
    @Test func whatStandsBesideIsTakenOver() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for root in [base, new] { root.put("/etc/x", .file("2\n")) }
            ours.put("/etc/x", .file("mine\n"))
            ours.put("/etc/x.imgnew", .file("2\n"))
        }
        #expect(
            try trees.survey().report.items.map(\.outcome) == [.carried, .carried],
            "it is the administrator's")
        let path = try #require(TreePath(parsing: "/etc/x"))
        trees.settings.beside = [try #require(TreePath(parsing: "/etc/x.imgnew")): path]
        let report = try CarryWalkTests.carry(trees)
        #expect(report.conflicts.map(\.path) == [path])
        #expect(trees.target["/etc/x.imgnew"] == nil)
        #expect(Self.version("/etc/x", in: trees.target)?.content == Array("2\n".utf8))
        // It was edited.
        trees.ours.put("/etc/x.imgnew", .file("mine, too\n"))
        #expect(try CarryWalkTests.carry(trees).conflicts.isEmpty)
        #expect(CarryWalkTests.text(trees.target, "/etc/x.imgnew") == "mine, too\n")
    }

    @Test func aPathMeansWhatIsInIt() throws {
        let waiting = ["/etc/a/x", "/etc/a/y", "/etc/ab"].compactMap(TreePath.init(parsing:))
        #expect(ConflictPlanner.places("/etc/a", waiting).count == 2)
        #expect(ConflictPlanner.places("/etc/a/../ab", waiting).count == 1)
        #expect(
            ConflictPlanner.places("etc/ab", waiting).isEmpty && ConflictPlanner.places("/", waiting).isEmpty)
        let plan = try ConflictPlanner.plan("/etc/a", takesNew: true, waiting)
        #expect(plan.steps == waiting.prefix(2).map { .settleConflict($0, takesNew: true) })
        #expect(throws: HostRefusal(ConflictPlanner.goal("/etc/b"), .noConflict("/etc/b"))) {
            try ConflictPlanner.plan("/etc/b", takesNew: false, waiting)
        }
    }
}
