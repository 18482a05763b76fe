import TestTrees
import Testing

@testable import ImgbasedCore
@testable import ImgbasedHostCore

/// Each case at one path, as a table: old base, layer and new base, and the result.
@Suite struct CarryDecisionTests {
    /// The thing at `/etc/x`.
    enum Thing: Hashable {
        case nothing
        case file(String, mode: UInt32 = 0o644, owner: UInt32 = 0, label: UInt8 = 0)
        case directory([String: String], mode: UInt32 = 0o755)
        case link(String)
        case device(UInt64)
        case pipe
        case socket
    }

    struct Case: CustomTestStringConvertible {
        var testDescription: String
        var base: Thing
        var ours: Thing
        var new: Thing
        var result: Thing
        /// The thing beside it.
        var beside: Thing = .nothing
        var outcome: CarryOutcome?
        var words = ""

        init(
            _ name: String, _ base: Thing, _ ours: Thing, _ new: Thing, _ result: Thing,
            beside: Thing = .nothing, _ outcome: CarryOutcome? = nil, _ words: String = ""
        ) {
            testDescription = name
            (self.base, self.ours, self.new, self.result) = (base, ours, new, result)
            (self.beside, self.outcome, self.words) = (beside, outcome, words)
        }
    }

    private static let lines = "1\n2\n3\n4\n5\n"
    private static let first = "one\n2\n3\n4\n5\n"
    private static let last = "1\n2\n3\n4\nfive\n"
    private static let both = "one\n2\n3\n4\nfive\n"

    private static let files = [
        Case("nothing anywhere", .nothing, .nothing, .nothing, .nothing),
        Case("unchanged", .file("a"), .file("a"), .file("a"), .file("a")),
        Case("changed by the new base", .file("a"), .file("a"), .file("b"), .file("b")),
        Case("removed by the new base", .file("a"), .file("a"), .nothing, .nothing),
        Case("added by the new base", .nothing, .nothing, .file("b"), .file("b")),
        Case("changed here", .file("a"), .file("b"), .file("a"), .file("b"), .carried, "a file, changed"),
        Case("added here", .nothing, .file("b"), .nothing, .file("b"), .carried, "a file, added"),
        Case("both changed it alike", .file("a"), .file("b"), .file("b"), .file("b")),
        Case("both added it alike", .nothing, .file("b"), .file("b"), .file("b")),
        Case("both removed it", .file("a"), .nothing, .nothing, .nothing),
        Case("lines of both", .file(lines), .file(first), .file(last), .file(both), .merged, "lines"),
        Case(
            "the same line", .file("a\n"), .file("b\n"), .file("c\n"), .file("b\n"), beside: .file("c\n"),
            .conflict, "changed here and in the new base"),
        Case(
            "both added it", .nothing, .file("b"), .file("c"), .file("b"), beside: .file("c"), .conflict,
            "added here and in the new base"),
        Case(
            "no text", .file("\0a\n1\n2\n3"), .file("\0b\n1\n2\n3"), .file("\0a\n1\n2\n4"),
            .file("\0b\n1\n2\n3"),
            beside: .file("\0a\n1\n2\n4"), .conflict),
        Case("deleted here", .file("a"), .nothing, .file("a"), .nothing, .deleted, "stays deleted"),
        Case(
            "deleted here, changed there", .file("a"), .nothing, .file("b"), .nothing, beside: .file("b"),
            .conflict, "deleted here and changed in the new base"),
        Case(
            "changed here, removed there", .file("a"), .file("b"), .nothing, .file("b"), .conflict,
            "not in the new base any more"),
    ]

