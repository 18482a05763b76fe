import ImgbasedCore

/// The files of a drop-in directory, such as `hooks.d`, `health.d` or `persist.d`.
public enum DropIns {
    private static let leftovers = ["~", ".bak", ".imgnew", ".orig", ".rej", ".rpmnew", ".rpmsave", ".swp"]

    /// The names that count, in the order in which the files are used. Names that editors and package managers leave, and those of
    /// `CarryNames.beside`, do not count.
    public static func names(_ files: [String]) -> [String] {
        files.filter { name in
            !name.hasPrefix(".") && ![".dpkg-", ".imgnew-"].contains(where: name.contains)
                && !leftovers.contains(where: name.hasSuffix)
        }.sorted(by: NaturalOrder.precedes)
    }
}
