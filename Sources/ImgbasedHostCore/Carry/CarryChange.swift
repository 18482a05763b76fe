import ImgbasedCore

/// One change of the new layer.
public enum CarryChange: Hashable, Sendable {
    /// What is there, and all in it, goes.
    case remove(TreePath)
    /// A directory is made; what it has of attributes comes last, when it is full.
    case makeDirectory(TreePath)
    /// A plain file gets the content that a file of another tree has.
    case copy(TreePath, from: CarrySource, path: TreePath, NodeAttributes)
    /// A plain file gets this content.
    case write(TreePath, [UInt8], NodeAttributes)
    /// A link, device, pipe or socket is made.
    case make(TreePath, NodeFacts.Kind, NodeAttributes)
    /// Another name of a file that is there.
    case link(TreePath, to: TreePath)
    /// What is there, and of this kind, gets these attributes.
    case set(TreePath, NodeFacts.Kind, NodeAttributes)

    /// What is changed.
    public var path: TreePath {
        switch self {
        case .remove(let path), .makeDirectory(let path), .copy(let path, _, _, _), .write(let path, _, _),
            .make(let path, _, _), .link(let path, _), .set(let path, _, _):
            path
        }
    }
}

/// The trees that content comes from.
public enum CarrySource: Hashable, Sendable {
    /// The administrator's layer.
    case from
    /// The new base.
    case toBase
}
