import ImgbasedCore

/// What of a tree is carried: `/etc`, and what the lists of Config name.
public struct CarryScope: Hashable, Sendable {
    /// How a place is carried.
    public enum Mode: Hashable, Sendable {
        /// Merged of the old base, the layer and the new base.
        case merge
        /// As in the layer; what only the new base has stays as well.
        case copy
    }

    /// The directory that is always merged.
    static let configuration = TreePath(parsing: "/etc") ?? .root

    /// Where a layer has what imgbased keeps about it, which is true of no other; and for which `/usr` a layer has updated its `/etc`
    /// and `/var` (systemd-update-done.service(8)): with the old stamps, a new base's updates would be skipped.
    private static let state = ["/var/lib/imgbased", "/etc/.updated", "/var/.updated"]
        .compactMap(TreePath.init(parsing:))

    private let files: PersistList
    private let merged: PersistList
    private let roots: [TreePath]
    /// The paths that the lists name, in order.
    let literals: [TreePath]

    /// The scope of what is copied, and of what is merged besides `/etc`.
    public init(files: PersistList = PersistList(), merged: PersistList = PersistList()) {
        self.files = files
        literals = Set(files.literals + merged.literals).sorted()
        var merged = merged
        // The identity of the machine is carried wherever it is; the policy has it (CarryPolicy.isIdentity).
        merged.add(Array("/var/lib/dbus/machine-id".utf8), file: "imgbased")
        self.merged = merged
        roots = [CarryScope.configuration] + files.roots + merged.roots
    }

    /// How `path` is carried; `nil` where it is not.
    func mode(of path: TreePath) -> Mode? {
        if CarryScope.isState(path) { return nil }
        if !files.patterns.isEmpty, files.matches(path) { return .copy }
        if CarryScope.configuration.covers(path) || merged.matches(path) || isBeside(path) { return .merge }
        return nil
    }

    /// Whether `path` is, or is in, what a change of base may have put beside something that is merged: it goes when that
    /// is no conflict any more.
    private func isBeside(_ path: TreePath) -> Bool {
        var place = path
        while let parent = place.parent {
            if let name = place.name.flatMap(CarryNames.original(of:)), let other = parent.appending(name),
                merged.matches(other)
            {
                return true
            }
            place = parent
        }
        return false
    }

    /// Whether `path` is left as each layer has it, whatever the lists name.
    static func isState(_ path: TreePath) -> Bool { state.contains { $0.covers(path) } }

    /// Whether something that is carried may be in `path`.
    func leads(through path: TreePath) -> Bool {
        roots.contains { path.covers($0) || $0.covers(path) }
    }

    /// Whether a list names something in `path`, by what of its line is no pattern.
    func names(_ path: TreePath) -> Bool {
        patterns.contains { path.covers($0.literalPrefix) }
    }

    /// Whether what a list names would be in `path`, if that were a directory (`PathPattern.goesThrough`).
    func goesThrough(_ path: TreePath) -> Bool {
        patterns.contains { $0.goesThrough(path) }
    }

    private var patterns: [PathPattern] { files.patterns + merged.patterns }
}
