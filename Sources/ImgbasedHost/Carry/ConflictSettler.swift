import ImgbasedCore
public import ImgbasedHostCore
import ImgbasedHostLinux
public import ImgbasedLinux

/// The conflicts of a layer that wait for the administrator (`ConflictStore`).
public enum ConflictSettler {
    /// The paths of all of them, in order, in the layer at `root`.
    public static func waiting(in root: String = "/") throws(SystemError) -> [TreePath] {
        var found: [TreePath] = []
        let tree = try ConfinedTree(root)
        let store: OpenDirectory
        do throws(SystemError) { store = try tree.directory(ConflictStore.directory) } catch {
            if error.isMissing { return [] }
            throw error
        }
        try collect(store, .root, depth: 0, &found)
        return found.sorted()
    }

    private static func collect(
        _ directory: OpenDirectory, _ path: TreePath, depth: Int, _ found: inout [TreePath]
    ) throws(SystemError) {
        guard depth < TreeLimit.depth else { return }
        for name in try directory.listing(limit: TreeLimit.nodes) {
            guard let place = path.appending(name), let facts = try directory.look(at: name) else { continue }
            if facts.isDirectory, !facts.isMountPoint {
                try collect(directory.open(directory: name), place, depth: depth + 1, &found)
            } else if name != OpenDirectory.temporaryName {
                found.append(place)
            }
        }
    }

    /// Ends the conflict at `path` of the layer at `root`: another run finishes an interrupted one.
    static func settle(_ path: TreePath, takesNew: Bool, in root: String = "/") throws(SystemError) {
        let tree = try ConfinedTree(root)
        let top = try tree.directory()
        guard let version = ConflictStore.version(of: path), let base = ConflictStore.base(of: path) else {
            return
        }
        if takesNew {
            try put(version, at: path, in: top)
            // A power cut must not leave neither version.
            try tree.flush()
        }
        // The base goes first: without a version, it is of no use.
        for (place, store) in [(base, ConflictStore.bases), (version, ConflictStore.versions)] {
            try remove(place, below: store, in: top)
        }
        try tree.flush()
    }

    /// Gives `path` the node at `version`, with its attributes.
    private static func put(_ version: TreePath, at path: TreePath, in top: OpenDirectory) throws(SystemError)
    {
        guard let name = path.name, let parent = path.parent, let store = version.parent else { return }
        let source = try top.open(path: store)
        guard let facts = try source.look(at: name) else { return }
        let target = try directory(parent, in: top)
        switch facts.kind {
        case .file: try target.copy(name, in: source, as: name, facts.attributes, isFlushed: true)
        default: try target.make(facts.kind, as: name, facts.attributes)
        }
    }

    /// The directory at `path`; those that are missing are made.
    private static func directory(_ path: TreePath, in top: OpenDirectory) throws(SystemError)
        -> OpenDirectory
    {
        var directory = top
        for name in path.components {
            if try directory.look(at: name) == nil {
                try directory.makeDirectory(name)
                try directory.set(
                    NodeAttributes(owner: 0, group: 0, permissions: 0o755, modified: FileTime(seconds: 0)),
                    of: name,
                    .directory)
            }
            directory = try directory.open(directory: name)
        }
        return directory
    }

    /// Removes `path`, and the directories above it that are empty then, up to `store` itself.
    private static func remove(
        _ path: TreePath, below store: TreePath, in top: OpenDirectory
    ) throws(SystemError) {
        var place = path
        while store.covers(place), let name = place.name, let parent = place.parent {
            let directory: OpenDirectory
            do throws(SystemError) { directory = try top.open(path: parent) } catch {
                if error.isMissing { return }
                throw error
            }
            if place != path, try !directory.open(directory: name).listing(limit: 1 << 20).isEmpty { return }
            try directory.remove(name)
            place = parent
        }
    }
}
