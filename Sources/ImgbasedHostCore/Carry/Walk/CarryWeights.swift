import ImgbasedCore

/// What rules take into the merge, outside `/etc`, with the bytes that it has in the layer.
///
/// A rule such as that for `/srv` is for what administrators usually have there. Of more than the limit, the
/// largest entries are left out until the rest fits. An entry is what lies in the rule's path, or in a
/// directory in it: anything deeper is taken or left as a whole, since half a tree is of no use.
struct CarryWeights {
    /// The weights below one path.
    private struct Weight {
        var bytes: UInt64 = 0
        var files = 0
        var entries: [[UInt8]: Weight] = [:]

        mutating func add(_ names: ArraySlice<[UInt8]>, _ bytes: UInt64) {
            self.bytes = min(self.bytes + bytes, 1 << 60)
            files += 1
            guard let name = names.first else { return }
            entries[name, default: Weight()].add(names.dropFirst(), bytes)
        }
    }

    /// How many names below the path of a rule are weighed.
    private static let depth = 2

    private var roots: [TreePath: Weight] = [:]

    /// Adds the plain file `path` with these facts, which the rule for `root` takes in.
    mutating func add(_ path: TreePath, below root: TreePath, _ facts: NodeFacts) {
        guard case .file(let size) = facts.kind else { return }
        let names = path.components.dropFirst(root.components.count).prefix(CarryWeights.depth)
        roots[root, default: Weight()].add(names, min(facts.allocated, size))
    }

    /// The entries to leave out, so that the path of no rule has more than `limit` bytes.
    func excess(over limit: Bytes) -> [CarryItem] {
        var items: [CarryItem] = []
        for (root, weight) in roots { _ = CarryWeights.fit(weight, root, limit.count, limit, &items) }
        return items.sorted { $0.path < $1.path }
    }

    /// Adds to `items` what of `weight` does not fit into `room`, and returns the bytes of the rest.
    private static func fit(
        _ weight: Weight, _ path: TreePath, _ room: UInt64, _ limit: Bytes, _ items: inout [CarryItem]
    ) -> UInt64 {
        if weight.bytes <= room { return weight.bytes }
        var used: UInt64 = 0
        // The smallest come first: keys and settings are small.
        let entries = weight.entries.sorted { a, b in
            a.value.bytes == b.value.bytes
                ? a.key.lexicographicallyPrecedes(b.key) : a.value.bytes < b.value.bytes
        }
        for (name, entry) in entries {
            guard let place = path.appending(name) else { continue }
            used += fit(entry, place, room - used, limit, &items)
        }
        if entries.isEmpty {
            let files = weight.files == 1 ? "1 file" : "\(weight.files) files"
            let words = "\(files) of \(Bytes(weight.bytes).formatted), over the limit of \(limit.formatted); "
            items.append(CarryItem(path, .left, words + "it stays in the old layer"))
        }
        return used
    }
}

extension CarrySettings {
    /// The path of the rule, without its pattern, for which `path` is weighed; `nil` if it is not weighed.
    ///
    /// What the lists name is carried whatever its size.
    func weighedRoot(of path: TreePath) -> TreePath? {
        scope.mode(of: path) == nil ? policy.root(of: path) : nil
    }
}
