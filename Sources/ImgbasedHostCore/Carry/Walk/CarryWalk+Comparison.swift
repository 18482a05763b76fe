import ImgbasedCore

extension CarryWalk {
    /// The trees that are only read.
    enum Tree {
        /// The old base.
        case base
        /// The administrator's layer.
        case ours
        /// The new base.
        case new
    }

    /// The node of one tree at a place.
    struct Node {
        var tree: Tree
        var directory: Directory
        var name: [UInt8]
        /// With the ids of the layer's accounts.
        var facts: NodeFacts

        init(_ tree: Tree, _ directory: Directory, _ name: [UInt8], _ facts: NodeFacts) {
            self.tree = tree
            self.directory = directory
            self.name = name
            self.facts = facts
        }
    }

    /// The node of `tree` at `name`, from `place`.
    func node(_ tree: Tree, _ name: [UInt8], _ place: Place, _ level: Level) -> Node? {
        let (directory, facts) =
            switch tree {
            case .base: (level.base, place.base)
            case .ours: (level.ours, place.ours)
            case .new: (level.new, place.new)
            }
        guard let directory, let facts else { return nil }
        return Node(tree, directory, name, facts)
    }

    /// The entries of the directory `node`, in the order of their names.
    func entries(of node: Node) throws(TreeReadError) -> [Node] {
        let directory = try node.directory.directory(node.name)
        var entries: [Node] = []
        for name in try names(in: [directory]) {
            guard let facts = try facts(name, in: directory, map(node.tree)) else { continue }
            entries.append(Node(node.tree, directory, name, facts))
        }
        return entries
    }

    private func map(_ tree: Tree) -> IdentityMap {
        switch tree {
        case .base: settings.baseIdentities
        case .ours: IdentityMap()
        case .new: settings.newIdentities
        }
    }

    /// Which of the three trees have the same content at `name`, whole directories included.
    func sameness(
        _ name: [UInt8], _ place: Place, _ level: Level
    ) throws(TreeReadError) -> CarryDecision.Sameness {
        let base = node(.base, name, place, level)
        let ours = node(.ours, name, place, level)
        let new = node(.new, name, place, level)
        let baseAndOurs = try isSame(base, ours)
        let baseAndNew = try isSame(base, new)
        // Two comparisons tell the third, unless both differ from the base.
        let oursAndNew = try baseAndOurs ? baseAndNew : baseAndNew ? false : isSame(ours, new)
        return CarryDecision.Sameness(
            baseAndOurs: baseAndOurs, baseAndNew: baseAndNew, oursAndNew: oursAndNew)
    }

    private func isSame(_ a: Node?, _ b: Node?) throws(TreeReadError) -> Bool {
        guard let a, let b else { return a == nil && b == nil }
        return try isSame(a, b, depth: 0)
    }

    /// Whether two nodes have the same content.
    ///
    /// Two directories do if their names, nodes and attributes are the same.
    func isSame(_ a: Node, _ b: Node, depth: Int = 0) throws(TreeReadError) -> Bool {
        guard a.facts.kind == b.facts.kind else { return false }
        // A file is the same as itself.
        if a.facts.isFile {
            if a.facts.identity == b.facts.identity { return true }
            return try a.directory.hasSameContent(a.name, as: b.name, in: b.directory)
        }
        guard a.facts.isDirectory else { return true }
        guard !a.facts.isMountPoint, !b.facts.isMountPoint else { return false }
        // A directory that is not read may differ.
        guard depth < TreeLimit.depth else { return false }
        let (one, other) = (try entries(of: a), try entries(of: b))
        guard one.count == other.count else { return false }
        for (x, y) in zip(one, other) {
            guard x.name == y.name, x.facts.attributes.isSame(as: y.facts.attributes),
                try isSame(x, y, depth: depth + 1)
            else { return false }
        }
        return true
    }
}
