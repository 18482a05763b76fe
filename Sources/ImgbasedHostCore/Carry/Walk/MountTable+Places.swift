public import ImgbasedCore

extension MountTable {
    /// The mount points, in the order of their paths.
    public var places: [TreePath] {
        Set(entries.compactMap { TreePath(parsing: $0.place) }).sorted()
    }
}
