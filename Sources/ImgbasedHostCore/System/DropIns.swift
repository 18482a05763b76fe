import ImgbasedCore

/// The files of a drop-in directory, such as `hooks.d`, `health.d` or `persist.d`.
public enum DropIns {
    private static let leftovers = ["~", ".bak", ".imgnew", ".orig", ".rej", ".rpmnew", ".rpmsave", ".swp"]

    /// The names of `files` that are used, in order of use. Leftovers of editors and package managers, and
    /// the names that a carry once gave, are ignored.
    public static func names(_ files: [String]) -> [String] {
        files.filter { name in
            !name.hasPrefix(".") && ![".dpkg-", ".imgnew-"].contains(where: name.contains)
                && !leftovers.contains(where: name.hasSuffix)
        }.sorted(by: NaturalOrder.precedes)
    }
}
