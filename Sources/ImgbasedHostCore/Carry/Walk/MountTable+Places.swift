public import ImgbasedCore

extension MountTable {
    /// The places where something is mounted, in the order of paths.
    public var places: [TreePath] {
        Set(entries.compactMap { TreePath(parsing: $0.place) }).sorted()
    }
}
