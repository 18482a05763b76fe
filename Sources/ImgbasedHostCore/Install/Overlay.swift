import ImgbasedCore

/// The files of a directory that are put over a layer.
public struct Overlay: Hashable, Sendable {
    /// A directory, file or link in it.
    public struct Node: Hashable, Sendable {
        /// The place in the directory, and in the layer.
        public var place: TreePath
        /// The kind of the node.
        public var kind: NodeFacts.Kind
        /// The attributes that the layer gets. Everything belongs to root.
        public var attributes: NodeAttributes
    }

    /// The path of the directory.
    public var path: String
    /// All nodes; a directory comes before its contents.
    public private(set) var nodes: [Node] = []

    /// The greatest number of nodes.
    static let limit = 100_000
    /// Where the layer has something else mounted when it runs: files there would not be seen.
    private static let hidden = ["boot", "config", "dev", "proc", "run", "sys", "tmp"]

    /// Reads the tree of `directory`, whose path is `path`. Throws if something in it cannot be put over a
    /// layer.
    public init(path: String, reading directory: some TreeDirectory) throws(InstallReason) {
        self.path = path
        try read(directory, at: .root)
    }

    private mutating func read(_ directory: some TreeDirectory, at place: TreePath) throws(InstallReason) {
        guard place.components.count < TreeLimit.depth else {
            throw refusal(place, "is deeper than \(TreeLimit.depth) directories")
        }
        let names = try reading(place) { () throws(TreeReadError) in
            try directory.names(limit: Overlay.limit)
        }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            guard let inner = place.appending(name) else { continue }
            let facts = try reading(inner) { () throws(TreeReadError) in try directory.facts(of: name) }
            // It may be gone meanwhile.
            guard let facts else { continue }
            try add(facts, at: inner)
            guard facts.isDirectory else { continue }
            try read(
                try reading(inner) { () throws(TreeReadError) in try directory.directory(name) }, at: inner)
        }
    }

    private mutating func add(_ facts: NodeFacts, at place: TreePath) throws(InstallReason) {
        guard nodes.count < Overlay.limit else {
            throw refusal(place, "is beyond the limit of \(Overlay.limit) files")
        }
        if facts.isMountPoint { throw refusal(place, "has something mounted on it") }
        guard facts.isDirectory || facts.isFile || facts.isLink else {
            throw refusal(place, "is \(facts.kind.words)")
        }
        if let first = place.components.first, Overlay.hidden.contains(String(decoding: first, as: UTF8.self))
        {
            throw refusal(place, "would be hidden in the running system")
        }
        if place.bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            throw refusal(place, "has a control character in its name")
        }
        if facts.isFile, facts.attributes.permissions & 0o6000 != 0 {
            throw refusal(place, "is set-id; set that in the image")
        }
        var attributes = facts.attributes
        (attributes.owner, attributes.group, attributes.extended) = (0, 0, [:])
        attributes.permissions &= 0o1777
        nodes.append(Node(place: place, kind: facts.kind, attributes: attributes))
    }

    private func refusal(_ place: TreePath, _ problem: String) -> InstallReason {
        .badOverlay(path, place: "\(place)", problem: problem)
    }

    private func reading<Result>(
        _ place: TreePath, _ body: () throws(TreeReadError) -> Result
    ) throws(InstallReason) -> Result {
        do throws(TreeReadError) {
            return try body()
        } catch {
            throw refusal(place, "cannot be read: \(error)")
        }
    }

    /// The files and links outside `/etc`: no update carries them by itself.
    var carriedPaths: [TreePath] {
        let configuration = TreePath(parsing: "/etc")
        return nodes.filter { $0.kind != .directory && configuration?.covers($0.place) != true }.map(\.place)
    }
}
