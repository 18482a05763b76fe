import ImgbasedCore

/// How much of a tree is gone through. Nothing that is meant comes near.
public enum TreeLimit {
    /// So many directories within each other; what is deeper is passed over and told. Each level has a directory open in four
    /// trees, and a program usually may have 1024 files open.
    public static let depth = 128
    /// So many directories are removed within each other, of which each level has one open.
    public static let removalDepth = 512
    /// So many nodes in all of what is carried.
    public static let nodes = 4_000_000
    /// So many names are tried for what is put beside something.
    static let sideNames = 1000
}
