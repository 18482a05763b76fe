import ImgbasedCore

/// The part of a tree that is carried: `/etc`, and the paths that the lists of Config name.
public struct CarryScope: Hashable, Sendable {
    /// The way a place is carried.
    public enum Mode: Hashable, Sendable {
        /// Merged from the old base, the layer and the new base.
        case merge
        /// As in the layer; additions of the new base stay as well.
        case copy
    }

    /// The directory that is always merged.
    static let configuration = TreePath(parsing: "/etc") ?? .root

    /// The places that are true of one layer alone.
    ///
    /// They are imgbased's own state, and the stamps of systemd-update-done.service(8): with the old stamps,
    /// the updates of a new base in `/etc` and `/var` would be skipped.
    private static let state = ["/var/lib/imgbased", "/etc/.updated", "/var/.updated"]
        .compactMap(TreePath.init(parsing:))

    private let files: PersistList
    private let merged: PersistList
    private let roots: [TreePath]
    /// The paths on the lists that are no patterns, in order.
    let literals: [TreePath]

    /// The scope of the paths that are copied, and of those merged besides `/etc`.
    public init(files: PersistList = PersistList(), merged: PersistList = PersistList()) {
        self.files = files
        literals = Set(files.literals + merged.literals).sorted()
        var merged = merged
        // The identity of the machine is carried wherever it is, by the policy (CarryPolicy.isIdentity).
        merged.add(Array("/var/lib/dbus/machine-id".utf8), file: "imgbased")
        self.merged = merged
        roots = [CarryScope.configuration] + files.roots + merged.roots
    }

    /// How `path` is carried; `nil` if it is not.
    func mode(of path: TreePath) -> Mode? {
        if CarryScope.isState(path) { return nil }
        if !files.patterns.isEmpty, files.matches(path) { return .copy }
        if CarryScope.configuration.covers(path) || merged.matches(path) { return .merge }
        return nil
    }

    /// Whether `path` stays as each layer has it, whatever the lists name.
    static func isState(_ path: TreePath) -> Bool { state.contains { $0.covers(path) } }

    /// Whether something carried may be in `path`.
    func leads(through path: TreePath) -> Bool {
        roots.contains { path.covers($0) || $0.covers(path) }
    }

    /// Whether a list names something in `path` by the part of a line before any pattern.
    func names(_ path: TreePath) -> Bool {
        patterns.contains { path.covers($0.literalPrefix) }
    }

    /// Whether a path on a list would be in `path`, if that were a directory (`PathPattern.goesThrough`).
    func goesThrough(_ path: TreePath) -> Bool {
        patterns.contains { $0.goesThrough(path) }
    }

    private var patterns: [PathPattern] { files.patterns + merged.patterns }
}
