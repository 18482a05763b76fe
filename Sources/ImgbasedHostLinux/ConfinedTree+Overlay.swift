import CLinux
import Glibc
import ImgbasedCore
public import ImgbasedHostCore
public import ImgbasedLinux

extension ConfinedTree {
    /// The directory at `path`, or behind links in this tree.
    public func directory(behind path: String) throws(SystemError) -> OpenDirectory {
        try OpenDirectory(open(path, O_RDONLY | O_DIRECTORY))
    }

    /// Puts `nodes`, which were found in `source`, into this tree. Directories that exist stay as they are,
    /// and a link to a directory leads on, within the tree. Another node in the place of a directory is an
    /// error.
    public func put(_ nodes: [Overlay.Node], from source: OpenDirectory) throws(SystemError) {
        for node in nodes {
            guard let parent = node.place.parent, let name = node.place.name else { continue }
            let place = try directory(behind: parent)
            let present = try place.look(at: name)
            switch node.kind {
            case .directory:
                if present != nil, try isDirectory(behind: node.place) { continue }
                try place.makeDirectory(name)
                try place.set(node.attributes, of: name, node.kind)
            case .file:
                try place.copy(name, in: source.open(path: parent), as: name, node.attributes)
            default:
                try place.make(node.kind, as: name, node.attributes)
            }
        }
    }

    /// Makes the directory at `path` if it is missing, and closes it to all but its owner.
    ///
    /// The corresponding C function is `fchmod`.
    public func makePrivateDirectory(_ path: String) throws(SystemError) {
        try makeDirectories(path)
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        guard fchmod(directory.number, 0o700) == 0 else { throw .last("set the mode of", directory.name) }
    }

    private func directory(behind place: TreePath) throws(SystemError) -> OpenDirectory {
        let number = imgbased_open_in_root(root.number, place.terminated, O_RDONLY | O_DIRECTORY, 0)
        guard number >= 0 else { throw .lookup("open", shown("\(place)")) }
        return try OpenDirectory(OpenFile(owning: number, name: shown("\(place)")))
    }

    private func isDirectory(behind place: TreePath) throws(SystemError) -> Bool {
        let flags = ConfinedTree.pathOnly | O_DIRECTORY
        let number = imgbased_open_in_root(root.number, place.terminated, flags, 0)
        if number >= 0 {
            close(number)
            return true
        }
        if errno == ENOENT || errno == ENOTDIR { return false }
        throw .lookup("look at", shown("\(place)"))
    }
}

extension NodeAttributes {
    /// The attributes of a new link of root's.
    public static let ofRoot = NodeAttributes(
        owner: 0, group: 0, permissions: 0o777, modified: FileTime(seconds: 0))
}

extension TreePath {
    /// The path as C wants it.
    fileprivate var terminated: [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }
}
