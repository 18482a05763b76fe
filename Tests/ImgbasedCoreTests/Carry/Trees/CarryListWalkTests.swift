import TestTrees
import Testing

@testable import ImgbasedCore

/// What the lists name outside of `/etc`, and the way to it.
@Suite struct CarryListWalkTests {
    private static func names(_ node: MemoryNode, _ path: String) -> [String] {
        (node[path]?.entries.keys ?? [:].keys).map { String(decoding: $0, as: UTF8.self) }.sorted()
    }

    // MARK: What is beside

    @Test(arguments: ["/opt/*", "/opt/**/c*", "/opt", "/opt/c", "/*/c*"])
    func whatIsBesideWhatAListNamesIsThereTwice(list: String) throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1\n"), (ours, "2\n"), (new, "3\n")] {
                root.put("/opt/c", .file(text))
            }
        }
        trees.settings.scope = CarryWalkTests.lists("", rebase: list)
        for _ in 0..<3 {
            let report = try CarryWalkTests.carry(trees)
            #expect(CarryListWalkTests.names(trees.target, "/opt") == ["c", "c.imgnew"])
            #expect(report.items.map(\.outcome) == [.conflict])
        }
    }

    /// Its name is cut, and it comes before what it is beside.
    @Test func whatIsBesideALongNameIsThereTwice() throws {
        let name = String(repeating: "y", count: 255)
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1\n"), (ours, "2\n"), (new, "3\n")] {
                root.put("/opt/" + name, .file(text))
            }
        }
        trees.settings.scope = CarryWalkTests.lists("", rebase: "/opt/*")
        _ = try CarryWalkTests.carry(trees)
        #expect(trees.target["/opt"]?.entries.count == 2)
    }

    /// A name that stands for something in one directory is another file in the next.
    @Test func whatIsBesideInOneDirectoryIsNothingToAnother() throws {
        var trees = CarryWalkTests.trees { (base, ours, new) in
            for (root, text) in [(base, "1\n"), (ours, "2\n"), (new, "3\n")] {
                root.put("/opt/c", .file(text))
            }
            ours.put("/srv/c.imgnew", .file("mine"))
        }
        trees.settings.scope = CarryWalkTests.lists("/srv/*", rebase: "/opt/c")
        let report = try CarryWalkTests.carry(trees)
        #expect(CarryWalkTests.text(trees.target, "/srv/c.imgnew") == "mine")
        #expect(report.conflicts.map(\.beside?.description) == ["/opt/c.imgnew"])
    }
}
