import ImgbasedCore

/// Carried links that would lead nowhere.
extension CarryWalk {
    /// The most links on the way to a place (linux: fs/namei.c, MAXSYMLINKS).
    private static var linkLimit: Int { 40 }

    /// Notes a carried link if its target exists in the old layer and neither in the new base nor among what is
    /// carried.
    ///
    /// An example is `/etc/localtime`, if the zone's file is now in another package: the clock would show UTC.
    mutating func noteStray(_ path: TreePath, _ facts: NodeFacts) throws(TreeReadError) {
        // Units have rules of their own.
        guard case .link(let target) = facts.kind, UnitLink(path, target: target) == nil,
            let parent = path.parent,
            let place = try destination(of: target, from: parent, in: root.ours),
            settings.mode(of: place) == nil,
            !CarryScope.isState(place), try destination(of: target, from: parent, in: root.new) == nil
        else { return }
        let words = "it leads to '\(place)', which the new base does not have"
        note(path, .conflict, words)
    }

    /// The place that `target` means in the tree with this root; `nil` if nothing is there.
    ///
    /// What is mounted on the way is not entered, and counts as nothing.
    private func destination(
        of target: [UInt8], from directory: TreePath, in root: Directory?
    ) throws(TreeReadError) -> TreePath? {
        guard let root else { return nil }
        var rest = CarryWalk.names(target)
        var way = target.first == TreePath.slash ? [] : try ways(to: directory, from: root)
        if way == nil { return nil }
        var place: [[UInt8]] = target.first == TreePath.slash ? [] : directory.components
        var links = 0
        while let name = rest.first {
            rest.removeFirst()
            if name == Array("..".utf8) {
                _ = place.popLast()
                _ = way?.popLast()
                continue
            }
            let current = way?.last ?? root
            guard let facts = try name.count <= 255 ? current.facts(of: name) : nil, !facts.isMountPoint
            else {
                return nil
            }
            switch facts.kind {
            case .link(let next):
                links += 1
                guard links <= CarryWalk.linkLimit else { return nil }
                rest = CarryWalk.names(next) + rest
                if next.first == TreePath.slash { (way, place) = ([], []) }
            case .directory:
                place.append(name)
                way?.append(try current.directory(name))
            default:
                place.append(name)
                guard rest.isEmpty else { return nil }
            }
        }
        return place.reduce(TreePath.root as TreePath?) { $0?.appending($1) }
    }

    /// The directories on the way to `path`, from below the root; `nil` if it is not reached by directories.
    private func ways(to path: TreePath, from root: Directory) throws(TreeReadError) -> [Directory]? {
        var way: [Directory] = []
        for name in path.components {
            let current = way.last ?? root
            guard let facts = try current.facts(of: name), facts.isDirectory, !facts.isMountPoint else {
                return nil
            }
            way.append(try current.directory(name))
        }
        return way
    }

    /// The names in `target`, without empty ones and dots.
    private static func names(_ target: [UInt8]) -> [[UInt8]] {
        target.split(separator: TreePath.slash).map(Array.init).filter { $0 != Array(".".utf8) }
    }
}
