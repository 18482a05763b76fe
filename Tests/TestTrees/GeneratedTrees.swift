import ImgbasedCore
package import ImgbasedHostCore

/// Random numbers that repeat for the same seed: splitmix64.
package struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    package init(_ seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Small trees with all kinds of nodes.
///
/// Names and contents are few, so that clashes are frequent.
package struct GeneratedTrees {
    private var numbers: SeededNumbers
    private let names: [[UInt8]]

    package static let names: [[UInt8]] =
        ["a", "b", "c", "a.b", "b.c", "-rf", "a\nb", " "].map { Array($0.utf8) }
        + [[0xFF, 0xFE], [UInt8](repeating: 0x78, count: 255), [UInt8](repeating: 0x79, count: 249)]

    /// Fewer names, so that rules apply often, with some of the machine's identity.
    package static let ruledNames: [[UInt8]] =
        ["a", "b", "c", "a.b", "ssh", "ssh_host_a", "machine-id"].map { Array($0.utf8) }

    package init(seed: UInt64, names: [[UInt8]] = GeneratedTrees.names) {
        numbers = SeededNumbers(seed)
        self.names = names
    }

    /// Random rules and lists for some paths and those below; outside of `/etc` for merging.
    package mutating func settings() throws -> CarrySettings {
        var lines: [String] = []
        for _ in 0..<Int.random(in: 0...4, using: &numbers) {
            let rule = CarryRule.allCases[Int.random(in: 0..<CarryRule.allCases.count, using: &numbers)]
            let place = Int.random(in: 0..<3, using: &numbers) == 0 ? "/opt" : "/etc"
            lines.append("\(rule.rawValue) \(pattern(in: place))")
        }
        var list = PersistList()
        if Int.random(in: 0..<4, using: &numbers) == 0 { list.add(Array(pattern().utf8), file: "files") }
        var merged = PersistList()
        for _ in 0..<Int.random(in: 0...2, using: &numbers) {
            merged.add(Array(pattern(in: "/opt").utf8), file: "merged")
        }
        let policy = try CarryPolicy(["rules": Array(lines.joined(separator: "\n").utf8)])
        return CarrySettings(scope: CarryScope(files: list, merged: merged), policy: policy)
    }

    private mutating func pattern(in directory: String = "/etc") -> String {
        let names = ["a", "b", "c", "ssh", "*", "[ab]", "**", "*.b"]
        return directory
            + (0..<Int.random(in: 1...3, using: &numbers)).map { _ in
                "/" + names[Int.random(in: 0..<names.count, using: &numbers)]
            }.joined()
    }

    /// The old base, the layer and the new base.
    package mutating func three() -> (base: MemoryNode, ours: MemoryNode, new: MemoryNode) {
        let base = root()
        return (base, changed(base), changed(base))
    }

    /// The same with files outside of `/etc`, which are carried if a list names them.
    package mutating func threeWithMore() -> (base: MemoryNode, ours: MemoryNode, new: MemoryNode) {
        let (base, ours, new) = three()
        let more = directory(depth: 1)
        for (index, root) in [base, ours, new].enumerated() {
            let copy = more.copy()
            if index > 0 {
                for _ in 0..<Int.random(in: 0...4, using: &numbers) { change(in: copy) }
            }
            root.entries[Array("opt".utf8)] = copy
        }
        return (base, ours, new)
    }

    package mutating func root() -> MemoryNode {
        let root = MemoryNode.directory()
        let etc = directory(depth: 0)
        root.entries[Array("etc".utf8)] = etc
        link(in: etc)
        return root
    }

    /// A copy with a few changes in `/etc`.
    package mutating func changed(_ tree: MemoryNode) -> MemoryNode {
        let copy = tree.copy()
        guard let etc = copy["/etc"] else { return copy }
        for _ in 0..<Int.random(in: 0...4, using: &numbers) { change(in: etc) }
        return copy
    }

    private mutating func directory(depth: Int) -> MemoryNode {
        let node = MemoryNode.directory(attributes())
        for _ in 0..<Int.random(in: 0...4, using: &numbers) {
            node.entries[name()] = self.node(depth: depth + 1)
        }
        return node
    }

    private mutating func node(depth: Int) -> MemoryNode {
        switch Int.random(in: 0..<12, using: &numbers) {
        case 0:
            let link = MemoryNode.link(Bool.random(using: &numbers) ? "a" : "/outside/../..", attributes())
            link.attributes.permissions = 0o777
            return link
        case 1:
            let kinds: [NodeFacts.Kind] = [.pipe, .socket, .characterDevice(7), .blockDevice(7)]
            return MemoryNode(kinds[Int.random(in: 0..<4, using: &numbers)], attributes())
        case 2...5 where depth < 3: return directory(depth: depth)
        default: return .file(content(), attributes())
        }
    }

    private mutating func name() -> [UInt8] {
        names[Int.random(in: 0..<names.count, using: &numbers)]
    }

    private mutating func content() -> [UInt8] {
        var lines = ["one", "two", "three", "four", "five"]
        for _ in 0..<Int.random(in: 0...2, using: &numbers) {
            let index = Int.random(in: 0..<lines.count, using: &numbers)
            lines[index] = ["1", "2", "\u{0}"][Int.random(in: 0..<3, using: &numbers)]
        }
        return Array(lines.joined(separator: "\n").utf8)
    }

    private mutating func attributes() -> NodeAttributes {
        var result = NodeAttributes.test
        if Int.random(in: 0..<4, using: &numbers) == 0 {
            result.permissions = Bool.random(using: &numbers) ? 0o600 : 0o4755
        }
        if Int.random(in: 0..<6, using: &numbers) == 0 {
            result.owner = UInt32.random(in: 1...2, using: &numbers)
        }
        if Int.random(in: 0..<6, using: &numbers) == 0 { result.group = 1 }
        if Int.random(in: 0..<6, using: &numbers) == 0 {
            result.extended[Array("trusted.a".utf8)] = [UInt8.random(in: 0...1, using: &numbers)]
        }
        result.modified = FileTime(seconds: Int64.random(in: 0...3, using: &numbers), nanoseconds: 5)
        return result
    }

    /// Gives a file in the directory, or in one below, a second name.
    private mutating func link(in directory: MemoryNode) {
        guard Int.random(in: 0..<3, using: &numbers) == 0,
            let file = files(in: directory).randomElement(using: &numbers)
        else { return }
        directory.entries[name()] = file
    }

    private func files(in directory: MemoryNode) -> [MemoryNode] {
        directory.entries.sorted { $0.key.lexicographicallyPrecedes($1.key) }.flatMap { _, node in
            switch node.kind {
            case .file: [node]
            case .directory: files(in: node)
            default: [MemoryNode]()
            }
        }
    }

    private mutating func change(in directory: MemoryNode) {
        let names = directory.entries.keys.sorted { $0.lexicographicallyPrecedes($1) }
        guard let name = names.randomElement(using: &numbers), let node = directory.entries[name] else {
            directory.entries[self.name()] = self.node(depth: 2)
            return
        }
        switch Int.random(in: 0..<10, using: &numbers) {
        case 0: directory.entries[name] = nil
        case 1, 2: directory.entries[self.name()] = self.node(depth: 2)
        case 3: directory.entries[name] = self.node(depth: 2)
        case 4: setAttributes(of: node)
        case 5: link(in: directory)
        default:
            switch node.kind {
            case .directory: change(in: node)
            case .file:
                // In place: all names of the file show the new content.
                node.content = content()
                node.kind = .file(size: UInt64(node.content.count))
                node.attributes.modified.seconds += 10
            default: setAttributes(of: node)
            }
        }
    }

    private mutating func setAttributes(of node: MemoryNode) {
        node.attributes = attributes()
        if case .link = node.kind { node.attributes.permissions = 0o777 }
    }
}