    private static let attributes = [
        Case(
            "mode changed here", .file("a"), .file("a", mode: 0o600), .file("b"), .file("b", mode: 0o600),
            .carried, "mode 0600"),
        Case(
            "mode changed there", .file("a"), .file("b"), .file("a", mode: 0o600), .file("b", mode: 0o600),
            .carried),
        Case(
            "mode changed by both", .file("a"), .file("a", mode: 0o600), .file("a", mode: 0o640),
            .file("a", mode: 0o600), .conflict, "mode 0600, the new base has 0640"),
        Case(
            "owner here, mode there", .file("a"), .file("a", owner: 7), .file("a", mode: 0o4755),
            .file("a", mode: 0o4755, owner: 7), .carried, "owner 7"),
        Case(
            "owner changed by both", .file("a"), .file("a", owner: 7), .file("a", owner: 8),
            .file("a", owner: 7), .conflict, "owner 7, the new base has 8"),
        Case(
            "attribute here", .file("a"), .file("a", label: 1), .file("b"), .file("b", label: 1), .carried,
            "attribute user.label"),
        Case("attribute there", .file("a"), .file("a"), .file("a", label: 1), .file("a", label: 1)),
        Case(
            "attribute by both", .file("a"), .file("a", label: 1), .file("a", label: 2), .file("a", label: 1),
            .conflict, "attribute user.label"),
        Case(
            "attribute removed here", .file("a", label: 1), .file("a"), .file("b", label: 1), .file("b"),
            .carried,
            "attribute user.label"),
        Case(
            "mode here, content by both", .file(lines), .file(first, mode: 0o600), .file(last),
            .file(both, mode: 0o600), .merged),
        Case(
            "only the mode here, removed there", .file("a"), .file("a", mode: 0o600), .nothing,
            .file("a", mode: 0o600), .conflict),
        Case(
            "only the mode there, deleted here", .file("a"), .nothing, .file("a", mode: 0o600), .nothing,
            .deleted),
        Case(
            "a directory's mode here", .directory([:]), .directory([:], mode: 0o700), .directory([:]),
            .directory([:], mode: 0o700), .carried, "mode 0700"),
        Case(
            "a directory's mode by both", .directory([:]), .directory([:], mode: 0o700),
            .directory([:], mode: 0o750), .directory([:], mode: 0o700), .conflict),
    ]

    private static let kinds = [
        Case("a link here", .file("a"), .link("b"), .file("a"), .link("b"), .carried, "a link, changed"),
        Case("a link there", .file("a"), .file("a"), .link("b"), .link("b")),
        Case("a link led elsewhere here", .link("a"), .link("b"), .link("a"), .link("b"), .carried),
        Case(
            "a link led elsewhere by both", .link("a"), .link("b"), .link("c"), .link("b"),
            beside: .link("c"),
            .conflict),
        Case(
            "a link here, changed there", .file("a"), .link("b"), .file("c"), .link("b"), beside: .file("c"),
            .conflict, "a link here and a file in the new base"),
        Case(
            "changed here, a link there", .file("a"), .file("c"), .link("b"), .file("c"), beside: .link("b"),
            .conflict, "a file here and a link in the new base"),
        Case(
            "mode here, a link there", .file("a"), .file("a", mode: 0o600), .link("b"),
            .file("a", mode: 0o600),
            beside: .link("b"), .conflict),
        Case(
            "a directory here, a file there", .nothing, .directory(["k": "v"]), .file("b"),
            .directory(["k": "v"]), beside: .file("b"), .conflict, "a directory here and a file"),
        Case(
            "a file here, a directory there", .nothing, .file("b"), .directory(["k": "v"]), .file("b"),
            beside: .directory(["k": "v"]), .conflict, "a file here and a directory"),
        Case(
            "a directory made a file here", .directory(["k": "v"]), .file("b"), .directory(["k": "v"]),
            .file("b"), .carried),
        Case(
            "a directory made a file here, changed there", .directory(["k": "v"]), .file("b"),
            .directory(["k": "w"]), .file("b"), beside: .directory(["k": "w"]), .conflict),
        Case(
            "a directory made a file there", .directory(["k": "v"]), .directory(["k": "v"]), .file("b"),
            .file("b")),
        Case(
            "a directory made a file there, changed here", .directory(["k": "v"]), .directory(["k": "w"]),
            .file("b"), .directory(["k": "w"]), beside: .file("b"), .conflict),
        Case(
            "a file made a directory there", .file("a"), .file("a"), .directory(["k": "v"]),
            .directory(["k": "v"])),
        Case(
            "a file made a directory there, changed here", .file("a"), .file("b"), .directory(["k": "v"]),
            .file("b"), beside: .directory(["k": "v"]), .conflict),
        Case(
            "both made a directory of it", .file("a"), .directory(["k": "v"]), .directory(["l": "v"]),
            .directory(["k": "v", "l": "v"])),
        Case("a device here", .nothing, .device(5), .nothing, .device(5), .carried, "a device, added"),
        Case("another device here", .device(1), .device(5), .device(1), .device(5), .carried),
        Case(
            "a device here, a file there", .nothing, .device(5), .file("b"), .device(5), beside: .file("b"),
            .conflict),
        Case("a pipe here", .nothing, .pipe, .nothing, .pipe, .carried, "a pipe, added"),
        Case("a socket here", .file("a"), .socket, .file("a"), .socket, .carried),
        Case("a pipe here, a socket there", .nothing, .pipe, .socket, .pipe, beside: .socket, .conflict),
    ]

