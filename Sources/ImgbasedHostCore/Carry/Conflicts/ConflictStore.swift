import ImgbasedCore

/// The places of a layer where conflicts wait to be settled.
public enum ConflictStore {
    /// The new base's versions, each at its path in this directory.
    public static let directory = "/var/lib/imgbased/conflicts"
    /// The texts that both sides changed, each at its path in this directory.
    public static let baseDirectory = "/var/lib/imgbased/conflict-bases"

    /// The former, as a path of the tree.
    public static let versions = TreePath(parsing: directory) ?? .root
    /// The latter, as a path of the tree.
    public static let bases = TreePath(parsing: baseDirectory) ?? .root

    /// The place of the new base's version of `path`.
    public static func version(of path: TreePath) -> TreePath? {
        TreePath(parsing: versions.bytes + path.bytes)
    }

    /// The place of the text of `path` that both sides changed.
    public static func base(of path: TreePath) -> TreePath? { TreePath(parsing: bases.bytes + path.bytes) }
}
