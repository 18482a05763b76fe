import ImgbasedCore

/// One change in the new layer.
public enum CarryChange: Hashable, Sendable {
    /// Removes a node and everything in it.
    case remove(TreePath)
    /// Makes a directory; its attributes come last, when it is full.
    case makeDirectory(TreePath)
    /// Gives a plain file the content of a file in another tree.
    case copy(TreePath, from: CarrySource, path: TreePath, NodeAttributes)
    /// Gives a plain file this content.
    case write(TreePath, [UInt8], NodeAttributes)
    /// Makes a link, device, pipe or socket.
    case make(TreePath, NodeFacts.Kind, NodeAttributes)
    /// Gives an existing file another name.
    case link(TreePath, to: TreePath)
    /// Gives an existing node of this kind these attributes.
    case set(TreePath, NodeFacts.Kind, NodeAttributes)

    /// Whether only the attributes of a directory change, as they do with its entries.
    public var isOnlyOfDirectory: Bool {
        if case .set(_, .directory, _) = self { true } else { false }
    }

    /// The path that is changed.
    public var path: TreePath {
        switch self {
        case .remove(let path), .makeDirectory(let path), .copy(let path, _, _, _), .write(let path, _, _),
            .make(let path, _, _), .link(let path, _), .set(let path, _, _):
            path
        }
    }
}

/// The trees that provide content.
public enum CarrySource: Hashable, Sendable {
    /// The administrator's layer.
    case from
    /// The new base.
    case toBase
}