    private static let directories = [
        Case(
            "a directory added here", .nothing, .directory(["k": "v"]), .nothing, .directory(["k": "v"]),
            .carried,
            "with its content"),
        Case("an empty directory added here", .nothing, .directory([:]), .nothing, .directory([:]), .carried),
        Case("a directory gone there", .directory(["k": "v"]), .directory(["k": "v"]), .nothing, .nothing),
        Case(
            "a directory gone there, with a file added here", .directory(["k": "v"]),
            .directory(["k": "v", "l": "w"]), .nothing, .directory(["l": "w"]), .carried, "for its content"),
        Case(
            "a directory deleted here", .directory(["k": "v"]), .nothing, .directory(["k": "v"]), .nothing,
            .deleted),
        Case(
            "a directory deleted here, changed there", .directory(["k": "v"]), .nothing,
            .directory(["k": "w"]),
            .nothing, beside: .directory(["k": "w"]), .conflict),
        Case(
            "files added by both", .directory([:]), .directory(["k": "v"]), .directory(["l": "v"]),
            .directory(["k": "v", "l": "v"]), nil),
    ]

    @Test(arguments: files + attributes + kinds + directories)
    func decides(what: Case) throws {
        let trees = MemoryTrees(
            base: CarryDecisionTests.tree(what.base), ours: CarryDecisionTests.tree(what.ours),
            new: CarryDecisionTests.tree(what.new))
        let survey = try trees.survey()
        try trees.apply(survey)
        let expected = CarryDecisionTests.tree(what.result, beside: what.beside)
        // The base that the conflict began with has a test of its own.
        trees.target["/var/lib/imgbased"]?.entries[Array("conflict-bases".utf8)] = nil
        let (a, b) = (trees.target.listing, expected.listing)
        for path in Set(a.keys).union(b.keys)
        where a[path]?.kind != .directory || path.components.first != Array("var".utf8) {
            let isSame = a[path].flatMap { there in b[path].map { there.isSame($0) } } ?? false
            #expect(isSame, "'\(path)' is \(a[path]?.words ?? "nothing")")
        }
        let item = survey.report.items.first { $0.path == TreePath(parsing: "/etc/x") }
        #expect(item?.outcome == what.outcome)
        #expect(item?.detail.contains(what.words) ?? what.words.isEmpty, "\(item?.detail ?? "")")
        #expect(
            item?.beside
                == (what.beside == .nothing ? nil : TreePath(parsing: ConflictStore.directory + "/etc/x")))
    }

    private static func tree(_ thing: Thing, beside: Thing = .nothing) -> MemoryNode {
        let root = MemoryNode.directory()
        root.put("/etc/z", .file("z"))
        if let node = node(thing) { root.put("/etc/x", node) }
        if let node = node(beside) { root.put(ConflictStore.directory + "/etc/x", node) }
        return root
    }

    private static func node(_ thing: Thing) -> MemoryNode? {
        var attributes = NodeAttributes.test
        switch thing {
        case .nothing: return nil
        case .file(let text, let mode, let owner, let label):
            attributes.permissions = mode
            attributes.owner = owner
            if label > 0 { attributes.extended[Array("user.label".utf8)] = [label] }
            return .file(text, attributes)
        case .directory(let files, let mode):
            attributes.permissions = mode
            let node = MemoryNode.directory(attributes)
            for (name, text) in files { node.entries[Array(name.utf8)] = .file(text) }
            return node
        case .link(let target): return .link(target)
        case .device(let number): return MemoryNode(.characterDevice(number), attributes)
        case .pipe: return MemoryNode(.pipe, attributes)
        case .socket: return MemoryNode(.socket, attributes)
        }
    }
}
