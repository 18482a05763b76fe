import ImgbasedCore

/// The limits of a walk. No real tree comes near.
public enum TreeLimit {
    /// The depth of directories that are walked; deeper ones are skipped and noted.
    ///
    /// Each level has a directory open in four trees, and a program may usually have 1024 files open.
    public static let depth = 128
    /// The depth of directories that are removed. Each level has one open.
    public static let removalDepth = 512
    /// The number of nodes in everything carried.
    public static let nodes = 4_000_000
}
