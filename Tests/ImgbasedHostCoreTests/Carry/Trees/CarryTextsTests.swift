import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Files whose content is decided beforehand, or adjusted.
@Suite struct CarryTextsTests {
    private static func trees(_ path: String, _ base: String, _ ours: String, _ new: String) -> MemoryTrees {
        let roots = [base, ours, new].map { text in
            let root = MemoryNode.directory()
            root.put("/etc/os-release", .file("os"))
            root.put(path, .file(text))
            return root
        }
        return MemoryTrees(base: roots[0], ours: roots[1], new: roots[2])
    }

    /// The limit of the line merge does not apply.
    @Test func accountFilesMayBeLong() throws {
        let name = String(repeating: "x", count: LineMerge.limit / 2)
        let accounts = "a:x:1:0:\(name):/:/bin/sh\nb:x:2:0:\(name):/:/bin/sh\n"
        #expect(accounts.utf8.count > LineMerge.limit)
        let trees = CarryTextsTests.trees(
            "/etc/passwd", accounts, accounts + passwd("here:9"), accounts + passwd("new:8"))
        let report = try CarryTextsTests.carry(trees)
        #expect(report.items.map(\.outcome) == [.merged])
        #expect(
            trees.target["/etc/passwd"].map { text($0.content) } == accounts + passwd("here:9 new:8"))
    }

    /// A program of the new layer did not take the merged lines.
    @Test func whatIsNotToBeMergedIsAConflict() throws {
        var trees = CarryTextsTests.trees("/etc/app.conf", "a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n")
        let path = try #require(TreePath(parsing: "/etc/app.conf"))
        #expect(try trees.survey().report.items.map(\.outcome) == [.merged])
        trees.settings.mergeProblem = { place, text in
            place == path && text == Array("A\nb\nC\n".utf8) ? "'app -t': line 3: no" : nil
        }
        let report = try CarryTextsTests.carry(trees)
        #expect(
            report.items.map(\.detail) == [
                "changed here and in the new base; this one stays; 'app -t': line 3: no"
            ])
        #expect(report.conflicts.map(\.path) == [path])
        #expect(trees.target["/etc/app.conf"].map { text($0.content) } == "A\nb\nc\n")
        #expect(
            trees.target["/var/lib/imgbased/conflicts/etc/app.conf"].map { text($0.content) } == "a\nb\nC\n")
    }

    @Test func whatIsTooLongToAdjustIsNamed() throws {
        let long = String(repeating: "x", count: LineMerge.limit + 1)
        var trees = CarryTextsTests.trees("/etc/conf/fstab", "a", long, "b")
        let path = try #require(TreePath(parsing: "/etc/conf/fstab"))
        trees.settings.adjustments[path] = { $0 }
        let error = #expect(throws: TreeReadError.self) { try trees.survey() }
        #expect(error?.description == "'/etc/conf/fstab' is longer than \(LineMerge.limit) bytes")
    }

    private static func carry(_ trees: MemoryTrees) throws -> CarryReport {
        let survey = try trees.survey()
        try trees.apply(survey)
        #expect(try trees.survey().changes == [])
        return survey.report
    }
}
